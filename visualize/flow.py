"""A flow: the packets of one connection as the capture shows them, with one path for each distinct way that they took."""

from dataclasses import dataclass, field

from visualize.path import Path, Sighting, Verdict


@dataclass(frozen=True, slots=True)
class PathUse:
    """One distinct path of a flow, with the packets (numbers in the capture) that took it and what the capture saw of the first."""

    path: Path
    packets: tuple[int, ...]
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow, numbered from 1 in the order of first packets.

    `original` holds the distinct paths of packets in the direction of the first packet, most telling first (the one that met the
    nat table stands first); `reply` those of the other direction. `started`/`ended` are capture times in nanoseconds.
    """

    number: int
    capture: str
    started: int
    ended: int
    packets: int
    original: tuple[PathUse, ...]
    reply: tuple[PathUse, ...] = field(default=())

    @property
    def first(self) -> Path:
        """The path of the flow's first packet."""
        return self.original[0].path

    @property
    def verdict(self) -> Verdict:
        """What became of the first packet."""
        return self.first.verdict
