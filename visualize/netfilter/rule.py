"""Rules bound to their meaning: each match and target looked up once, when the rule is first walked."""

from dataclasses import dataclass, field

from snapshot.host.firewall import Chain, Rule, Table
from visualize.netfilter.answer import Answer, every, yes
from visualize.netfilter.extension import BindError, Match, Target, UnknownMatch, bind_match, bind_target
from visualize.netfilter.here import Here
from visualize.netfilter.match import builtin
from visualize.netfilter.outcome import ACCEPT, CONTINUE, DROP, RETURN, Outcome, RuleVerdict
from visualize.packet.packet import Packet

_VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "RETURN": RETURN}


class Fixed:
    """A target that is only a verdict: ACCEPT, DROP, RETURN, none, a jump or a goto."""

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

    def test(self, packet: Packet, here: Here) -> Answer:
        """AND over the matches. A match that drops the packet itself (hotdrop) decides at once."""
        unsettled: list[Answer] = []
        for match in self.matches:
            answer = match.test(packet, here)
            if answer.hotdrop or answer.truth == 0:
                return answer
            if answer.truth == 1:
                unsettled.append(answer)
        return every(unsettled) if unsettled else yes()


@dataclass(slots=True)
class BoundTable:
    """A table whose rules are bound when a walk first meets them."""

    table: Table
    _chains: dict[str, list[BoundRule]] = field(default_factory=dict)

    def chain(self, name: str) -> Chain | None:
        """The chain as captured."""
        return self.table.chains.get(name)

    def rules(self, name: str) -> list[BoundRule]:
        """The bound rules of a chain."""
        bound = self._chains.get(name)
        if bound is None:
            chain = self.table.chains[name]
            bound = self._chains[name] = [self._bind(rule) for rule in chain.rules]
        return bound

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
        return BoundRule(rule, matches, self._target(rule))

    def _target(self, rule: Rule) -> Target:
        if rule.target is None:
            return Fixed(CONTINUE)
        name = rule.target.name
        if name in _VERDICTS and not rule.goto:
            return Fixed(_VERDICTS[name])
        if name in self.table.chains:
            return Fixed(Outcome(RuleVerdict.GOTO if rule.goto else RuleVerdict.JUMP, chain=name))
        return bind_target(rule.target, self.table.family)
