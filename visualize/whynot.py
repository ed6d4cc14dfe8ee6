"""Why a packet did not match a rule that another packet matched: its way is walked again, with an eye on that rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from snapshot.host import Host
from visualize.datapath.machine import Machine
from visualize.draw.compare import Missed, parting, same_step
from visualize.draw.words import rule_name
from visualize.flow import Flow
from visualize.netfilter.answer import Truth
from visualize.netfilter.here import Here
from visualize.netfilter.rule import BoundChain, BoundRule
from visualize.packet.packet import Packet
from visualize.path import Path, Received, RuleMatched

_FRESH = ("NEW", "UNTRACKED", "")  # states that need no earlier packet


def missed(host: Host, first: Flow, second: Flow, assumptions: Mapping[str, bool]) -> Missed | None:
    """Which of two flows did not match the rule at which they part, and why; None where they part elsewhere, or it can't be told."""
    at = parting(first.first, second.first)
    if not at:
        return None
    for number, (one, other) in enumerate(((second, first), (first, second))):
        step = other.first.steps[at] if at < len(other.first.steps) else None
        if isinstance(step, RuleMatched):
            why = _why(host, one.first, step, at, assumptions)
            if why:
                return Missed(1 - number, rule_name(step), why)
    return None


@dataclass
class _Seen:
    """What the rule said of the packet, once it was asked."""

    why: str = ""


class _Watched(BoundChain):
    """A chain that asks one of its rules of each packet that comes to it."""

    __slots__ = ("index", "seen", "within")

    def __init__(self, within: BoundChain, index: int, seen: _Seen) -> None:
        super().__init__(within.chain, within._bind)
        self.within, self.index, self.seen = within, index, seen

    def following(self, position: int, packet: Packet, here: Here) -> tuple[int, BoundRule] | None:
        if position <= self.index:
            answer = self._bind(self.chain.rules[self.index]).test(packet, here)
            if answer.truth is Truth.NO:
                self.seen.why = answer.why
        return self.within.following(position, packet, here)


def _why(host: Host, path: Path, step: RuleMatched, at: int, assumptions: Mapping[str, bool]) -> str:
    """What the rule says of this path's packet; nothing where the way can't be walked again by itself."""
    first = path.steps[0]
    if path.state not in _FRESH or not isinstance(first, Received) or first.by_kernel:
        return ""
    machine = Machine(host, None, assumptions)
    stack = machine.stack(step.netns)
    seen = _Seen()
    for bound in stack.tables(4 if step.family == "ip" else 6) if stack is not None else ():
        if (bound.table.name, bound.table.backend.value) == (step.table, step.backend) and step.chain in bound.table.chains:
            bound._chains[step.chain] = _Watched(bound.chain(step.chain), step.rule - 1, seen)
    if first.local:
        again, _ = machine.send(path.start, first.netns)
    else:
        again, _ = machine.receive(path.start, first.netns, first.interface or "")
    same = [same_step(s) for s in again.steps[:at]] == [same_step(s) for s in path.steps[:at]]
    return seen.why if same else ""
