"""Flows that went as others did: not replayed themselves, but told by the ways of their class, with ends, frames and times of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from visualize.flow import Ends, Flow, PathUse
from visualize.path import Path


class Likeness(NamedTuple):
    """A way that packets of a class take: as one connection's packet took it, with that connection's ends and that packet's frame."""

    role: str
    use: PathUse
    start: Ends
    frame: int


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What flows of one class with the same kinds of packets have in common. `flow` holds the ways; its ends are a representative's."""

    flow: Flow
    uses: tuple[Likeness, ...]  # original, then reply


@dataclass(frozen=True, slots=True)
class Alike:
    """A flow that went as its model. `leads` are, for each of the model's uses, the frames that show its packets first."""

    number: int
    model: Model
    start: Ends
    started: int
    ended: int
    packets: int
    leads: tuple[tuple[int, ...], ...]
    ttls: tuple[int, ...] = ()  # for each of these uses: by how much the TTL of its first packet exceeds the model's


def ways(flow: Flow | Alike) -> Iterator[tuple[Path, int]]:
    """The distinct paths of a flow's packets (of its model's, which went the same way), and how many packets went each."""
    if isinstance(flow, Alike):
        yield from ((like.use.path, len(frames)) for like, frames in zip(flow.model.uses, flow.leads, strict=True))
    else:
        yield from ((use.path, len(use.packets)) for use in (*flow.original, *flow.reply))
