"""The walk through a table's chains: which rules match, in which order, and which verdict ends it.

RULES is an iptables-save; each line of WALKS is `chain ; packet ; the rules that match ; the verdict`, a rule being CHAIN.NUMBER and
`policy` the base chain's.
"""

from dataclasses import dataclass, field

import pytest

from snapshot.host.firewall import Table
from snapshot.parse.iptables_save import parse
from visualize.netfilter.answer import Answer
from visualize.netfilter.outcome import RuleVerdict
from visualize.netfilter.rule import BoundTable
from visualize.netfilter.walk import Walked, walk
from visualize.path import Doubt, PolicyApplied, Rewritten, RuleMatched, Step

from .case import World, here_of, packet_of

RULES = """\
*mangle
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ALLOW - [0:0]
:DEEP - [0:0]
:EMPTY - [0:0]
:AWAY - [0:0]
:CIRCLE - [0:0]
-A FORWARD -p tcp -m tcp --dport 1 -j ALLOW
-A FORWARD -p tcp -m tcp --dport 2 -j RETURN
-A FORWARD -p tcp -m tcp --dport 3 -g AWAY
-A FORWARD -p tcp -m tcp --dport 4 -j EMPTY
-A FORWARD -p tcp -m tcp --dport 5 -j DEEP
-A FORWARD -p tcp -m tcp --dport 6
-A FORWARD -p tcp -m tcp --dport 1:6 -j MARK --set-xmark 0x1/0xffffffff
-A FORWARD -m mark --mark 0x1 -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 9 -j CIRCLE
-A ALLOW -j LOG
-A ALLOW -j ACCEPT
-A DEEP -g AWAY
-A DEEP -j ACCEPT
-A AWAY -p tcp -m tcp --sport 7 -j RETURN
-A AWAY -p tcp -m tcp --sport 8 -j DROP
-A CIRCLE -j CIRCLE
-A INPUT -p tcp -m tcp --sport 1 -m limit --limit 1/sec -j DROP
-A INPUT -p udp -m owner --socket-exists -j DROP
-A INPUT -m nosuchmatch --x -j DROP
-A INPUT -j NOSUCHTARGET
-A OUTPUT -p tcp -m tcp ! --dport 80 -j ACCEPT
COMMIT
"""

WALKS = """
# a jump; the verdict of the chain ends the walk
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:1 ; FORWARD.1 ALLOW.1 ALLOW.2 ; ACCEPT
# RETURN in the base chain is the policy
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:2 ; FORWARD.2 policy ; DROP
# goto from the base chain never comes back to it: at the end of the chain, and at RETURN, the policy decides
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:3 ; FORWARD.3 policy ; DROP
FORWARD ; tcp 10.0.0.1:7 > 10.0.0.2:3 ; FORWARD.3 AWAY.1 policy ; DROP
FORWARD ; tcp 10.0.0.1:8 > 10.0.0.2:3 ; FORWARD.3 AWAY.2 ; DROP
# an empty chain is left at once; the mark that a rule sets is seen by the next
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:4 ; FORWARD.4 FORWARD.7 FORWARD.8 ; ACCEPT
# goto from a chain that was jumped to goes back to where the jump was, past what follows the goto
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:5 ; FORWARD.5 DEEP.1 FORWARD.7 FORWARD.8 ; ACCEPT
FORWARD ; tcp 10.0.0.1:7 > 10.0.0.2:5 ; FORWARD.5 DEEP.1 AWAY.1 FORWARD.7 FORWARD.8 ; ACCEPT
# a rule without a target only counts
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:6 ; FORWARD.6 FORWARD.7 FORWARD.8 ; ACCEPT
# the end of the base chain is the policy
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:7 ; policy ; DROP
FORWARD ; tcp 10.0.0.1:1000 > 10.0.0.2:7 mark=1 ; FORWARD.8 ; ACCEPT
# unknown answers take their default; what is not modelled is no reason to stop
INPUT ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; INPUT.1 ; DROP
INPUT ; tcp 10.0.0.1:2 > 10.0.0.2:80 ; INPUT.4 policy ; ACCEPT
INPUT ; udp 10.0.0.1:2 > 10.0.0.2:80 local ; INPUT.2 ; DROP
# a match may drop the packet itself
OUTPUT ; tcp 10.0.0.1 > 10.0.0.2 fragment=8 ; ; DROP
OUTPUT ; tcp 10.0.0.1 > 10.0.0.2 fragment=16 ; policy ; ACCEPT
"""


@dataclass
class Defaults:
    """Settles every doubt by its default, and keeps it."""

    asked: list[str] = field(default_factory=list)

    def settle(self, at: str, answer: Answer) -> tuple[bool, Doubt]:
        """The default."""
        self.asked.append(at)
        return answer.default, Doubt(at, answer.why, "yes" if answer.default else "no", answer.settle, answer.weak)


def _table() -> Table:
    tables, findings = parse(RULES)
    assert not findings
    return tables[0]


def _walk(base: str, packet_text: str) -> tuple[list[Step], Walked, Defaults]:
    packet, words = packet_of(packet_text)
    settler, steps = Defaults(), []
    way = walk(BoundTable(_table()), base, packet, here_of(packet, words, World()), settler)
    while True:
        try:
            steps.append(next(way))
        except StopIteration as stop:
            return steps, stop.value, settler


def _shown(step: Step) -> str:
    return f"{step.chain}.{step.rule}" if isinstance(step, RuleMatched) else "policy"


@pytest.mark.parametrize("line", [line for line in WALKS.splitlines() if line and not line.startswith("#")])
def test_rules_and_verdict(line: str) -> None:
    """The rules that match, in the order in which the kernel's counters move, and the verdict at the end."""
    base, packet, rules, verdict = (part.strip() for part in line.split(";"))
    steps, walked, _ = _walk(base, packet)
    assert " ".join(_shown(step) for step in steps if isinstance(step, RuleMatched | PolicyApplied)) == rules
    assert walked.verdict.value == verdict


def test_a_changed_packet_is_told() -> None:
    """A target that changes the packet is followed by a Rewritten step with the fields before and after."""
    steps, walked, _ = _walk("FORWARD", "tcp 10.0.0.1:1000 > 10.0.0.2:4")
    changes = [step for step in steps if isinstance(step, Rewritten)]
    assert [(step.kind, step.before, step.after) for step in changes] == [("MARK", {"mark": 0}, {"mark": 1})]
    assert walked.packet.mark == 1


def test_doubts_are_asked_where_they_decide() -> None:
    """Each unknown answer on the way is put to the settler, by the name of its rule, and stands in the step of a rule that matched."""
    steps, _, settler = _walk("INPUT", "tcp 10.0.0.1:1 > 10.0.0.2:80")
    assert settler.asked == ["mangle INPUT 1"]
    assert isinstance(steps[0], RuleMatched)
    assert steps[0].doubt is not None
    assert not steps[0].doubt.weak
    _, _, settler = _walk("INPUT", "tcp 10.0.0.1:2 > 10.0.0.2:80")
    assert settler.asked == ["mangle INPUT 3", "mangle INPUT 4"]


def test_chains_in_a_circle_end() -> None:
    """A jump in a circle, which no kernel would load, ends in a DROP that says so."""
    _, walked, _ = _walk("FORWARD", "tcp 10.0.0.1:1000 > 10.0.0.2:9")
    assert walked.verdict is RuleVerdict.DROP
    assert "circle" in walked.at
