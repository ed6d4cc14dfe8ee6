"""Replayed packets gathered into flows: one path for each distinct way, and the table that the user sees."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from snapshot.host import Host
from visualize.flow import Ends, Flow, PathUse, decided_at, ended_in, ends_of, sender
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


def shape(path: Path) -> tuple[object, ...]:
    """What makes two paths the same way: the same steps, whatever the sequence numbers."""
    return (*map(step_shape, path.steps), (path.start.src, path.start.dst, path.start.sport, path.start.dport))


def step_shape(step: Step) -> tuple[object, ...]:
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
        key = shape(one.path)
        if key in ways:
            use = ways[key]
            use.packets.append(one.number)
            if _less_certain(one.path, use.path):  # a way is as certain as its least certain packet
                use.path, use.sightings = one.path, tuple(one.sightings)
        else:
            ways[key] = _Use(one.path, [one.number], tuple(one.sightings))
    return [_finished(growing[number]) for number in sorted(growing)]


def _less_certain(path: Path, than: Path) -> bool:
    """Whether a path of the same shape says less for certain."""
    return path.certainty is not than.certainty and worst([path.certainty.value, than.certainty.value]) == path.certainty.value


def _finished(flow: _Growing) -> Flow:
    original, reply = (tuple(PathUse(use.path, tuple(use.packets), use.sightings) for use in flow.ways[role].values())
                       for role in ("original", "reply"))
    if not original:
        original, reply = reply, ()
    return Flow(flow.number, flow.capture, flow.started, flow.ended, flow.packets, original, reply)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the flow table: its fields (as csv and json have them), and what else the table and `--where` ask of a flow."""

    fields: dict[str, Any]
    sender: str
    place: str  # where it ended
    start: Ends
    final: Ends
    places: frozenset[str]  # namespaces on its way, and the containers in them


def row_of(host: Host, flow: Flow) -> Row:
    """A flow's line."""
    path = flow.first
    places = {step.netns for step in path.steps}
    names = {name for place in places if place in host.namespaces for name in host.namespaces[place].containers} | places
    return Row(record(flow), sender(host, flow), ended_in(flow), ends_of(path.start), ends_of(path.end.packet), frozenset(names))


def numbered(fields: dict[str, Any], number: int, began: int, packets: int, start: Ends, final: Ends) -> dict[str, Any]:
    """The fields that differ between flows that took the same way: number, time, packets, both ends."""
    changed = start[:4] != final[:4]
    return fields | {
        "flow": number, "started": f"{began // 10**9}.{began % 10**9:09d}", "packets": packets,
        "src": start.src, "sport": start.sport, "dst": start.dst, "dport": start.dport,
        "nat_src": final.src if changed else None, "nat_sport": final.sport if changed else None,
        "nat_dst": final.dst if changed else None, "nat_dport": final.dport if changed else None}


def record(flow: Flow) -> dict[str, Any]:
    """One row of the flow table, for people (table, csv) and tools (json)."""
    path = flow.first
    certainties = [use.path.certainty.value for use in (*flow.original, *flow.reply)]
    first = path.steps[0]
    fields = dict.fromkeys(COLUMNS) | {
        "proto": path.start.protocol_name, "netns": first.netns,
        "interface": first.interface if isinstance(first, Received) else None,
        "verdict": path.verdict.value, "out_interface": path.end.interface if path.verdict.value == "forwarded" else None,
        "ended_in": path.end.netns, "decided_at": decided_at(path), "why": path.end.why,
        "replied": bool(flow.reply), "certainty": worst(certainties),
    }
    return numbered(fields, flow.number, flow.started, flow.packets, ends_of(path.start), ends_of(path.end.packet))


def renumbered(row: Row, number: int) -> Row:
    """A row with another number."""
    return replace(row, fields=row.fields | {"flow": number})


def worst(certainties: Iterable[str]) -> str:
    """The least certain of several."""
    found = set(certainties)
    return next((word for word in ("unknown", "assumed") if word in found), "certain")


COLUMNS = ["flow", "started", "packets", "proto", "netns", "interface", "src", "sport", "dst", "dport", "nat_src", "nat_sport",
            "nat_dst", "nat_dport", "verdict", "out_interface", "ended_in", "decided_at", "why", "replied", "certainty"]


def json_parts(rows: Iterable[Row]) -> Iterator[str]:
    """The flow table as a JSON array, indented; line by line, since the standard library's own indenting is slow."""
    import json
    encode = json.JSONEncoder(ensure_ascii=True).encode
    names = [(name, encode(name)) for name in COLUMNS]
    before = "["
    for row in rows:
        yield before + "\n  {\n" + ",\n".join(f"    {text}: {encode(row.fields[name])}" for name, text in names) + "\n  }"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def where_record(row: Row) -> dict[str, Any]:
    """What `--where` may ask of a flow: both endpoints, before and after NAT."""
    return {**row.fields, "src": ip_address(row.start.src), "dst": ip_address(row.start.dst), "src2": ip_address(row.final.src),
            "dst2": ip_address(row.final.dst), "sport2": row.final.sport, "dport2": row.final.dport, "container": row.places}
