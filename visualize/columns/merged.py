"""Several captures at once, merged by time as `Replay.run` merges them.

That takes, again and again, the earliest of the captures' next frames. So a frame whose clock went back stands right behind the one
before it: what counts is the latest time that its capture has shown so far, and where these are equal, the captures' order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from visualize.columns.blocks import Blocks
from visualize.columns.chunk import BLOCK, FRAMES, I64, Chunk, Giver, Joined, Range
from visualize.columns.records import Classic, Records
from visualize.columns.taps import Taps, UnservedError
from visualize.packet.pcap import classic_header
from visualize.replay import Source

_EARLIEST = np.iinfo(np.int64).min


class Spot(NamedTuple):
    """How far a capture was read. `latest`: the latest time until there."""

    where: Any  # None: to its end
    first: int = 0
    latest: int = _EARLIEST


class _Part(NamedTuple):
    """A capture's chunk, and for each of its frames the latest time until there."""

    chunk: Chunk
    keys: I64
    spot: Spot


@dataclass(slots=True)
class Merged:
    """Captures to be gone through together in chunks, as often as needed."""

    givers: tuple[Giver, ...]
    frames: int = FRAMES
    _ahead: dict[int, tuple[Spot, Chunk, int]] = field(default_factory=dict)  # what was read and not yet given, and how much it was
    _given: tuple[list[_Part], I64] = field(default_factory=lambda: ([], np.zeros(0, np.int64)))  # parts of the last chunk, and each row's capture

    @property
    def start(self) -> tuple[Spot, ...]:
        """Where the first chunk begins."""
        return tuple(Spot(giver.start) for giver in self.givers)

    @property
    def whole(self) -> tuple[bool, ...]:
        """Of which captures every byte was read, and nothing was wrong."""
        return tuple(all(giver.whole) for giver in self.givers)

    def chunk(self, where: tuple[Spot, ...], first: int) -> Chunk:
        """The frames from there on, as far as it is known that no other comes between them."""
        parts = [self._part(number, spot) for number, spot in enumerate(where)]
        known = min(((int(part.keys[-1]), number) for number, part in enumerate(parts) if not part.chunk.last), default=None)
        counts = [len(part.keys) if known is None else int(np.searchsorted(part.keys, known[0], "right" if number <= known[1] else "left"))
                  for number, part in enumerate(parts)]
        source = np.repeat(np.arange(len(parts)), counts)
        order = np.argsort(np.concatenate([part.keys[:count] for part, count in zip(parts, counts, strict=True)]), kind="stable")[:self.frames]
        source = source[order]
        self._given = parts, source
        taken = np.bincount(source, minlength=len(parts)).tolist()
        last = all(part.chunk.last and count == len(part.keys) for part, count in zip(parts, taken, strict=True))
        return self._joined(parts, taken, source, first, last)

    def _part(self, number: int, spot: Spot) -> _Part:
        held = self._ahead.pop(number, None)
        if spot.where is None:
            chunk = Chunk(b"", np.zeros(0, np.int64), spot.first, (), True, Joined((), (), ()))
        elif held is not None and held[0] == spot and (held[1].last or len(held[1].starts) > held[2] // 2):
            _, chunk, many = held
            self._ahead[number] = spot, chunk, many
        else:
            chunk = self.givers[number].chunk(spot.where, spot.first)
            self._ahead[number] = spot, chunk, len(chunk.starts)
        keys = np.maximum(np.maximum.accumulate(chunk.told().time), spot.latest) if len(chunk.starts) else np.zeros(0, np.int64)
        return _Part(chunk, keys, spot)

    @staticmethod
    def _joined(parts: list[_Part], taken: list[int], source: I64, first: int, last: bool) -> Chunk:
        """One chunk of what was taken of each."""
        starts, pieces, ranges, shapes, size = np.zeros(len(source), np.int64), [], [], [], 0
        for number, (part, count) in enumerate(zip(parts, taken, strict=True)):
            if not count:
                continue
            chunk = part.chunk
            low, end = int(chunk.starts[0]), chunk.end(count - 1)
            starts[source == number] = chunk.starts[:count] - low + size
            ranges.append(Range(size, size + end - low, number, chunk.ranges[0].offset + low))
            shapes.append(_shifted(chunk, low, end, size))
            pieces.append(memoryview(chunk.data)[low:end])
            size += end - low
        begins = [begin for some, _ in shapes for begin in some]
        return Chunk(b"".join(pieces), starts, first, tuple(ranges), last, Joined.of(begins, [shape for _, some in shapes for shape in some]))

    def after(self, _chunk: Chunk, row: int) -> tuple[Spot, ...]:
        """Where a chunk begins whose first frame is that row of the last one."""
        parts, source = self._given
        taken = np.bincount(source[:row], minlength=len(parts)).tolist()
        return tuple(self._behind(number, part, count) for number, (part, count) in enumerate(zip(parts, taken, strict=True)))

    def _behind(self, number: int, part: _Part, count: int) -> Spot:
        """A capture behind so many frames of its part."""
        chunk, spot = part.chunk, part.spot
        latest = int(part.keys[count - 1]) if count else spot.latest
        if count == len(chunk.starts):
            return Spot(None if chunk.last else self.givers[number].after(chunk, count), spot.first + count, latest)
        found = Spot(self.givers[number].after(chunk, count), spot.first + count, latest)
        self._ahead[number] = found, chunk._replace(starts=chunk.starts[count:], first=chunk.first + count), self._ahead[number][2]
        return found


def giver(sources: Sequence[Source], taps: Taps, frames: int = FRAMES) -> Giver:
    """What gives the captures in chunks. Raises UnservedError where columns can't read one of them."""
    block = max(BLOCK // len(sources), BLOCK // 16)
    givers = [_one(index, source, taps, frames, block) for index, source in enumerate(sources)]
    return givers[0] if len(givers) == 1 else Merged(tuple(givers), frames)


def _one(index: int, source: Source, taps: Taps, frames: int, block: int) -> Giver:
    capture = source.capture
    if capture is None:
        raise UnservedError
    header = classic_header(capture.read(0, 24))
    if header is None:
        return Blocks(capture.read, capture.size, taps, index, source, frames, block)
    return Records(capture.read, Classic(header, taps.tap(index, source, header.linktype), index), frames, block)


def _shifted(chunk: Chunk, low: int, high: int, to: int) -> tuple[list[int], list[Any]]:
    """A chunk's shapes, and where they begin, once its data from `low` to `high` stand at `to`."""
    shape = chunk.shape
    if not isinstance(shape, Joined):
        return [to], [shape]
    ends = (*shape.begins[1:], high)
    kept = [number for number, (begin, end) in enumerate(zip(shape.begins, ends, strict=True)) if end > low and begin < high]
    return [max(shape.begins[number] - low, 0) + to for number in kept], [shape.shapes[number] for number in kept]
