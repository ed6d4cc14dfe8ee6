"""The replay line: one JSON object for each replayed packet (schema `packetpath/1`, docs/replay-line.schema.json)."""

import json
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from visualize.datapath.telling import READ
from visualize.packet.packet import Packet
from visualize.path import (
    Begot,
    Bridged,
    Crossed,
    Ended,
    Evidence,
    Path,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sent,
    Sighting,
    Step,
    Tracked,
    Verdict,
)
from visualize.replay import Replayed

SCHEMA = "packetpath/1"
_READ_NAMES = {"protocol": "proto", "identification": "id", "protocol_name": "proto"}
_NOT_FIELDS = {"family", "raw", "describe", "is_icmp_error", READ}


def time_text(time_ns: int) -> str:
    """`1764000000.123456789`: exact, as text."""
    return f"{time_ns // 1_000_000_000}.{time_ns % 1_000_000_000:09d}"


def packet_record(packet: Packet) -> dict[str, Any]:
    """The header fields of a packet. ICMP has `icmp_type`, `icmp_code` and `icmp_id` in the place of ports."""
    record: dict[str, Any] = {"src": str(packet.src), "dst": str(packet.dst), "proto": packet.protocol_name,
                              "sport": packet.sport, "dport": packet.dport}
    if packet.icmp_type is not None:
        record |= {"icmp_type": packet.icmp_type, "icmp_code": packet.icmp_code, "icmp_id": packet.icmp_id}
    return record | {"ttl": packet.ttl, "tos": packet.tos, "id": packet.identification, "length": packet.length}


def step_record(step: Step) -> dict[str, Any] | None:
    """One step; None for those that the line leaves out (sent, the end, the kernel's own TTL decrement)."""
    where = {"netns": step.netns}
    match step:
        case Received():
            return {"step": "received", **where, "interface": step.interface} | ({"local": True} if step.local else {})
        case RuleMatched():
            return {"step": "rule", **where, "hook": step.hook, "family": step.family, "backend": step.backend,
                    "table": step.table, "chain": step.chain, "rule": step.rule, "file": step.file, "line": step.line,
                    "text": step.text, "target": step.target, "verdict": step.verdict}
        case PolicyApplied():
            return {"step": "policy", **where, "hook": step.hook, "family": step.family, "backend": step.backend,
                    "table": step.table, "chain": step.chain, "verdict": step.verdict}
        case Tracked():
            return {"step": "conntrack", **where, "hook": step.hook, "state": step.state, "role": step.role} | (
                {"why": step.why} if step.why else {})
        case Rewritten(kind="TTL", by="kernel"):
            return None
        case Rewritten():
            return {"step": "rewrite", **where, "hook": step.hook, "kind": step.kind, "by": step.by,
                    "before": dict(step.before), "after": dict(step.after)}
        case Routed():
            return {"step": "route", **where, "table": step.table, "route": step.route, "type": step.type, "out": step.out,
                    "gateway": step.gateway} | ({"why": step.why} if step.why else {})
        case Bridged():
            return {"step": "bridge", **where, "bridge": step.bridge, "port": step.port, "why": step.why}
        case Crossed():
            return {"step": "cross", "from": {"netns": step.from_netns, "interface": step.from_interface},
                    "to": {"netns": step.netns, "interface": step.interface}}
        case Begot():
            return {"step": "begot", **where, "kind": step.kind, "why": step.why}
        case Sent() | Ended():
            return None
        case _:
            raise AssertionError(f"a step that the line does not know: {step}")


def sighting_record(sighting: Sighting) -> dict[str, Any]:
    """One piece of evidence."""
    record: dict[str, Any] = {"packet": sighting.packet, "interface": sighting.interface, "state": sighting.state.value,
                              "direction": "out" if sighting.outgoing else "in"}
    if sighting.netns != "host":
        record["netns"] = sighting.netns
    return record | ({"why": sighting.why} if sighting.why else {})


def decided_by(path: Path) -> list[str]:
    """The names of the fields that decided, as the line spells them."""
    return sorted({_READ_NAMES.get(name, name) for name in path.decided_by if name not in _NOT_FIELDS})


def begotten(path: Path) -> list[dict[str, Any]]:
    """Packets that this one made the kernel send, and those that they begot in turn."""
    return [record for child in path.children for record in (_begotten(child), *begotten(child))]


def _begotten(child: Path) -> dict[str, Any]:
    return {"packet": packet_record(child.start), "verdict": child.verdict.value, "out_interface": out_interface(child),
             "steps": [record for step in child.steps if (record := step_record(step)) is not None]}


def out_interface(path: Path) -> str | None:
    """The interface that a forwarded packet left by."""
    return path.end.interface if path.verdict is Verdict.FORWARDED else None


def path_record(path: Path) -> dict[str, Any]:
    """What the replay line and `trace --format json` have in common."""
    final = path.final
    return {"in": packet_record(path.start), "out": packet_record(final) if final is not None else None, **_ended(path), **_doubted(path),
            "decided_by": decided_by(path), "steps": [record for step in path.steps if (record := step_record(step)) is not None],
            "begot": begotten(path)}


