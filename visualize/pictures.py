"""Writing pictures into a folder: flows, the topology, the rules that were met, two flows compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from snapshot.host import Host
from snapshot.raw import SnapshotError
from visualize.alike import Alike
from visualize.draw.compare import same_step
from visualize.draw.flow_scene import path_scene
from visualize.draw.picture import SUFFIXES, Style, pictures
from visualize.draw.render import RenderError
from visualize.draw.rules_map import rules_scene
from visualize.draw.scene import Scene
from visualize.draw.topology import topology_scene
from visualize.flow import Flow, PathUse
from visualize.path import Path, Verdict
from visualize.progress import watched


@dataclass(frozen=True, slots=True)
class Found:
    """The flows that there are to draw, by their numbers. Those of a large capture are known without replaying them.

    `known` tells flows as far as they are known, `replayed` with every packet replayed; both in the order of the numbers given.
    """

    numbers: Sequence[int]
    known: Callable[[Sequence[int]], Sequence[Flow | Alike]]
    replayed: Callable[[Sequence[int]], Sequence[Flow]]


def found(flows: Sequence[Flow]) -> Found:
    """Flows of which every packet was replayed."""
    held = {flow.number: flow for flow in flows}

    def of(numbers: Sequence[int]) -> Sequence[Flow]:
        return [held[number] for number in numbers]

    return Found(list(held), of, of)


def flow_scenes(host: Host, flows: Found, detail: str, each: bool = False) -> dict[str, Scene]:
    """A picture for each distinct way that flows took, named after its first flow (`flow-003`); with `each`, for every flow.

    Where later packets of a flow came to another end than its first, that way has a picture of its own (`flow-003-2`).
    """
    scenes: dict[str, Scene] = {}
    for first, others in _shared(flows, each):
        scenes[f"flow-{first.number:03d}"] = path_scene(host, first, detail, others)
        for number, use in enumerate(_other_ends(first), 2):
            other = path_scene(host, replace(first, original=(use,), reply=()), detail)
            scenes[f"flow-{first.number:03d}-{number}"] = replace(other, title=f"{other.title}, another way")
    return scenes


def _shared(flows: Found, each: bool) -> list[tuple[Flow, list[int]]]:
    """The flows to draw, replayed, each with the numbers of the others that went its way."""
    like: dict[object, list[int]] = {}
    for flow in flows.known(flows.numbers):
        like.setdefault(flow.number if each else _likeness(flow), []).append(flow.number)
    groups: dict[object, tuple[Flow, list[int]]] = {}
    for flow, numbers in zip(flows.replayed([numbers[0] for numbers in like.values()]), like.values(), strict=True):
        groups.setdefault(flow.number if each else way_of(flow), (flow, []))[1].extend(numbers)
    return [(flow, sorted(set(numbers) - {flow.number})) for flow, numbers in groups.values()]


def _likeness(flow: Flow | Alike) -> object:
    """Equal for flows that are certain to have gone the same way (`way_of`): of one model, from one client to one service."""
    if isinstance(flow, Flow):
        return flow.number
    tells = any(str(port) in text for like in flow.model.uses for port in (like.start.sport, like.start.icmp_id) if port is not None
                for text in _words(like.use.path))
    return id(flow.model), flow.start.src, flow.start.dst, flow.start.dport, flow.number if tells else None


def _words(path: Path) -> Iterator[str]:
    """The sentences of a path: should one name the client's port, it is not those of other flows."""
    yield path.end.why
    for doubt in path.doubts:
        yield from (doubt.at, doubt.why, doubt.assumed, doubt.settle)


def _other_ends(flow: Flow) -> list[PathUse]:
    """The ways of a flow's later packets that did not end as its first packet's did: one for each verdict."""
    ends: dict[Verdict, PathUse] = {}
    for use in flow.original:
        ends.setdefault(use.path.verdict, use)
    return [use for verdict, use in ends.items() if verdict is not flow.verdict]


def map_scenes(host: Host, flows: Found, highlighted: Sequence[Flow]) -> dict[str, Scene]:
    """The topology, and the rules that the flows met."""
    return {"topology": topology_scene(host, highlighted), "rules": rules_scene(host, flows.known(flows.numbers))}


def way_of(flow: Flow) -> object:
    """What flows have in common that differ only in the client's port (or ICMP id), sequence numbers and times."""
    return tuple(tuple(map(_way, uses)) for uses in (flow.original, flow.reply))


def _way(use: PathUse) -> object:
    start = use.path.start
    client, server = ("dport", "sport") if use.path.role == "reply" else ("sport", "dport")
    steps = tuple((*same_step(step), step.packet.src, step.packet.dst, getattr(step.packet, server),
                   getattr(step.packet, client) == getattr(start, client)) for step in use.path.steps)
    evidence = tuple((s.netns, s.interface, s.outgoing, s.state, s.why) for s in use.sightings)
    kind = (start.src, start.dst, start.protocol, getattr(start, server), start.icmp_type, start.icmp_code, start.mark)
    return kind, steps, use.path.end.why, evidence, use.path.doubts, len(use.path.children)


def write_pictures(scenes: Mapping[str, Scene], folder: str, formats: Sequence[str], style: Style) -> list[str]:
    """Write each scene in each format; returns the names of the files. Raises SnapshotError where a format can't be made."""
    target = FilePath(folder)
    target.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for form in formats:
        try:
            for name, data in watched(pictures(scenes, form, style), "drawing", "pictures", 10):
                names.append(f"{name}.{SUFFIXES[form]}")
                (target / names[-1]).write_bytes(data)
        except RenderError as error:
            raise SnapshotError(str(error)) from error
    return names
