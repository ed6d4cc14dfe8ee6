"""Learning from the capture what the kernel chose by chance: the port or ICMP id that NAT gave a connection."""

from dataclasses import fields, replace
from typing import Any

from visualize.datapath.tuples import FlowTuple, tuple_of
from visualize.packet.packet import Packet
from visualize.path import Path, Rewritten, Step

_NAMES = {"sport": ("MASQUERADE", "SNAT"), "dport": ("DNAT", "REDIRECT"), "icmp_id": ("MASQUERADE", "SNAT", "DNAT", "REDIRECT")}


def port(path: Path, expected: Packet, seen: Packet) -> Path | None:
    """The path with the port (or id) that was seen, where nothing else differs; None where more does."""
    differing = [name for name in ("src", "dst", "ttl", *_NAMES) if getattr(expected, name) != getattr(seen, name)]
    if len(differing) != 1 or differing[0] not in _NAMES:
        return None
    name = differing[0]
    chosen = getattr(seen, name)
    steps: list[Step] = []
    renamed = False
    for step in path.steps:
        if isinstance(step, Rewritten) and step.kind in _NAMES[name] and getattr(step.packet, name) == getattr(expected, name):
            renamed = True
            before, after = dict(step.before), dict(step.after)
            before[name], after[name] = before.get(name, getattr(path.start, name)), chosen
            step = replace(step, before=before, after=after)
        if renamed:
            step = replace(step, packet=replace(step.packet, **{name: chosen}))
        steps.append(step)
    if not renamed:
        return None
    doubts = tuple(doubt for doubt in path.doubts if not doubt.by_chance)
    kept: dict[str, Any] = {f.name: getattr(path, f.name) for f in fields(Path) if f.init}
    return Path(**{**kept, "steps": tuple(steps), "doubts": doubts})


def reply_tuple(seen: Packet) -> FlowTuple:
    """The reply direction of a connection whose packet left as `seen`."""
    wanted = tuple_of(seen)
    assert wanted is not None
    return wanted.inverse()
