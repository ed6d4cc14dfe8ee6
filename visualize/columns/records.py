"""The records of a classic pcap file, a block of the file at a time: where each frame stands, without looking into it.

Blocks keep memory flat: one is read, its whole records are handed out, and what is left over stands at the start of the next.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from struct import Struct
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from visualize.columns.taps import Tap
from visualize.packet.pcap import ClassicHeader, Frame

BLOCK = 24 * 1024 * 1024  # bytes read at a time
FRAMES = 262144  # frames of one chunk at most
_PROBE = 65536  # bytes looked at to judge how large records are
_BURST = 512  # records walked before a look at them
_RUN = 32  # records of one size in a row from which on the next ones are guessed to be so too

Reader = Callable[[int, int], bytes]  # offset, size -> what the file holds there (less at its end)


class Told(NamedTuple):
    """What records tell of their frames: time in nanoseconds, captured bytes, and where in the chunk's data these begin."""

    time: NDArray[np.int64]
    captured: NDArray[np.int64]
    start: NDArray[np.int64]


class Shape(Protocol):
    """How records are read."""

    @property
    def tap(self) -> Tap:
        """Where their frames were captured."""
        ...

    def told(self, data: bytes, starts: NDArray[np.int64]) -> Told:
        """What the records at these offsets tell."""
        ...

    def frame(self, data: bytes, start: int, number: int) -> Frame:
        """One frame, as the replay takes it."""
        ...


@dataclass(frozen=True, slots=True)
class Classic:
    """Records of a classic file."""

    header: ClassicHeader
    tap: Tap

    def told(self, data: bytes, starts: NDArray[np.int64]) -> Told:
        """What the records at these offsets tell."""
        header = self.header
        fields = np.ndarray((max(len(data) - 11, 0),), "V12", buffer=data, strides=(1,))[starts].view(header.order + "u4").reshape(-1, 3)
        second, fraction, captured = (fields[:, column].astype(np.int64) for column in range(3))
        return Told(second * 1_000_000_000 + fraction * header.scale, captured, starts + header.record)

    def frame(self, data: bytes, start: int, number: int) -> Frame:
        """One frame, as the replay takes it."""
        header = self.header
        second, fraction, captured, original = Struct(header.order + "IIII").unpack_from(data, start)
        at = start + header.record
        return Frame(number, second * 1_000_000_000 + fraction * header.scale, header.linktype, data[at:at + captured], max(original, captured))


class Chunk(NamedTuple):
    """Consecutive records. `starts` are the records' offsets in `data`; frames count from `first` (0: the file's first)."""

    data: bytes
    starts: NDArray[np.int64]
    first: int
    at: int  # where `data` stands in the file
    last: bool  # nothing that can be read comes behind it
    shape: Shape

    def frame(self, row: int) -> Frame:
        """A frame as the replay takes it."""
        return self.shape.frame(self.data, int(self.starts[row]), self.first + row + 1)


@dataclass(frozen=True, slots=True)
class Records:
    """A classic capture to be gone through in chunks, as often as needed."""

    read: Reader
    shape: Classic
    frames: int = FRAMES
    block: int = BLOCK

    def chunk(self, at: int = 24, first: int = 0) -> Chunk:
        """The records from byte `at` on, which is frame number `first` (from 0), as many as a chunk holds.

        A damage ends them, as it ends `Capture.frames` (which tells of it).
        """
        block = self._block(at)
        while True:
            data = self.read(at, block)
            starts, damaged = _starts(data, self.shape.header, self.frames)
            whole = damaged or len(data) < block
            if len(starts) or whole:
                return Chunk(data, starts[:self.frames], first, at, whole and len(starts) <= self.frames, self.shape)
            block *= 2  # one record is larger than a block

    def _block(self, at: int) -> int:
        """How many bytes are likely to hold a chunk, judged by the next few records."""
        probe = self.read(at, _PROBE)
        starts, _ = _starts(probe, self.shape.header, _PROBE)
        return min(self.block, max(_PROBE, self.frames * len(probe) // max(len(starts), 1)))


def end_of(chunk: Chunk, row: int) -> int:
    """Where in the chunk's data a frame ends."""
    told = chunk.shape.told(chunk.data, chunk.starts[row:row + 1])
    return int(told.start[0] + told.captured[0])


def _starts(data: bytes, header: ClassicHeader, most: int) -> tuple[NDArray[np.int64], bool]:
    """Where whole records start, about `most` of them, and whether a damage stands behind them.

    Lengths are followed without a look at what they are; what can't be one leads out of the data, and is found afterwards.
    """
    ahead, pieces, count, at = header.record, [np.empty(0, np.int64)], 0, 0
    while at <= len(data) - ahead and count <= most:
        starts, after = _walk(data, header, at, _BURST)
        wrong = np.flatnonzero(np.diff(starts, append=after) - ahead > header.longest)
        if len(wrong):
            return np.concatenate((*pieces, starts[:wrong[0]])), True
        if after > len(data):
            return np.concatenate((*pieces, starts[:-1])), False
        pieces.append(starts)
        count, at = count + len(starts), after
        size = after - int(starts[-1])
        if len(starts) > _RUN and int(starts[-1] - starts[-1 - _RUN]) == _RUN * size:
            more = _run(data, after, size - ahead, header)
            pieces.append(np.arange(more, dtype=np.int64) * size + after)
            count, at = count + more, after + more * size
    return np.concatenate(pieces), False


def _walk(data: bytes, header: ClassicHeader, at: int, many: int) -> tuple[NDArray[np.int64], int]:
    """The starts of so many records (fewer at the end of the data), and where the last of them ends."""
    unpack, ahead, found = Struct(header.order + "8xI").unpack_from, header.record, array("q")
    add, last = found.append, len(data) - ahead
    for _ in repeat(None, many):
        add(at)
        at += unpack(data, at)[0] + ahead
        if at > last:
            break
    return np.frombuffer(found, np.int64), at


def _run(data: bytes, offset: int, captured: int, header: ClassicHeader) -> int:
    """How many records from `offset` on have this captured length, all of them whole."""
    step = header.record + captured
    many = (len(data) - offset) // step
    if many <= 0:
        return 0
    lengths = np.ndarray((many,), header.order + "u4", buffer=data, offset=offset + 8, strides=(step,))
    for low in range(0, many, 4096):
        other = np.flatnonzero(lengths[low:low + 4096] != captured)
        if len(other):
            return low + int(other[0])
    return many