def _ended(path: Path) -> dict[str, Any]:
    return {"verdict": path.verdict.value, "why": path.end.why, "out_interface": out_interface(path), "ctstate": path.state or None,
            "mark": path.end.packet.mark}


def _doubted(path: Path) -> dict[str, Any]:
    return {"certainty": path.certainty.value,
            "doubts": [{"at": d.at, "why": d.why, "assumed": d.assumed, "settle": d.settle} for d in path.doubts]}


def replay_record(replayed: Replayed) -> dict[str, Any]:
    """The whole line."""
    return {"schema": SCHEMA, "packet": replayed.number, "capture": replayed.capture, "time": time_text(replayed.time_ns),
            "netns": replayed.netns, "interface": replayed.interface, "flow": replayed.flow, "role": replayed.role,
            **path_record(replayed.path), "sightings": [sighting_record(s) for s in replayed.sightings]}


def to_json(record: dict[str, Any]) -> str:
    """One line of JSON; what is not UTF-8 in a captured name stays readable and the line stays valid."""
    return _encode(record)


_encode = json.JSONEncoder(ensure_ascii=True, separators=(", ", ": ")).encode


# -- the line as text: what many packets have in common is written once ---------------------------------------------------


class _Shared(NamedTuple):
    """The text that all packets of a way have in common, in the order of the line."""

    came: str  # the packet's fields up to its id
    left: str | None  # the same where it ended
    ended: str  # verdict to mark
    doubted: str  # certainty, doubts
    told: str  # decided_by to begot


def replay_line(replayed: Replayed) -> str:
    """The whole line: `to_json(replay_record(replayed))`."""
    way, start = replayed.way, replayed.start
    shared = way.once(_shared)
    doubted = shared.doubted if replayed.doubts is way.path.doubts else _inside(_doubted(replayed.path))
    own = way.path.end.packet if start is way.path.start else start  # id and length where it ended
    left = "null" if shared.left is None else f'{shared.left}, "id": {own.identification}, "length": {own.length}}}'
    return (f'{{"schema": "{SCHEMA}", "packet": {replayed.number}, "capture": {_quoted(replayed.capture)}, "time": "{time_text(replayed.time_ns)}", '
            f'"netns": {_quoted(replayed.netns)}, "interface": {_quoted(replayed.interface)}, "flow": {replayed.flow}, "role": "{replayed.role}", '
            f'"in": {shared.came}, "id": {start.identification}, "length": {start.length}}}, "out": {left}, {shared.ended}, {doubted}, '
            f'{shared.told}, "sightings": [{", ".join([_seen(one) for one in replayed.sightings])}]}}')


def _shared(path: Path) -> _Shared:
    final = path.final
    steps = ", ".join([text for step in path.steps if (text := _step_text(step))])
    told = f'"decided_by": {_encode(decided_by(path))}, "steps": [{steps}], "begot": {_encode(begotten(path))}'
    return _Shared(_fields(path.start), _fields(final) if final is not None else None, _inside(_ended(path)), _inside(_doubted(path)), told)


def _fields(packet: Packet) -> str:
    """A packet's record up to its id and length, which are each packet's own."""
    record = packet_record(packet)
    del record["id"], record["length"]
    return _encode(record)[:-1]


def _inside(record: dict[str, Any]) -> str:
    return _encode(record)[1:-1]


_quoted = lru_cache(maxsize=4096)(_encode)
_texts: dict[tuple[object, ...], str] = {}
_MOST = 65536  # texts kept
_PLAIN = (RuleMatched, PolicyApplied, Tracked, Routed, Bridged, Crossed)  # whose fields can be looked up
_VALUES: dict[type[Step], Callable[[Step], tuple[object, ...]]] = {
    kind: attrgetter(*(one.name for one in fields(kind) if one.name not in ("packet", "doubt"))) for kind in _PLAIN}


def _step_text(step: Step) -> str:
    """A step's record as text; "" for one that the line leaves out. Few differ in more than the packet, so they are written once."""
    values = _VALUES.get(type(step))
    if values is None:
        record = step_record(step)
        return _encode(record) if record is not None else ""
    key = (type(step), *values(step))
    text = _texts.get(key)
    if text is None:
        if len(_texts) >= _MOST:
            _texts.clear()
        text = _texts[key] = _encode(step_record(step))
    return text


def _seen(sighting: Sighting) -> str:
    number = "null" if sighting.packet is None else sighting.packet
    return f'{{"packet": {number}, {_seen_at(sighting.interface, sighting.state, sighting.outgoing, sighting.netns, sighting.why)}'


@lru_cache(maxsize=4096)
def _seen_at(interface: str, state: Evidence, outgoing: bool, netns: str, why: str) -> str:
    record = sighting_record(Sighting(None, interface, state, outgoing, netns, why))
    del record["packet"]
    return _encode(record)[1:]
