"""iptables rules as the host printed them: grouped, lossless, not yet understood.

A `Rule` here is text with structure (`-m multiport ! --dports 80,443` is a `Clause` with one negated `Option`).
What it *means* is bound in `visualize.netfilter`, where an extension may be unknown without hurting its neighbours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Backend(Enum):
    """Which kernel machinery holds the rules; both may be loaded at once, and then both run."""

    LEGACY = "legacy"
    NFT = "nft"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its values: `! --dport 80` is Option("--dport", ("80",), negated=True).

    `name` keeps the spelling of the text, including the dashes. A negation printed behind the option (`--dport ! 80`, old
    style) sets `negated` too.
    """

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A match (`-m NAME` with its options) or a target (`-j NAME` with its options).

    The options that iptables itself knows (-s -d -i -o -p -f) stand in one Clause named "" (the empty name) first
    in `Rule.matches`. `-p tcp --dport 80` without `-m tcp` (iptables-nft omits it where it can) has Clause "tcp" added for its options.
    """

    name: str
    options: tuple[Option, ...] = ()

    def option(self, *names: str) -> Option | None:
        """The first option that bears one of these names."""
        return next((option for option in self.options if option.name in names), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `-A` line. `number` counts from 1 in its chain, as `iptables -L --line-numbers` does.

    `target` is None for a rule that only counts. `goto` marks `-g CHAIN`. `text` is the line without its counters.
    """

    chain: str
    number: int
    matches: tuple[Clause, ...]
    target: Clause | None
    goto: bool
    text: str
    file: str
    line: int
    packets: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain with its rules. `policy` is None for a user-defined chain (printed as `-`)."""

    name: str
    policy: str | None
    rules: tuple[Rule, ...] = ()
    packets: int | None = None
    bytes: int | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One table of one family from one back-end, e.g. `nat` of `ip` from iptables-nft.

    `family` is "ip" or "ip6". `absent_base_chains` names base chains that iptables-nft-save prints although the kernel
    does not have them (no hook runs there); known only where `nft list ruleset` was captured too.
    """

    name: str
    family: str
    backend: Backend
    chains: Mapping[str, Chain] = field(default_factory=dict)
    file: str = ""
    absent_base_chains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NftBaseChain:
    """A native nftables base chain (not one of iptables-nft's): seen, not modelled, and said so."""

    family: str
    table: str
    name: str
    type: str
    hook: str
    priority: int
    policy: str | None
    rules: int  # how many rules it holds
    file: str
    line: int = 0
