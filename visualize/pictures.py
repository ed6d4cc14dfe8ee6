"""Writing pictures into a folder: flows, the topology, the rules that were met, two flows compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path as FilePath

from snapshot.host import Host
from snapshot.raw import SnapshotError
from visualize.draw.compare import same_step
from visualize.draw.flow_scene import path_scene
from visualize.draw.picture import SUFFIXES, Style, picture, pictures
from visualize.draw.render import RenderError
from visualize.draw.rules_map import rules_scene
from visualize.draw.scene import Scene
from visualize.draw.topology import topology_scene
from visualize.flow import Flow, PathUse
from visualize.path import Verdict
from visualize.progress import watched


def flow_scenes(host: Host, flows: Sequence[Flow], detail: str, each: bool = False) -> dict[str, Scene]:
    """A picture for each distinct way that flows took, named after its first flow (`flow-003`); with `each`, for every flow.

    Where later packets of a flow came to another end than its first, that way has a picture of its own (`flow-003-2`).
    """
    groups: dict[object, list[Flow]] = {}
    for flow in flows:
        groups.setdefault(flow.number if each else way_of(flow), []).append(flow)
    scenes: dict[str, Scene] = {}
    for first, *others in groups.values():
        scenes[f"flow-{first.number:03d}"] = path_scene(host, first, detail, [flow.number for flow in others])
        for number, use in enumerate(_other_ends(first), 2):
            other = path_scene(host, replace(first, original=(use,), reply=()), detail)
            scenes[f"flow-{first.number:03d}-{number}"] = replace(other, title=f"{other.title}, another way")
    return scenes


def _other_ends(flow: Flow) -> list[PathUse]:
    """The ways of a flow's later packets that did not end as its first packet's did: one for each verdict."""
    ends: dict[Verdict, PathUse] = {}
    for use in flow.original:
        ends.setdefault(use.path.verdict, use)
    return [use for verdict, use in ends.items() if verdict is not flow.verdict]


def map_scenes(host: Host, flows: Sequence[Flow], highlighted: Sequence[Flow]) -> dict[str, Scene]:
    """The topology, and the rules that the flows met."""
    return {"topology": topology_scene(host, highlighted), "rules": rules_scene(host, flows)}


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
        drawn = pictures(scenes, partial(picture, form=form, style=style))
        try:
            for name, data in watched(drawn, "drawing", "pictures", 10):
                names.append(f"{name}.{SUFFIXES[form]}")
                (target / names[-1]).write_bytes(data)
        except RenderError as error:
            raise SnapshotError(str(error)) from error
    return names
