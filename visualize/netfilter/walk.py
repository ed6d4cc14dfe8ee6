"""The walk through a chain: the kernel's loop (ipt_do_table), which tells each rule that fires and returns a verdict."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Protocol

from snapshot.host.quick import quick
from visualize.netfilter.answer import Answer, Truth
from visualize.netfilter.here import Here
from visualize.netfilter.outcome import ConnectionChange, Outcome, RuleVerdict
from visualize.netfilter.rule import BoundChain, BoundRule, BoundTable
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet
from visualize.path import Doubt, PolicyApplied, Rewritten, RuleMatched, Step, changed_fields

MAX_JUMPS = 100_000  # rules looked at in one walk; a chain that jumps in a circle ends there


class Settler(Protocol):
    """Who answers what the snapshot can't: takes the place and the question, records the doubt, says yes or no."""

    def settle(self, at: str, answer: Answer) -> tuple[bool, Doubt]:
        """The answer taken, and the doubt that was recorded."""
        ...


@quick
@dataclass(frozen=True, slots=True)
class Walked:
    """How a table's walk ended: ACCEPT, DROP, QUEUE or STOLEN; the packet then; the outcome that ended it (None: the policy)."""

    verdict: RuleVerdict
    packet: Packet
    outcome: Outcome | None = None
    at: str = ""
    changes: tuple[Outcome, ...] = ()  # outcomes of rules passed on the way that ask something of the datapath


def place(table: str, rule: BoundRule) -> str:
    """`filter FORWARD 3`: how a rule is named to people and in doubts."""
    return f"{table} {rule.rule.chain} {rule.rule.number}"


def walk(bound: BoundTable, base: str, packet: Packet, here: Here,
         settler: Settler) -> Generator[Step, None, Walked]:
    """Walk `bound` from its base chain: yields a step for each rule that matches; returns the verdict.

    RETURN and goto as the kernel has them: a jump pushes where to go on, a goto does not, and RETURN (or a chain's end)
    pops; in the base chain it means the policy.
    """
    stack: list[tuple[BoundChain, int]] = []
    chain, position, looked = bound.chain(base), 0, 0
    changes: list[Outcome] = []
    watched = watch(packet, here.read)
    here.backend, here.rules = bound.table.backend.value, bound
    while True:
        next_one = chain.following(position, watched, here)
        if next_one is None:
            if not stack:
                return (yield from _policy(bound, base, packet, here, changes))
            chain, position = stack.pop()
            continue
        position, rule = next_one
        looked += 1
        if looked > MAX_JUMPS:
            return Walked(RuleVerdict.DROP, packet, at=f"{place(bound.table.name, rule)}: chains jump in a circle")
        here.rule = rule.rule
        answer = rule.test(watched, here)
        if answer.hotdrop:
            return (yield from _hotdrop(bound, rule, packet, here, answer))
        if answer.truth is Truth.NO:
            continue
        doubt = None
        if answer.truth is Truth.UNKNOWN:
            taken, doubt = settler.settle(place(bound.table.name, rule), answer)
            if not taken:
                continue
        outcome, doubt = _act(bound, rule, packet, here, settler, doubt)
        yield _matched(bound, rule, packet, here, outcome, doubt)
        if outcome.packet is not None and outcome.packet != packet:
            yield _changed(packet, outcome, here)
            packet = outcome.packet
            watched = watch(packet, here.read)
        if outcome.connection is not None:
            yield from _connection(outcome.connection, packet, here)
        if outcome.connection is not None or outcome.begets is not None or outcome.nat is not None:
            changes.append(outcome)
        match outcome.verdict:
            case RuleVerdict.CONTINUE:
                pass
            case RuleVerdict.JUMP:
                assert outcome.chain is not None
                stack.append((chain, position))
                chain, position = bound.chain(outcome.chain), 0
            case RuleVerdict.GOTO:
                assert outcome.chain is not None
                chain, position = bound.chain(outcome.chain), 0
            case RuleVerdict.RETURN:
                if not stack:
                    return (yield from _policy(bound, base, packet, here, changes))
                chain, position = stack.pop()
            case RuleVerdict.ACCEPT | RuleVerdict.DROP | RuleVerdict.QUEUE | RuleVerdict.STOLEN:
                return Walked(outcome.verdict, packet, outcome, place(bound.table.name, rule), tuple(changes))


