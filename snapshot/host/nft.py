"""Native nftables rules (not iptables-nft's), as `nft -j list ruleset` prints them: expressions stay the JSON that they are.

What they *mean* is bound in `visualize.netfilter.native`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class NftRule:
    """One rule. `number` counts from 1 in its chain; `text` and `line` are those of the plain listing where it was captured too."""

    chain: str
    number: int
    handle: int
    expressions: tuple[Any, ...]
    text: str
    file: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class NftChain:
    """A chain; `hook` None for one that is only jumped to."""

    name: str
    rules: tuple[NftRule, ...] = ()
    type: str = ""  # filter | nat | route
    hook: str | None = None
    priority: int = 0
    policy: str | None = None  # accept | drop


@dataclass(frozen=True, slots=True)
class NftSet:
    """A named set or map: elements as JSON (of a map: pairs). `dynamic`: packets add to it, so its content moves on."""

    name: str
    elements: tuple[Any, ...] = ()
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class NftTable:
    """One table with its chains in the order listed (that of their making)."""

    family: str
    name: str
    chains: Mapping[str, NftChain] = field(default_factory=dict)
    sets: Mapping[str, NftSet] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)  # `ct helper` objects: name -> helper
