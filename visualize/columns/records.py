"""The records of a classic pcap file, a block of the file at a time: where each frame stands, without looking into it.

Blocks keep memory flat: one is read, its whole records are handed out, and what is left over stands at the start of the next.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visualize.packet.pcap import ClassicHeader

BLOCK = 24 * 1024 * 1024  # bytes read at a time
FRAMES = 524288  # frames of one chunk at most
_RUN = 32  # records of one size in a row from which on the next ones are guessed to be so too

Reader = Callable[[int, int], bytes]  # offset, size -> what the file holds there (less at its end)


class Chunk(NamedTuple):
    """Consecutive records. `starts` are the records' offsets in `data`; frames count from `first` (0: the file's first)."""

    data: bytes
    starts: NDArray[np.int64]
    first: int
    at: int  # where `data` stands in the file
    last: bool  # nothing that can be read comes behind it


@dataclass(frozen=True, slots=True)
class Records:
    """A classic capture to be gone through in chunks, as often as needed."""

    read: Reader
    header: ClassicHeader
    frames: int = FRAMES
    block: int = BLOCK

    def chunk(self, at: int = 24, first: int = 0) -> Chunk:
        """The records from byte `at` on, which is frame number `first` (from 0), as many as a chunk holds.

        A damage ends them, as it ends `Capture.frames` (which tells of it).
        """
        block = self.block
        while True:
            data = self.read(at, block)
            starts, damaged = _starts(data, self.header)
            whole = damaged or len(data) < block
            if len(starts) or whole:
                return Chunk(data, starts[:self.frames], first, at, whole and len(starts) <= self.frames)
            block *= 2  # one record is larger than a block


class Told(NamedTuple):
    """What records tell of their frames: time in nanoseconds, captured bytes, and where in the chunk's data these begin."""

    time: NDArray[np.int64]
    captured: NDArray[np.int64]
    start: NDArray[np.int64]


def told(chunk: Chunk, header: ClassicHeader) -> Told:
    """What the records of a chunk tell."""
    data, size = chunk.data, len(chunk.data)
    fields = np.ndarray((max(size - 11, 0),), "V12", buffer=data, strides=(1,))[chunk.starts].view(header.order + "u4").reshape(-1, 3)
    second, fraction, captured = (fields[:, column].astype(np.int64) for column in range(3))
    return Told(second * 1_000_000_000 + fraction * header.scale, captured, chunk.starts + header.record)


def captured(chunk: Chunk, row: int, header: ClassicHeader) -> int:
    """The captured length of one frame."""
    return int(Struct(header.order + "I").unpack_from(chunk.data, int(chunk.starts[row]) + 8)[0])


def _starts(data: bytes, header: ClassicHeader) -> tuple[NDArray[np.int64], bool]:
    """Where whole records start, and whether a damage stands behind them."""
    unpack, size, ahead = Struct(header.order + "I").unpack_from, len(data), header.record
    found, pieces = array("q"), []
    add, offset, last, same, before = found.append, 0, size - ahead, 0, -1
    damaged = False
    while offset <= last:
        captured = unpack(data, offset + 8)[0]
        end = offset + ahead + captured
        if captured > header.longest:
            damaged = True
            break
        if end > size:
            break
        add(offset)
        offset = end
        same = same + 1 if captured == before else 0
        before = captured
        if same >= _RUN:
            more = _run(data, offset, captured, header)
            if more:
                pieces += [np.frombuffer(found, np.int64), np.arange(more, dtype=np.int64) * (ahead + captured) + offset]
                found = array("q")
                add = found.append
                offset += more * (ahead + captured)
            same = 0
    pieces.append(np.frombuffer(found, np.int64) if found else np.empty(0, np.int64))
    return np.concatenate(pieces), damaged


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