def _act(bound: BoundTable, rule: BoundRule, packet: Packet, here: Here, settler: Settler, doubt: Doubt | None) -> tuple[Outcome, Doubt | None]:
    """What the target does, and the doubt that it leaves, else that of the matches."""
    outcome = rule.target.act(packet, here)
    if not rule.steady:
        here.state.add("target")
    if outcome.doubt is not None:
        taken, doubt = settler.settle(place(bound.table.name, rule), outcome.doubt)
        if taken != outcome.doubt.default and outcome.otherwise is not None:
            outcome = replace(outcome, verdict=outcome.otherwise)
    return outcome, doubt


def _hotdrop(bound: BoundTable, rule: BoundRule, packet: Packet, here: Here, answer: Answer) -> Generator[Step, None, Walked]:
    """The match dropped the packet itself. A legacy table may have counted the rule first (ipt_do_table looks at hotdrop last)."""
    if answer.truth is Truth.YES and here.backend != "nft":
        yield _matched(bound, rule, packet, here, Outcome(RuleVerdict.DROP), None)
    return Walked(RuleVerdict.DROP, packet, at=place(bound.table.name, rule))


def _policy(bound: BoundTable, base: str, packet: Packet, here: Here,
            changes: list[Outcome]) -> Generator[Step, None, Walked]:
    chain = bound.table.chains[base]
    verdict = RuleVerdict.DROP if chain.policy == "DROP" else RuleVerdict.ACCEPT
    yield PolicyApplied(here.world.netns, packet, here.hook.value, bound.table.family, bound.table.backend.value,
                        bound.table.name, base, verdict.value)
    return Walked(verdict, packet, None, f"{bound.table.name} {base} policy", tuple(changes))


def _matched(bound: BoundTable, rule: BoundRule, packet: Packet, here: Here, outcome: Outcome,
             doubt: Doubt | None) -> RuleMatched:
    if rule.named is None:
        text = rule.rule
        rule.named = (bound.table.family, bound.table.backend.value, bound.table.name, text.chain, text.number, text.file, text.line, text.text,
                      text.target.name if text.target else "")
    return RuleMatched(here.world.netns, packet, here.hook.value, *rule.named, outcome.verdict.value, doubt)


def _attached(change: ConnectionChange, here: Here) -> None:
    """CT and NOTRACK attach at once what the rules behind them see: UNTRACKED, or a template, which looks NEW (xt_ct_target, notrack_tg)."""
    if change.notrack:
        here.ctstate = "UNTRACKED"
    elif change.zone is not None or change.helper is not None:
        here.ctstate = "NEW"


def _connection(change: ConnectionChange, packet: Packet, here: Here) -> Generator[Step, None, None]:
    """What takes effect at once, so that the next rule sees it: the mark that CONNMARK writes, and what CT and NOTRACK attach."""
    if change.mark is not None:
        yield from _connection_mark(change.mark, packet, here)
    if here.ctstate is None and not here.tracked:
        _attached(change, here)


def _connection_mark(mark: int, packet: Packet, here: Here) -> Generator[Step, None, None]:
    """CONNMARK writes at once: the next rule reads it."""
    if here.connection_mark in (None, mark):
        return
    connection = here.connection
    if connection is not None:
        yield Rewritten(here.world.netns, packet, here.hook.value, "CONNMARK", "rule", {"connmark": connection.mark}, {"connmark": mark})
        connection.mark = mark


def _changed(packet: Packet, outcome: Outcome, here: Here) -> Rewritten:
    assert outcome.packet is not None
    before, after = changed_fields(packet, outcome.packet)
    return Rewritten(here.world.netns, outcome.packet, here.hook.value, outcome.kind or "change", "rule", before, after,
                     outcome.note)


