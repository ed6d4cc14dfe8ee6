"""Learning from the capture what the kernel chose by chance: the port or ICMP id that NAT gave a connection."""

from dataclasses import fields, replace
from typing import Any

from visualize.datapath.conntrack import Connection
from visualize.datapath.tuples import FlowTuple, tuple_of
from visualize.packet.packet import Packet
from visualize.path import Path, Rewritten, Step


def port(path: Path, expected: Packet, seen: Packet) -> Path | None:
    """The path with the port (or id) that was seen, where nothing else differs; None where more does."""
    name = "sport" if expected.sport is not None else "icmp_id"
    chosen = getattr(seen, name)
    same = replace(expected, **{name: chosen})
    if chosen == getattr(expected, name) or any(getattr(same, key) != getattr(seen, key) for key in ("src", "dst", "dport", "ttl")):
        return None
    steps: list[Step] = []
    renamed = False
    for step in path.steps:
        if isinstance(step, Rewritten) and step.kind in ("MASQUERADE", "SNAT"):
            renamed = True
            before, after = dict(step.before), dict(step.after)
            before[name], after[name] = getattr(path.start, name), chosen
            step = replace(step, before=before, after=after)
        if renamed:
            step = replace(step, packet=replace(step.packet, **{name: chosen}))
        steps.append(step)
    if not renamed:
        return None
    doubts = tuple(doubt for doubt in path.doubts if not doubt.by_chance)
    kept: dict[str, Any] = {f.name: getattr(path, f.name) for f in fields(Path) if f.init}
    return Path(**{**kept, "steps": tuple(steps), "doubts": doubts})


def reply_tuple(connection: Connection, seen: Packet) -> FlowTuple:
    """The reply direction of a connection whose packet left as `seen`."""
    wanted = tuple_of(seen)
    assert wanted is not None
    return wanted.inverse()
