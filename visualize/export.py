"""`packetpath export`: every packet at each hop as it looked there, as a pcapng file for Wireshark, one interface per hop.

The comment of a packet says what changed it since the hop before, and by which rule; the last hop's says what became of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from visualize.draw.quoting import visible
from visualize.packet.packet import Packet, but
from visualize.packet.pcapng import INBOUND, OUTBOUND, Writer
from visualize.packet.write import written
from visualize.path import Bridged, Crossed, Ended, Path, Received, Rewritten, RuleMatched, Sent, Sighting, Step, Verdict
from visualize.replay import Replayed
from visualize.way import changes

_GONE = {Verdict.DROPPED, Verdict.REJECTED, Verdict.LOOPED, Verdict.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Hop:
    """One place of a path: its interface's name in the file, what is there, the packet as it is there, the remarks since the last hop."""

    interface: str
    description: str
    outgoing: bool
    packet: Packet
    remarks: tuple[str, ...]


def hops(path: Path) -> Iterator[Hop]:
    """Where a path's packet can be looked at, from first to last: interfaces, local processes, and the place where it was dropped."""
    remarks: list[str] = []
    rule: RuleMatched | None = None
    for step in path.steps:
        if isinstance(step, RuleMatched):
            rule = step
            if step.doubt is not None:
                remarks.append(f"not known at {step.doubt.at}: {step.doubt.why}; assumed {step.doubt.assumed}")
        elif isinstance(step, Rewritten):
            remarks.append(_rewrite(step, rule))
        place = _place(step, remarks)
        if place is not None:
            yield Hop(*place, step.packet, tuple(remarks))
            remarks.clear()


def _place(step: Step, remarks: list[str]) -> tuple[str, str, bool] | None:
    """Interface name, description and direction; None for a step that is no place."""
    match step:
        case Received(interface=str() as name, local=False):
            return f"{step.netns}/{name} in", f"{name} in namespace {step.netns}, incoming", False
        case Received():
            return f"{step.netns} sends", f"sent by {'the kernel' if step.by_kernel else 'a process'} of namespace {step.netns}", True
        case Crossed():
            return f"{step.netns}/{step.interface} in", f"{step.interface} in namespace {step.netns}, incoming", False
        case Sent():
            return f"{step.netns}/{step.interface} out", f"{step.interface} in namespace {step.netns}, outgoing", True
        case Bridged(port=None):
            return f"{step.netns}/{step.bridge} in", f"bridge {step.bridge} in namespace {step.netns}, up to the host", False
        case Ended(verdict=Verdict.FORWARDED):
            return None
        case Ended():
            told = step.why if step.why.startswith(step.verdict.value) else f"{step.verdict.value}: {step.why}"
            remarks.append(told + (f" ({step.at})" if step.at else ""))
            if step.verdict in _GONE:
                return f"{step.netns} {step.verdict.value}", f"packets that are {step.verdict.value} in namespace {step.netns}", False
            return f"{step.netns} receives", f"delivered to a socket of namespace {step.netns}", False
        case _:
            return None


def _rewrite(step: Rewritten, rule: RuleMatched | None) -> str:
    told = ", ".join(f"{name} {before} -> {step.after.get(name)}" for name, before in step.before.items()) or "of the packet that it quotes"
    if step.by == "rule" and rule is not None:
        by = f"{rule.table} {rule.chain} {rule.rule}: {rule.text} ({rule.file}:{rule.line})"
    else:
        by = {"conntrack": "conntrack, as the connection's first packet was"}.get(step.by, step.by)
    return f"{step.kind} {told} by {by}"


def export(replayed: Iterable[Replayed], file: BinaryIO, application: str) -> int:
    """Write all hops of all packets, and of the packets that the kernel made because of them; returns how many records."""
    writer, count = Writer(file, application), 0
    for one in replayed:
        head = f"flow {one.flow}, {one.role} direction, frame {one.number} of {one.capture}"
        model = one.way.path
        count += _write(writer, one.way.once(_changing), None if one.start is model.start else one.start, head, one.time_ns, one.sightings)
        for child in one.path.children if model.children else ():
            count += _write(writer, _changing(child), None, f"made by the kernel because of: {head}", one.time_ns, ())
    return count


def _changing(path: Path) -> list[tuple[Hop, dict[str, Any]]]:
    """The hops of all packets that take a way, each with what differs there from the packet's start."""
    return [(hop, changes(path.start, hop.packet)) for hop in hops(path)]


def _write(writer: Writer, found: Sequence[tuple[Hop, dict[str, Any]]], start: Packet | None, head: str, time_ns: int,
           sightings: Iterable[Sighting]) -> int:
    """Write a packet at each hop of its way. `start` is how it began; None: the hops hold the packet itself."""
    seen = {f"{s.netns}/{s.interface} {'out' if s.outgoing else 'in'}": s for s in sightings}
    forms: dict[int, tuple[bytes, int]] = {}
    for hop, changed in found:
        if id(hop.packet) not in forms:
            packet = hop.packet if start is None else but(start, **changed) if changed else start
            forms[id(hop.packet)] = written(packet), packet.length
        sighting = seen.get(hop.interface)
        evidence = [] if sighting is None else [sighting.state.value + (f" (frame {sighting.packet})" if sighting.packet else " in the capture")]
        comment = visible("; ".join([head, *hop.remarks, *evidence]))
        writer.packet(visible(hop.interface), visible(hop.description), *forms[id(hop.packet)], time_ns,
                      OUTBOUND if hop.outgoing else INBOUND, comment)
    return len(found)
