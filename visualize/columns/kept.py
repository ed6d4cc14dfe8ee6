"""What is kept of each chunk: whose frames they are, and of what event. Put aside, and read back a chunk at a time."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visualize.columns.chunk import Range, Shape
from visualize.columns.connections import I32
from visualize.columns.digest import Digest
from visualize.columns.frames import I64, Bools
from visualize.columns.mix import distinct, marked
from visualize.columns.spill import Piece, Spill

EVENT_BITS = 24
EVENT = (1 << EVENT_BITS) - 1
CLEAN = 1 << 30  # beside an event: no earlier packet of the connection was under way


class Leads(NamedTuple):
    """The packets of a connection: the numbers of the frames (from 1) that show them first, their events, before which none was under way."""

    numbers: I64
    events: I32
    clean: Bools


@dataclass(frozen=True, slots=True)
class Held:
    """One chunk."""

    first: int  # number of its first frame in the capture, from 0
    count: int  # frames
    ranges: tuple[Range, ...]  # where its data stand
    shape: Shape
    starts: Piece  # where its records start in the data
    owner: Piece  # per frame: connection * 2 + whether it shows a packet first; -1: none
    events: Piece  # of the frames that show a packet first, in order


class Kept:
    """All chunks of a capture, in order."""

    def __init__(self) -> None:
        self.chunks: list[Held] = []
        self._spill = Spill()
        self._owner: tuple[Held, I32] | None = None  # of the chunk that was asked last

    def add(self, chunk: Digest, owner: I32, events: I32) -> None:
        """The next chunk."""
        put = self._spill.put
        self.chunks.append(Held(chunk.first, chunk.taken, chunk.ranges, chunk.shape, put(chunk.starts), put(owner), put(events)))

    def starts(self, held: Held) -> NDArray[np.uint32]:
        """Where the records of a chunk start."""
        return self._spill.get(held.starts)

    def owner_of(self, row: int) -> int:
        """The connection of a frame of the capture (0: the first). Quick where rows are asked in about their order."""
        held = self.chunks[bisect_right(self.chunks, row, key=lambda one: one.first) - 1]
        if self._owner is None or self._owner[0] is not held:
            self._owner = held, self._spill.get(held.owner)
        return int(self._owner[1][row - held.first]) >> 1

    def frames_of(self, which: Bools, holds: Callable[[I64, I64], Bools] | None = None) -> Iterator[tuple[Held, I64]]:
        """The frames of some connections (of these, those that `holds` says yes to): rows of each chunk that has any."""
        for held in self.chunks:
            owner = self._spill.get(held.owner)
            rows = np.flatnonzero(owner >= 0)
            rows = rows[which[owner[rows] >> 1]]
            if holds is not None and len(rows):
                rows = rows[holds((owner[rows] >> 1).astype(np.int64), rows + held.first)]
            if len(rows):
                yield held, rows

    def packets(self) -> Iterator[tuple[I64, I64, I32]]:
        """Chunk by chunk, for each packet: the number of the frame that shows it first (from 0), its connection, its event."""
        for rows, connection, events in self._packets():
            yield rows, connection, events & EVENT

    def _packets(self) -> Iterator[tuple[I64, I64, I32]]:
        """The same, with CLEAN beside the event."""
        for held in self.chunks:
            owner = self._spill.get(held.owner)
            rows = np.flatnonzero((owner >= 0) & (owner & 1 == 1))
            yield rows + held.first, (owner[rows] >> 1).astype(np.int64), self._spill.get(held.events)

    def pairs(self) -> Iterator[I64]:
        """Chunk by chunk: the different (connection, event), as connection << EVENT_BITS | event."""
        for _, connection, event in self.packets():
            yield distinct(connection << EVENT_BITS | event)

    def leads(self, chosen: I64, count: int) -> dict[int, Leads]:
        """The packets of some connections. `count`: of all connections."""
        which = marked(count, chosen)
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32))]
        for row, connection, event in self._packets():
            mine = which[connection]
            parts.append((connection[mine], row[mine] + 1, event[mine]))
        owner, numbers, events = (np.concatenate([part[n] for part in parts]) for n in range(3))
        order, wanted = np.argsort(owner, kind="stable"), np.sort(chosen)
        ends = np.searchsorted(owner[order], wanted, side="right").tolist()
        numbers, events = numbers[order], events[order]
        events, clean = events & EVENT, events & CLEAN != 0
        spans = zip(wanted.tolist(), map(slice, [0, *ends], ends), strict=True)
        return {one: Leads(numbers[part], events[part], clean[part]) for one, part in spans}
