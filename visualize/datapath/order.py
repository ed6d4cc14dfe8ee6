"""Legacy and nft tables at one hook: the one registered later runs first, which no snapshot shows. Does the order matter to this packet?

The default is nft first. Where the other order would have matched other rules, or made another packet, that is a doubt; where both match
rules and change nothing, only the order in which the path tells them is assumed.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from snapshot.host.quick import quick
from visualize.datapath.doubt import Doubts
from visualize.datapath.stack import Stack
from visualize.netfilter.here import Here
from visualize.netfilter.hook import Hook
from visualize.netfilter.outcome import RuleVerdict
from visualize.netfilter.rule import BoundTable
from visualize.netfilter.walk import Walked, walk
from visualize.packet.packet import Packet
from visualize.path import RuleMatched


@quick
@dataclass(frozen=True, slots=True)
class Turn:
    """What one back-end's table did to the packet: rules matched, something changed, the packet's way ended (or, in nat, bound)."""

    table: BoundTable
    before: Packet
    after: Packet
    matched: bool
    changed: bool
    ended: bool


def turn(table: BoundTable, before: Packet, walked: Walked, matched: bool) -> Turn:
    """The record of a walk."""
    bound = walked.outcome is not None and walked.outcome.nat is not None
    return Turn(table, before, walked.packet, matched, (walked.packet is not before and walked.packet != before) or bool(walked.changes),
                walked.verdict is not RuleVerdict.ACCEPT or bound)


def note(stack: Stack, hook: Hook, here: Here, doubts: Doubts, turns: list[Turn]) -> None:
    """Called after each turn: record the doubt where the order of the last turn and its rival matters."""
    now = turns[-1]
    name = now.table.table.name
    rivals = [table for table in stack.alike(4 if here.family == "ip" else 6, hook, name) if table is not now.table]
    earlier = next((one for one in turns[:-1] if one.table.table.name == name), None)
    if not rivals:
        return
    here.state.add("order")
    if earlier is None:
        if now.ended and any(_stirs(rival, hook, now.before, here) for rival in rivals):
            _doubt(doubts, name, hook, weak=True)
    elif earlier.matched and (now.matched or now.ended):
        _doubt(doubts, name, hook, weak=now.ended or now.changed or earlier.changed)
    elif now.changed and _stirs(earlier.table, hook, now.after, here):
        _doubt(doubts, name, hook, weak=True)


def _doubt(doubts: Doubts, table: str, hook: Hook, weak: bool) -> None:
    doubts.note(f"{table} {hook.value}", "legacy and nft tables are both loaded and both concern this packet; which was registered later (and "
                "so runs first) is not captured", "nft first", "a trace on the host", weak=weak)


def _stirs(table: BoundTable, hook: Hook, packet: Packet, here: Here) -> bool:
    """Whether a table would match any rule for this packet, or end its way: a walk whose traces are wiped out."""
    connection = here.connection
    mark = connection.mark if connection is not None else 0
    steps = walk(table, hook.value, packet, replace(here, memory=deepcopy(here.memory), read=set(), state=set()), Doubts())
    try:
        while True:
            if isinstance(next(steps), RuleMatched):
                return True
    except StopIteration as stop:
        walked: Walked = stop.value
        return walked.verdict is not RuleVerdict.ACCEPT
    finally:
        if connection is not None:
            connection.mark = mark
