"""Frames of chunks that were gone through before, read once more."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from visualize.columns.chunk import Range, Reader
from visualize.columns.frames import I64
from visualize.columns.kept import Held, Kept
from visualize.packet.pcap import Frame

_GAP = 64 * 1024  # bytes of the file that are read along rather than left out
_AT_ONCE = 4 * 1024 * 1024  # bytes read at a time


def again(reads: Sequence[Reader], kept: Kept, wanted: Iterable[tuple[Held, I64]]) -> Iterator[tuple[int, Frame]]:
    """Frames by chunk and row, in order, and of which capture they are. They are numbered through all captures, from 1."""
    for held, rows in wanted:
        if not len(rows):
            continue
        starts = kept.starts(held).astype(np.int64)
        which = np.searchsorted([one.begin for one in held.ranges], starts, side="right") - 1
        streams = [_frames(reads, held, one, starts, np.flatnonzero(which == number), rows[which[rows] == number])
                   for number, one in enumerate(held.ranges)]
        for number in which[rows].tolist():
            yield held.ranges[number].source, next(streams[number])


def _frames(reads: Sequence[Reader], held: Held, whole: Range, starts: I64, rows: I64, wanted: I64) -> Iterator[Frame]:
    """Some of a chunk's frames that are of one capture; `rows`: all of these."""
    at = starts[wanted]
    ends = np.append(starts[rows[1:]], whole.end)[np.searchsorted(rows, wanted)]
    for part in np.split(np.arange(len(wanted)), np.flatnonzero((np.diff(at) > _GAP) | (np.diff(at // _AT_ONCE) > 0)) + 1):
        low, high = int(at[part[0]]), int(ends[part[-1]])
        data = reads[whole.source](whole.offset + low - whole.begin, high - low)
        for start, row in zip(at[part].tolist(), wanted[part].tolist(), strict=True):
            yield held.shape.at(start).frame(data, start - low, held.first + row + 1)
