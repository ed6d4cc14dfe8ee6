"""Replayed packets gathered into flows: one path for each distinct way."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from visualize.flow import Flow, PathUse
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
    return (steps_of(path), (path.start.src, path.start.dst, path.start.sport, path.start.dport))


def steps_of(path: Path) -> tuple[object, ...]:
    """The same, whoever the ends are."""
    return tuple(map(_step_shape, path.steps))


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
        key = one.way.once(shape)
        if key in ways:
            use = ways[key]
            use.packets.append(one.number)
            if one.doubts is not use.path.doubts and _less_certain(one.path, use.path):  # a way is as certain as its least certain packet
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


def worst(certainties: Iterable[str]) -> str:
    """The least certain of several."""
    found = set(certainties)
    return next((word for word in ("unknown", "assumed") if word in found), "certain")
