"""The replay line: one JSON object for each replayed packet (schema `packetpath/1`, docs/replay-line.schema.json)."""

import json
from typing import Any

from visualize.packet.packet import Packet
from visualize.path import (
    Begot,
    Bridged,
    Crossed,
    Ended,
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
_NOT_FIELDS = {"family", "raw", "describe", "is_icmp_error"}


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
    return {
        "in": packet_record(path.start), "out": packet_record(final) if final is not None else None,
        "verdict": path.verdict.value, "why": path.end.why, "out_interface": out_interface(path),
        "ctstate": path.state or None, "mark": path.end.packet.mark, "certainty": path.certainty.value,
        "doubts": [{"at": d.at, "why": d.why, "assumed": d.assumed, "settle": d.settle} for d in path.doubts],
        "decided_by": decided_by(path),
        "steps": [record for step in path.steps if (record := step_record(step)) is not None],
        "begot": begotten(path),
    }


def replay_record(replayed: Replayed) -> dict[str, Any]:
    """The whole line."""
    return {"schema": SCHEMA, "packet": replayed.number, "capture": replayed.capture, "time": time_text(replayed.time_ns),
            "netns": replayed.netns, "interface": replayed.interface, "flow": replayed.flow, "role": replayed.role,
            **path_record(replayed.path), "sightings": [sighting_record(s) for s in replayed.sightings]}


def to_json(record: dict[str, Any]) -> str:
    """One line of JSON; what is not UTF-8 in a captured name stays readable and the line stays valid."""
    return json.dumps(record, ensure_ascii=True, separators=(", ", ": "))
