"""The packets of a pcapng file, a part of the file at a time: where each block stands, without looking into its frame.

Enhanced packet blocks are found by columns: every word that could be the type of one whose two lengths agree; the blocks themselves are
those of them that follow one upon the other. Whatever stands between (sections, interfaces, statistics) is gone through one by one, as
`packet.pcap` does it.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from math import gcd
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visualize.columns.chunk import BLOCK, FRAMES, I16, I64, IN, OUT, Chunk, Joined, Range, Reader, Told
from visualize.columns.taps import Tap, Taps, UnservedError
from visualize.packet.pcap import EPB, IDB, LINK_TYPES, PB, SHB, SPB, Frame, Interface, Section, block_length, section_at
from visualize.replay import Source

_HEADER, _BEHIND = 28, 4  # bytes of an enhanced packet block before the frame, and its length once more
_LARGEST = 1 << 62
_MOST_INTERFACES, _MOST_SPOTS = 1000, 1000  # of a section; of a chunk
_FLAGS = 2 | 4 << 16  # the head of the option epb_flags


class Spot(NamedTuple):
    """A place between two blocks, and what the section has told so far."""

    offset: int
    order: str = "<"
    interfaces: tuple[Interface, ...] = ()


_BEGIN = Spot(0)


@dataclass(frozen=True, slots=True)
class Enhanced:
    """Enhanced packet blocks of one section. `numbers`: for each interface its place in `taps`, or -1."""

    order: str
    interfaces: tuple[Interface, ...]
    taps: tuple[Tap, ...]
    numbers: tuple[int, ...]
    source: int

    def told(self, data: bytes, starts: I64) -> Told:
        """What the blocks at these offsets tell."""
        fields = np.ndarray((max(len(data) - _HEADER + 1, 0),), f"V{_HEADER}", buffer=data, strides=(1,))[starts]
        words = fields.view(self.order + "u4").reshape(-1, 7)
        which, captured = words[:, 2].astype(np.int64), words[:, 5].astype(np.int64)
        ticks = words[:, 3].astype(np.uint64) << np.uint64(32) | words[:, 4]
        tap = np.array(self.numbers, np.int16)[which]
        return Told(self._times(ticks, which), captured, starts + _HEADER, tap, self._ways(data, starts, words[:, 1].astype(np.int64), captured))

    def _times(self, ticks: NDArray[np.uint64], which: I64) -> I64:
        """Times in nanoseconds. Raises UnservedError where a number of 64 bits is not enough on the way."""
        found = np.zeros(len(ticks), np.int64)
        for number, held in enumerate(self.interfaces):
            rows = np.flatnonzero(which == number) if len(self.interfaces) > 1 else np.arange(len(ticks))
            common = gcd(held.multiply, held.divide)
            multiply, divide = held.multiply // common, held.divide // common
            most = int(ticks[rows].max(initial=0))
            if max(most // divide * multiply, divide * multiply, most) + abs(held.offset) >= _LARGEST:
                raise UnservedError
            some = ticks[rows].astype(np.int64)
            found[rows] = some // divide * multiply + some % divide * multiply // divide + held.offset
        return found

    def _ways(self, data: bytes, starts: I64, length: I64, captured: I64) -> I16 | None:
        """Which frames' options tell their direction."""
        behind = starts + _HEADER + (captured + 3 & ~3)
        rows = np.flatnonzero(behind + 8 + _BEHIND <= starts + length)
        if not len(rows):
            return None
        found = np.zeros(len(starts), np.int16)
        head = np.ndarray((len(data) - 7,), "V8", buffer=data, strides=(1,))[behind[rows]].view(self.order + "u4").reshape(-1, 2)
        first = head[:, 0] == (_FLAGS if self.order == "<" else 2 << 16 | 4)
        found[rows[first]] = np.array([0, IN, OUT, 0], np.int16)[head[first, 1] & 3]
        for row in rows[~first].tolist():
            way = self.frame(data, int(starts[row]), 0).direction
            found[row] = {None: 0, "in": IN, "out": OUT}[way]
        return found

    def at(self, _start: int) -> "Enhanced":
        """How the block at this offset is read."""
        return self

    def end(self, data: bytes, start: int) -> int:
        """Where a block ends."""
        return start + int(Struct(self.order + "4xI").unpack_from(data, start)[0])

    def frame(self, data: bytes, start: int, number: int) -> Frame:
        """One frame, as the replay takes it."""
        section = Section(self.order, self.interfaces)
        body = memoryview(data)[start + 8:start + section.word(data, start + 4)[0] - _BEHIND]
        read = section.packet(EPB, body, number)
        assert not isinstance(read, str)
        return read[0]._replace(data=bytes(read[0].data))


@dataclass(slots=True)
class _Found:
    """What a walk has found so far."""

    pieces: list[I64] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)  # where in the data another section, or another interface, begins to count
    spots: list[Spot] = field(default_factory=list)
    at: int = 0
    ended: bool = False  # nothing that can be read comes behind
    whole: bool = False  # ... because there is nothing


