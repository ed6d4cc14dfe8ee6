"""iptables rules as the host printed them: grouped, lossless, not yet understood.

A `Rule` here is text with structure (`-m multiport ! --dports 80,443` is a `Clause` with one negated `Option`).
What it *means* is bound in `visualize.netfilter`, where an extension may be unknown without hurting its neighbours.
"""

import re
from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias, overload

Line: TypeAlias = tuple[str, str, str]  # a rule's text (counters may stand before it), its chain, its target's name ("": none)
Declared: TypeAlias = tuple[str | None, str | None, str | None, int]  # of a chain, as printed: policy ("-": none), packets, bytes; line


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

    def numbered(self, number: int) -> "Rule":
        """The rule at another place of its chain."""
        return Rule(self.chain, number, self._parts, self.jump, self.text, self.file, self.line, self.packets, self.bytes)

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


class Rows:
    """A file of which rules are made as they are asked for: `lines[n]` is its line n + 1, with an empty chain where that is no rule.

    `make` makes the rule of a row (counted from 0) that has this number in its chain; `made` holds those that were made at once.
    """

    __slots__ = ("file", "lines", "made", "make", "saved", "text")

    def __init__(self, text: str, file: str, make: Callable[["Rows", int, int], Rule], saved: bool = True) -> None:
        """`saved`: rules are spelled as iptables-save spells them."""
        self.text, self.file, self.make, self.saved = text, file, make, saved
        self.lines: list[Line] = []
        self.made: dict[int, Rule] = {}

    def search(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """The rows in which a pattern (that spans no line) is found, each once, in the order of the file."""
        row, at, last = 0, 0, -1
        for match in pattern.finditer(self.text):
            row, at = row + self.text.count("\n", at, match.start()), match.start()
            if row != last:
                yield row
            last = row


class Rules(Sequence[Rule]):
    """The rules of one chain, each made when it is first asked for. `where`: the rows that they stand in."""

    __slots__ = ("_held", "_places", "chain", "rows", "where")

    def __init__(self, rows: Rows, chain: str, where: range | list[int]) -> None:
        self.rows, self.chain, self.where = rows, chain, where
        self._held: dict[int, Rule] | None = None
        self._places: dict[int, int] | None = None

    def __len__(self) -> int:
        """How many rules there are; none is made for it."""
        return len(self.where)

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, at: int | slice) -> Rule | tuple[Rule, ...]:
        """The rule at a position from 0, the same object each time."""
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        if self._held is None:
            self._held = {}
        rule = self._held.get(at)
        if rule is None:
            row, number = self.where[at], (at if at >= 0 else at + len(self)) + 1
            made = self.rows.made.get(row)
            rule = self._held[number - 1] = self.rows.make(self.rows, row, number) if made is None else made.numbered(number)
        return rule

    def lines(self) -> list[Line]:
        """The text of each rule, without making the rule."""
        held = self.rows.lines
        return held[self.where.start:self.where.stop] if isinstance(self.where, range) else [held[row] for row in self.where]

    def at(self, row: int) -> Rule | None:
        """The rule that stands in this row, if it is one of this chain."""
        if isinstance(self.where, range):
            return self[row - self.where.start] if row in self.where else None
        if self._places is None:
            self._places = {held: place for place, held in enumerate(self.where)}
        return self[self._places[row]] if row in self._places else None

    def __eq__(self, other: object) -> bool:
        """By value, beside a tuple of rules too."""
        return isinstance(other, (Rules, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """By chain and number of rules."""
        return hash((self.chain, len(self)))

    def __repr__(self) -> str:
        """As a tuple of rules."""
        return repr(tuple(self))


def lines_of(rules: Sequence[Rule]) -> list[Line]:
    """The text of each rule of a chain with its chain and target; no rule is made for it."""
    return rules.lines() if isinstance(rules, Rules) else [(rule.text, rule.chain, rule.jump) for rule in rules]


class Chain(NamedTuple):
    """A chain with its rules. `policy` is None for a user-defined chain (printed as `-`)."""

    name: str
    policy: str | None
    rules: Sequence[Rule] = ()
    packets: int | None = None
    bytes: int | None = None
    file: str = ""
    line: int = 0


class LazyChains(Mapping[str, Chain]):
    """The chains of a table, in the order in which they were declared; each is made when it is first asked for."""

    __slots__ = ("_declared", "_held", "_rows", "_rules")

    def __init__(self, rows: Rows, declared: dict[str, Declared], rules: Mapping[str, range | list[int]]) -> None:
        """`rules`: the rows of each chain's rules."""
        self._rows, self._declared, self._rules = rows, declared, rules
        self._held: dict[str, Chain] = {}

    def __getitem__(self, name: str) -> Chain:
        """The chain, the same object each time."""
        chain = self._held.get(name)
        if chain is None:
            policy, packets, total, line = self._declared[name]
            rules = Rules(self._rows, name, self._rules[name]) if name in self._rules else ()
            chain = self._held[name] = Chain(name, None if policy == "-" else policy, rules, int(packets) if packets else None,
                                             int(total) if total else None, self._rows.file, line)
        return chain

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._declared)

    def __len__(self) -> int:
        """How many chains there are."""
        return len(self._declared)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a chain."""
        return name in self._declared

    def keys(self) -> KeysView[str]:
        """The names; asked very often."""
        return self._declared.keys()

    def __repr__(self) -> str:
        """As a dict of chains."""
        return repr(dict(self))


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

    rows: Rows | None = field(default=None, compare=False, repr=False)  # of which the rules are made; None: they were made at once
    span: range = field(default=range(0), compare=False, repr=False)  # the rows that belong to this table

    def lines(self) -> list[Line]:
        """The text of every rule; lines that are no rule may stand between them, with an empty chain."""
        if self.rows is not None:
            return self.rows.lines[self.span.start:self.span.stop]
        return [line for chain in self.chains.values() for line in lines_of(chain.rules)]

    def untouched(self) -> bool:
        """No rule and no policy has counted a packet since the table was loaded (or its counters were set to 0)."""
        if self.rows is None or not self.rows.saved:
            rules = all(rule.packets == 0 for chain in self.chains.values() for rule in chain.rules)
        else:
            made = self.rows.made
            rules = all(made[row].packets == 0 if row in made else text.startswith("[0:")
                        for row, (text, chain, _) in enumerate(self.lines(), self.span.start) if chain)
        return rules and not any(chain.packets for chain in self.chains.values())

    def candidates(self, pattern: re.Pattern[str]) -> Iterator[Rule]:
        """The rules in whose line a pattern is found; where they were not printed by iptables-save, all of them."""
        if self.rows is None or not self.rows.saved:
            yield from (rule for chain in self.chains.values() for rule in chain.rules)
            return
        for row in self.rows.search(pattern):
            held = self.chains.get(self.rows.lines[row][1]) if row in self.span else None
            rule = held.rules.at(row) if held is not None and isinstance(held.rules, Rules) else None
            if rule is not None:
                yield rule


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
