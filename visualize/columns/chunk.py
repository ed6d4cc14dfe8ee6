"""Chunks: consecutive records of a capture, whatever its format, and what is known of them without looking into the frames."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from visualize.columns.taps import Tap
from visualize.packet.pcap import Frame

I64 = NDArray[np.int64]
I16 = NDArray[np.int16]
BLOCK = 24 * 1024 * 1024  # bytes read at a time
FRAMES = 262144  # frames of one chunk at most
IN, OUT = 1, 2  # `Told.way`

Reader = Callable[[int, int], bytes]  # offset, size -> what the file holds there (less at its end)
Where = Any  # a position in a capture: only who gives chunks looks into it


class Told(NamedTuple):
    """What records tell of their frames."""

    time: I64  # nanoseconds
    captured: I64  # bytes
    start: I64  # where in the chunk's data these begin
    tap: I16 | None = None  # the number in `Shape.taps` (-1: of no use); None: the only one
    way: I16 | None = None  # IN, OUT, 0: not told; None: none is

    def of(self, rows: I64) -> "Told":
        """The same of some frames."""
        return Told(self.time[rows], self.captured[rows], self.start[rows], *(None if column is None else column[rows] for column in self[3:]))


class Shape(Protocol):
    """How the records of some data are read."""

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Where their frames were captured."""
        ...

    def told(self, data: bytes, starts: I64) -> Told:
        """What the records at these offsets tell."""
        ...

    def at(self, start: int) -> "Leaf":
        """How the record at this offset is read."""
        ...


class Leaf(Shape, Protocol):
    """How records of one kind are read."""

    @property
    def source(self) -> int:
        """Which of several captures they are of, from 0."""
        ...

    def end(self, data: bytes, start: int) -> int:
        """Where a record ends."""
        ...

    def frame(self, data: bytes, start: int, number: int) -> Frame:
        """One frame, as the replay takes it."""
        ...


class Range(NamedTuple):
    """A chunk's data from `begin` to `end` are what stands in a capture from `offset` on."""

    begin: int
    end: int
    source: int
    offset: int


class Chunk(NamedTuple):
    """Consecutive records. `starts` are the records' offsets in `data`; frames count from `first` (0: the capture's first)."""

    data: bytes
    starts: I64
    first: int
    ranges: tuple[Range, ...]
    last: bool  # nothing that can be read comes behind it
    shape: Shape

    def told(self) -> Told:
        """What the records tell of their frames."""
        return self.shape.told(self.data, self.starts)

    def frame(self, row: int) -> Frame:
        """A frame as the replay takes it."""
        start = int(self.starts[row])
        return self.shape.at(start).frame(self.data, start, self.first + row + 1)

    def end(self, row: int) -> int:
        """Where in the data a record ends."""
        start = int(self.starts[row])
        return self.shape.at(start).end(self.data, start)

    def upto(self, taken: int) -> "Chunk":
        """The first `taken` frames, and no data behind them."""
        starts = self.starts[:taken]
        ranges = []
        for one in self.ranges:
            mine = np.flatnonzero((starts >= one.begin) & (starts < one.end)) if len(self.ranges) > 1 else np.arange(taken)[-1:]
            if len(mine):
                ranges.append(one._replace(end=self.end(int(mine[-1]))))
        return self._replace(data=self.data[:ranges[-1].end if ranges else 0], starts=starts, ranges=tuple(ranges))


class Giver(Protocol):
    """Gives captures in chunks, as often as needed. `frames`: of one chunk at most."""

    frames: int

    @property
    def start(self) -> Where:
        """Where the first chunk begins."""
        ...

    @property
    def whole(self) -> tuple[bool, ...]:
        """Once the last chunk was given: of which captures every byte was read, and nothing was wrong."""
        ...

    def chunk(self, where: Where, first: int) -> Chunk:
        """The records from there on, of which the first is frame number `first` (from 0), as many as a chunk holds.

        A damage ends them, as it ends `Capture.frames` (which tells of it). Raises UnservedError where columns can't read them.
        """
        ...

    def after(self, chunk: Chunk, row: int) -> Where:
        """Where a chunk begins whose first frame is that row of this one (of the last that was given)."""
        ...


@dataclass(frozen=True, slots=True)
class Joined:
    """Data of several shapes, one behind the other: `begins` are their offsets."""

    begins: tuple[int, ...]
    shapes: tuple[Shape, ...]
    taps: tuple[Tap, ...]

    @staticmethod
    def of(begins: Sequence[int], shapes: Sequence[Shape]) -> Shape:
        """Shapes joined, if there are several."""
        if len(shapes) == 1:
            return shapes[0]
        taps = {tap.number: tap for shape in shapes for tap in shape.taps}
        return Joined(tuple(begins), tuple(shapes), tuple(taps.values()))

    def told(self, data: bytes, starts: I64) -> Told:
        """What the records at these offsets tell."""
        which = np.searchsorted(np.array(self.begins), starts, side="right") - 1
        found = Told(*np.zeros((3, len(starts)), np.int64), *np.zeros((2, len(starts)), np.int16))
        for number, shape in enumerate(self.shapes):
            rows = np.flatnonzero(which == number)
            if len(rows):
                self._put(found, rows, shape, shape.told(data, starts[rows]))
        return found

    def _put(self, found: Told, rows: I64, shape: Shape, told: Told) -> None:
        assert found.tap is not None
        assert found.way is not None
        found.time[rows], found.captured[rows], found.start[rows] = told.time, told.captured, told.start
        mine = [tap.number for tap in self.taps]
        numbers = np.array([*(mine.index(tap.number) for tap in shape.taps), -1], np.int16)
        found.tap[rows] = numbers[0 if told.tap is None else told.tap]
        if told.way is not None:
            found.way[rows] = told.way

    def at(self, start: int) -> Leaf:
        """How the record at this offset is read."""
        return self.shapes[bisect_right(self.begins, start) - 1].at(start)