@dataclass(slots=True)
class Blocks:
    """A pcapng capture to be gone through in chunks, as often as needed."""

    read: Reader
    size: int
    taps: Taps
    index: int
    source: Source
    frames: int = FRAMES
    block: int = BLOCK
    start: Spot = _BEGIN
    whole: tuple[bool] = (False,)

    def chunk(self, where: Spot, first: int) -> Chunk:
        """The packet blocks from there on."""
        block = self.block
        while True:
            data = self.read(where.offset, block)
            found = self._walk(data, where)
            starts = np.concatenate(found.pieces) if found.pieces else np.zeros(0, np.int64)
            if len(starts) or found.ended:
                last = found.ended and len(starts) <= self.frames
                self.whole = (last and found.whole,)
                shape = Joined.of(found.begins, [self._enhanced(spot) for spot in found.spots])
                return Chunk(data, starts[:self.frames], first, (Range(0, len(data), self.index, where.offset),), last, shape)
            if found.at:
                where = found.spots[-1]._replace(offset=where.offset + found.at)
            else:
                block *= 2  # one block is larger

    def after(self, chunk: Chunk, row: int) -> Spot:
        """Where a chunk begins whose first frame is that row of this one."""
        start = int(chunk.starts[row]) if row < len(chunk.starts) else chunk.end(row - 1)
        shape = chunk.shape.at(start)
        assert isinstance(shape, Enhanced)
        return Spot(chunk.ranges[0].offset + start, shape.order, shape.interfaces)

    def _enhanced(self, spot: Spot) -> Enhanced:
        taps = [self._tap(interface) for interface in spot.interfaces]
        different = {tap.number: tap for tap in taps if tap is not None}
        places = {number: place for place, number in enumerate(different)}
        return Enhanced(spot.order, spot.interfaces, tuple(different.values()), tuple(-1 if tap is None else places[tap.number] for tap in taps),
                        self.index)

    def _tap(self, interface: Interface) -> Tap | None:
        """Where an interface's frames were captured; None where no frame of it is of use to the replay."""
        if interface.linktype not in LINK_TYPES:
            raise UnservedError  # the plain reader leaves its frames out, and tells of it
        name = self.source.interface
        if name is None and interface.linktype != 276:  # which tells the interface by itself
            name = interface.name
            if name is None and not self.source.local:
                return None
        return self.taps.tap(self.index, replace(self.source, interface=name), interface.linktype)

    # -- the walk ----------------------------------------------------------------------------------------------------------

    def _walk(self, data: bytes, where: Spot) -> _Found:
        """Go through whole blocks, as `packet.pcap` does."""
        view, section = memoryview(data), Section(where.order, where.interfaces)
        found = _Found(begins=[0], spots=[where])
        known: dict[str, _Packets] = {}
        left = self.size - where.offset
        while found.at + 12 <= len(data):
            if section.order not in known:
                known[section.order] = _Packets(data, section.order)
            if self._packets(found, known[section.order], section):
                continue
            if found.ended:
                return found
            kind = section.word(view, found.at)[0]
            if kind == SHB:
                if found.at + 28 > len(data) < left:
                    return found
                read = section_at(view, found.at)
                if isinstance(read, str):
                    found.ended = True
                    return found
                section = read
            length = section.word(view, found.at + 4)[0]
            if found.at + length > len(data) and found.at + length <= left:
                return found  # more of the file is needed
            body = view[found.at + 8:found.at + length - 4]
            if block_length(view, found.at, section.word)[2] or (kind == IDB and section.describe_interface(body)):
                found.ended = True
                return found
            if kind in (PB, SPB):
                raise UnservedError
            if kind == EPB:  # too short for what such a block holds
                found.ended = True
                return found
            found.at += length
            if kind in (SHB, IDB):
                found.begins.append(found.at)
                found.spots.append(Spot(0, section.order, tuple(section.interfaces)))
                if len(section.interfaces) > _MOST_INTERFACES:
                    raise UnservedError
                if len(found.spots) > _MOST_SPOTS:
                    return found
        found.ended = len(data) >= left
        found.whole = found.at == left
        return found

    @staticmethod
    def _packets(found: _Found, packets: "_Packets", section: Section) -> bool:
        """Take the enhanced packet blocks that stand here; whether there were any. A wrong one ends the walk."""
        starts, behind = packets.run(found.at)
        if not len(starts):
            return False
        good = packets.good(starts, len(section.interfaces))
        if not good.all():
            starts, found.ended = starts[:int(np.argmin(good))], True
        found.pieces.append(starts)
        found.at = behind
        return not found.ended


class _Packets:
    """The places in some data where an enhanced packet block may stand: its type, and two lengths that agree."""

    def __init__(self, data: bytes, order: str) -> None:
        words = self._words = np.frombuffer(data, order + "u4", len(data) // 4)
        found = np.flatnonzero(words[:-1] == EPB) if len(words) else np.zeros(0, np.int64)
        length = words[found + 1].astype(np.int64)
        fits = (length >= _HEADER + _BEHIND) & (length % 4 == 0) & (found + length // 4 <= len(words))
        found, length = found[fits], length[fits] // 4
        same = words[found + length - 1] == length * 4
        self._at, self._next = found[same], (found + length)[same]
        self._breaks = np.flatnonzero(self._next[:-1] != self._at[1:])

    def run(self, offset: int) -> tuple[I64, int]:
        """The blocks that follow one upon the other from here on, and where they end."""
        begin = int(np.searchsorted(self._at, offset // 4))
        if begin == len(self._at) or self._at[begin] * 4 != offset:
            return np.zeros(0, np.int64), offset
        broken = bisect_left(self._breaks, begin)
        end = int(self._breaks[broken]) if broken < len(self._breaks) else len(self._at) - 1
        return self._at[begin:end + 1] * 4, int(self._next[end]) * 4

    def good(self, starts: I64, interfaces: int) -> NDArray[np.bool_]:
        """Which blocks name an interface that was described, and hold as much as they say."""
        at = starts // 4
        length, captured = self._words[at + 1].astype(np.int64), self._words[at + 5].astype(np.int64)
        found: NDArray[np.bool_] = (self._words[at + 2] < interfaces) & (captured <= length - _HEADER - _BEHIND)
        return found
