"""Replayed packets gathered into flows: one path for each distinct way, and the table that the user sees."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from snapshot.host import Host
from visualize.flow import Flow, PathUse, decided_at
from visualize.packet.packet import Packet
from visualize.path import (
    Bridged,
    Crossed,
    Ended,
    Path,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sighting,
    Step,
    Tracked,
)
from visualize.replay import Replayed


@dataclass(slots=True)
class _Use:
    path: Path
    packets: list[int]
    sightings: tuple[Sighting, ...]


@dataclass(slots=True)
class _Growing:
    number: int
    capture: str
    started: int
    ended: int
    packets: int = 0
    ways: dict[str, dict[tuple[object, ...], _Use]] = field(default_factory=lambda: {"original": {}, "reply": {}})


def _shape(path: Path) -> tuple[object, ...]:
    """What makes two paths the same way: the same steps, whatever the sequence numbers."""
    return (*map(_step_shape, path.steps), (path.start.src, path.start.dst, path.start.sport, path.start.dport))


def _step_shape(step: Step) -> tuple[object, ...]:
    match step:
        case RuleMatched():
            return (step.netns, step.file, step.line, step.hook)
        case PolicyApplied():
            return (step.netns, step.hook, step.table, step.backend)
        case Rewritten():
            return (step.netns, step.kind, step.by) if step.kind != "TTL" else ("TTL",)
        case Routed():
            return (step.netns, step.route, step.out)
        case Bridged():
            return (step.netns, step.bridge, step.port)
        case Crossed():
            return (step.netns, step.interface)
        case Received():
            return (step.netns, step.interface)
        case Tracked():
            return (step.netns, step.hook, step.state, step.role)
        case Ended():
            return (step.netns, step.verdict, step.interface)
        case _:
            return (type(step).__name__,)


def gather(replayed: Iterable[Replayed]) -> list[Flow]:
    """All flows, in the order of their first packets."""
    growing: dict[int, _Growing] = {}
    for one in replayed:
        flow = growing.get(one.flow)
        if flow is None:
            flow = growing[one.flow] = _Growing(one.flow, one.capture, one.time_ns, one.time_ns)
        flow.ended = max(flow.ended, one.time_ns)
        flow.packets += 1
        ways = flow.ways[one.role]
        key = _shape(one.path)
        if key in ways:
            ways[key].packets.append(one.number)
        else:
            ways[key] = _Use(one.path, [one.number], tuple(one.sightings))
    return [_finished(growing[number]) for number in sorted(growing)]


def _finished(flow: _Growing) -> Flow:
    original, reply = (tuple(PathUse(use.path, tuple(use.packets), use.sightings) for use in flow.ways[role].values())
                       for role in ("original", "reply"))
    if not original:
        original, reply = reply, ()
    return Flow(flow.number, flow.capture, flow.started, flow.ended, flow.packets, original, reply)


def rewritten(path: Path) -> Packet:
    """The packet as NAT left it (without the TTL's decrement), wherever it ended."""
    return replace(path.end.packet, ttl=path.start.ttl)


def record(flow: Flow) -> dict[str, Any]:
    """One row of the flow table, for people (table, csv) and tools (json)."""
    path = flow.first
    start, final = path.start, rewritten(path)
    changed = (start.src, start.dst, start.sport, start.dport) != (final.src, final.dst, final.sport, final.dport)
    certainties = [use.path.certainty.value for use in (*flow.original, *flow.reply)]
    worst = next((c for c in ("unknown", "assumed") if c in certainties), "certain")
    first = path.steps[0]
    return {
        "flow": flow.number, "started": f"{flow.started // 10**9}.{flow.started % 10**9:09d}", "packets": flow.packets,
        "proto": start.protocol_name, "netns": first.netns,
        "interface": first.interface if isinstance(first, Received) else None,
        "src": str(start.src), "sport": start.sport, "dst": str(start.dst), "dport": start.dport,
        "nat_src": str(final.src) if changed else None, "nat_sport": final.sport if changed else None,
        "nat_dst": str(final.dst) if changed else None, "nat_dport": final.dport if changed else None,
        "verdict": path.verdict.value, "out_interface": path.end.interface if path.verdict.value == "forwarded" else None,
        "ended_in": path.end.netns, "decided_at": decided_at(path), "why": path.end.why,
        "replied": bool(flow.reply), "certainty": worst,
    }


def to_csv(flows: list[Flow]) -> str:
    """The flow table as CSV, one row for each flow."""
    import pandas as pd
    frame = pd.DataFrame([record(flow) for flow in flows], columns=_COLUMNS).convert_dtypes()
    return str(frame.to_csv(index=False, lineterminator="\n"))


_COLUMNS = ["flow", "started", "packets", "proto", "netns", "interface", "src", "sport", "dst", "dport", "nat_src", "nat_sport",
            "nat_dst", "nat_dport", "verdict", "out_interface", "ended_in", "decided_at", "why", "replied", "certainty"]


def where_record(flow: Flow, host: Host) -> dict[str, Any]:
    """What `--where` may ask of a flow: both endpoints, before and after NAT."""
    row = record(flow)
    path = flow.first
    start, final = path.start, path.end.packet
    places = {step.netns for step in path.steps}
    names = {name for place in places if place in host.namespaces for name in host.namespaces[place].containers} | places
    return {**row, "src": start.src, "dst": start.dst, "src2": final.src, "dst2": final.dst, "sport2": final.sport,
            "dport2": final.dport, "container": names}
