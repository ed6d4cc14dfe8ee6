"""iptables rules as the host printed them: grouped, lossless, not yet understood.

A `Rule` here is text with structure (`-m multiport ! --dports 80,443` is a `Clause` with one negated `Option`).
What it *means* is bound in `visualize.netfilter`, where an extension may be unknown without hurting its neighbours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


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
class Parts:
    """What a rule's text is made of: matches, target (None for a rule that only counts), and whether it is a `-g`."""

    matches: tuple[Clause, ...]
    target: Clause | None = None
    goto: bool = False


class Rule:
    """One `-A` line. `number` counts from 1 in its chain, as `iptables -L --line-numbers` does.

    `text` is the line without its counters, `jump` its target's name ("" for none). Nothing of it is ever written again. A ruleset of
    Kubernetes' size has 100,000 of them, of which a packet meets ten: the parts are read when they are first asked for.
    """

    __slots__ = ("_parts", "bytes", "chain", "file", "jump", "line", "number", "packets", "text")

    def __init__(self, chain: str, number: int, parts: Parts | Callable[[str], Parts], jump: str, text: str, file: str, line: int,
                 packets: int | None = None, bytes: int | None = None) -> None:
        """`parts`, or how to read them from the text (which must be known to be readable)."""
        self.chain, self.number, self._parts, self.jump = chain, number, parts, jump
        self.text, self.file, self.line = text, file, line
        self.packets, self.bytes = packets, bytes

    @property
    def parts(self) -> Parts:
        """Matches and target."""
        if not isinstance(self._parts, Parts):
            self._parts = self._parts(self.text)
        return self._parts

    @property
    def matches(self) -> tuple[Clause, ...]:
        """iptables' own options first (a Clause named ""), then each `-m`, in the order of the text."""
        return self.parts.matches

    @property
    def target(self) -> Clause | None:
        """`-j NAME` or `-g CHAIN` with its options; None for a rule that only counts."""
        return self.parts.target

    @property
    def goto(self) -> bool:
        """Whether it is `-g CHAIN`."""
        return self.parts.goto

    def __eq__(self, other: object) -> bool:
        """By value."""
        return isinstance(other, Rule) and self._value() == other._value()

    def __hash__(self) -> int:
        """By place and text."""
        return hash((self.file, self.line, self.text))

    def __repr__(self) -> str:
        """Its place and text."""
        return f"Rule({self.chain} {self.number}, {self.file}:{self.line}, {self.text!r})"

    def _value(self) -> tuple[object, ...]:
        return (self.chain, self.number, self.parts, self.text, self.file, self.line, self.packets, self.bytes)


class Chain(NamedTuple):
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
    devices: tuple[str, ...] = ()  # of an ingress or egress chain; empty: not told
    replayed: bool = False  # its table is among `Namespace.nft`
