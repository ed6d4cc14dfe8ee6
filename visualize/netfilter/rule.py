"""Rules bound to their meaning: each match and target looked up once, when the rule is first walked."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from snapshot.host.firewall import Chain, Rule, Table, lines_of
from visualize.netfilter.answer import Answer, every, yes
from visualize.netfilter.extension import BindError, Match, Target, UnknownMatch, bind_match, bind_target
from visualize.netfilter.here import Here
from visualize.netfilter.lookup import Lookup, lookup
from visualize.netfilter.match import builtin
from visualize.netfilter.outcome import ACCEPT, CONTINUE, DROP, RETURN, Outcome, RuleVerdict
from visualize.packet.packet import Packet

_VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "RETURN": RETURN}


def _jumping(chain: Chain, target: str) -> Iterator[Rule]:
    """The rules of a chain with this target."""
    return (chain.rules[position] for position, (_, _, name) in enumerate(lines_of(chain.rules)) if name == target)


class Fixed:
    """A target that is only a verdict: ACCEPT, DROP, RETURN, none, a jump or a goto."""

    steady = True

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def act(self, packet: Packet, here: Here) -> Outcome:
        """Always the same."""
        return self.outcome


@dataclass(slots=True)
class BoundRule:
    """A rule with its matches and its target bound."""

    rule: Rule
    matches: list[Match]
    target: Target
    named: tuple[str, str, str, str, int, str, int, str, str] | None = None  # what a step tells of it: family to target (RuleMatched)
    steady: bool = False  # what the target does follows from the rule, and the packet's mark, TOS and TTL

    def test(self, packet: Packet, here: Here) -> Answer:
        """AND over the matches. A match that drops the packet itself (hotdrop) decides at once."""
        unsettled: list[Answer] = []
        dropped: Answer | None = None
        for match in self.matches:
            answer = match.test(packet, here)
            if answer.truth == 0:
                return answer if dropped is None else dropped.negate()
            if answer.hotdrop:
                dropped = answer
            if answer.truth == 1:
                unsettled.append(answer)
        if dropped is not None:
            return dropped
        return every(unsettled) if unsettled else yes()


class BoundChain:
    """A chain whose rules are bound when a walk first looks at them; a long one is looked up (`lookup.py`)."""

    __slots__ = ("_bind", "_bound", "_lookup", "chain")

    def __init__(self, chain: Chain, bind: Callable[[Rule], BoundRule], plain: bool = False) -> None:
        """`plain`: read every rule, which is what the lookup is tested against."""
        self.chain, self._bind = chain, bind
        self._bound: list[BoundRule | None] = [None] * len(chain.rules)
        self._lookup: Lookup | None = None if plain else lookup(chain.rules)

    def following(self, position: int, packet: Packet, here: Here) -> tuple[int, BoundRule] | None:
        """The first rule at or behind `position` that the packet may match, and the position behind it; None at the end."""
        if self._lookup is not None:
            found = self._lookup.following(position, packet, here)
            if found is None:
                return None
            position = found
        if position >= len(self._bound):
            return None
        rule = self._bound[position]
        if rule is None:
            rule = self._bound[position] = self._bind(self.chain.rules[position])
        return position + 1, rule


@dataclass(slots=True, eq=False)
class BoundTable:
    """A table whose chains are bound when a walk first enters them. `plain`: without lookups."""

    table: Table
    plain: bool = False
    _chains: dict[str, BoundChain] = field(default_factory=dict)
    _fresh: bool | None = None
    _destinations: dict[str, dict[str, list[Rule]]] = field(default_factory=dict)

    def start(self, hook: str) -> str:
        """The base chain at a hook."""
        return hook

    def chain(self, name: str) -> BoundChain:
        """The bound chain."""
        bound = self._chains.get(name)
        if bound is None:
            bound = self._chains[name] = BoundChain(self.table.chains[name], self._bind, self.plain)
        return bound

    @property
    def fresh(self) -> bool:
        """No rule and no policy has counted a packet since the table was loaded (or its counters were set to 0)."""
        if self._fresh is None:
            self._fresh = self.table.untouched()
        return self._fresh

    def holding(self, text: str) -> list[Rule]:
        """The rules in whose text this stands."""
        return [rule for rule in self.table.candidates(re.compile(re.escape(text))) if text in rule.text]

    def destinations(self, base: str) -> dict[str, list[Rule]]:
        """The DNAT rules that can be reached from a base chain, by what their --to-destination says."""
        if base not in self._destinations:
            found: dict[str, list[Rule]] = {}
            for name in self._reachable(base):
                for rule in _jumping(self.table.chains[name], "DNAT"):
                    to = rule.target.option("--to-destination") if rule.target is not None else None
                    if to is not None and to.values:
                        found.setdefault(to.values[0], []).append(rule)
            self._destinations[base] = found
        return self._destinations[base]

    def _reachable(self, base: str) -> list[str]:
        chains, todo = self.table.chains, [base]
        seen: dict[str, None] = {}
        while todo:
            name = todo.pop()
            if name not in seen and name in chains:
                seen[name] = None
                todo += [target for _, _, target in reversed(lines_of(chains[name].rules)) if target in chains]
        return list(seen)

    def _bind(self, rule: Rule) -> BoundRule:
        family = self.table.family
        matches: list[Match] = []
        for clause in rule.matches:
            if clause.name:
                matches.append(bind_match(clause, family))
                continue
            try:
                matches.append(builtin.bind(clause, family))
            except BindError as error:
                matches.append(UnknownMatch(str(error)))
        target = self._target(rule)
        return BoundRule(rule, matches, target, steady=getattr(target, "steady", False))

    def _target(self, rule: Rule) -> Target:
        if rule.target is None:
            return Fixed(CONTINUE)
        name = rule.target.name
        if name in _VERDICTS and not rule.goto:
            return Fixed(_VERDICTS[name])
        if name in self.table.chains:
            return Fixed(Outcome(RuleVerdict.GOTO if rule.goto else RuleVerdict.JUMP, chain=name))
        return bind_target(rule.target, self.table.family)
