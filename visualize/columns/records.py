"""The records of a classic pcap file, a block of the file at a time: where each frame stands, without looking into it.

Blocks keep memory flat: one is read, its whole records are handed out, and what is left over stands at the start of the next.
"""

from array import array
from dataclasses import dataclass
from itertools import repeat
from struct import Struct

import numpy as np

from visualize.columns.chunk import BLOCK, FRAMES, I64, IN, OUT, Chunk, Range, Reader, Told
from visualize.columns.taps import Tap
from visualize.packet.packet import PACKET_OUTGOING
from visualize.packet.pcap import ClassicHeader, Frame

_PROBE = 65536  # bytes looked at to judge how large records are
_BURST = 512  # records walked before a look at them
_RUN = 32  # records of one size in a row from which on the next ones are guessed to be so too


@dataclass(frozen=True, slots=True)
class Classic:
    """Records of a classic file."""

    header: ClassicHeader
    tap: Tap
    source: int = 0

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Where their frames were captured."""
        return (self.tap,)

    def told(self, data: bytes, starts: I64) -> Told:
        """What the records at these offsets tell."""
        header = self.header
        fields = np.ndarray((max(len(data) - 11, 0),), "V12", buffer=data, strides=(1,))[starts].view(header.order + "u4").reshape(-1, 3)
        second, fraction, captured = (fields[:, column].astype(np.int64) for column in range(3))
        way = None if header.record == 16 else np.where(np.frombuffer(data, np.uint8)[starts + 22] == PACKET_OUTGOING, OUT, IN).astype(np.int16)
        return Told(second * 1_000_000_000 + fraction * header.scale, captured, starts + header.record, None, way)

    def at(self, _start: int) -> "Classic":
        """How the record at this offset is read."""
        return self

    def end(self, data: bytes, start: int) -> int:
        """Where a record ends."""
        return start + self.header.record + int(Struct(self.header.order + "8xI").unpack_from(data, start)[0])

    def frame(self, data: bytes, start: int, number: int) -> Frame:
        """One frame, as the replay takes it."""
        header = self.header
        second, fraction, captured, original = Struct(header.order + "IIII").unpack_from(data, start)
        at = start + header.record
        way = None if header.record == 16 else "out" if data[start + 22] == PACKET_OUTGOING else "in"
        return Frame(number, second * 1_000_000_000 + fraction * header.scale, header.linktype, data[at:at + captured], max(original, captured),
                     None, way)


@dataclass(slots=True)
class Records:
    """A classic capture to be gone through in chunks, as often as needed."""

    read: Reader
    shape: Classic
    frames: int = FRAMES
    block: int = BLOCK
    start: int = 24
    whole: tuple[bool] = (False,)

    def chunk(self, where: int, first: int) -> Chunk:
        """The records from byte `where` on."""
        block = self._block(where)
        while True:
            data = self.read(where, block)
            starts, damaged = _starts(data, self.shape.header, self.frames)
            ended = damaged or len(data) < block
            if len(starts) or ended:
                last = ended and len(starts) <= self.frames
                chunk = Chunk(data, starts[:self.frames], first, (Range(0, len(data), self.shape.source, where),), last, self.shape)
                self.whole = (last and (chunk.end(-1) if len(starts) else 0) == len(data),)
                return chunk
            block *= 2  # one record is larger than a block

    def _block(self, where: int) -> int:
        """How many bytes are likely to hold a chunk, judged by the next few records."""
        probe = self.read(where, _PROBE)
        starts, _ = _starts(probe, self.shape.header, _PROBE)
        return min(self.block, max(_PROBE, self.frames * len(probe) // max(len(starts), 1)))

    def after(self, chunk: Chunk, row: int) -> int:
        """Where a chunk begins whose first frame is that row of this one."""
        start = int(chunk.starts[row]) if row < len(chunk.starts) else chunk.end(row - 1)
        return chunk.ranges[0].offset + start


def _starts(data: bytes, header: ClassicHeader, most: int) -> tuple[I64, bool]:
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


def _walk(data: bytes, header: ClassicHeader, at: int, many: int) -> tuple[I64, int]:
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
