"""What is kept of one chunk: everything that the table of connections asks of its packets, and no bytes of frames.

A digest depends on nothing but its chunk. So chunks can be digested anywhere, in any order, by any process; only folding the digests
into the table (`table.py`) goes in the order of the file.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualize.columns import frames, links, odd, regular
from visualize.columns.atoms import Atoms
from visualize.columns.checks import bad_checksums
from visualize.columns.chunk import Chunk, Range, Shape
from visualize.columns.frames import I64, Bools, Frames, gather, packet_lengths, tcp_of
from visualize.columns.links import Known, Links, Packets
from visualize.columns.mix import U64
from visualize.columns.odd import Odd


@dataclass(slots=True)
class Segments:
    """TCP columns of packets (0 for other protocols)."""

    flags: I64
    seq: I64
    ack: I64
    window: I64
    length: I64  # of the data
    scale: I64  # a SYN's window scale option, -1 without
    plain: Bools  # no option that moves the window


@dataclass(slots=True)
class Digest:
    """One chunk. Rows are its frames, counted from 0; packets stand in the order of their first frames."""

    ranges: tuple[Range, ...]  # where its data stand
    shape: Shape
    first: int  # number of its first frame in the capture, from 0
    starts: NDArray[np.uint32]  # where its records start in the data
    taken: int  # frames
    span: tuple[int, int, int]  # time of the first frame, the latest time, and how far the clock ever went back
    links: Links
    packets: Packets
    of_frame: NDArray[np.int32]  # the link of each frame, -1: none
    time: I64  # per packet
    same: U64
    length: I64  # atoms
    bad: Bools  # its checksum can't be told to be right
    segments: Segments
    odd: Odd
    odd_time: I64


def nothing(keys: U64) -> I64:
    """No link is known: what a worker far away knows."""
    return np.full(len(keys), -1)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What digesting needs besides the bytes."""

    atoms: Atoms

    def digest(self, chunk: Chunk, window: int, known: Known = nothing) -> Digest:
        """Digest a chunk, up to where, in its last `window` frames, no packet is cut in two (0: up to its end).

        Of links that are `known`, no sightings are told.
        """
        found = frames.read(chunk)
        taken = len(found.time) - window
        if window:
            taken += links.cut(found.same[taken:])
        linked, packets, of_frame = links.find(found, taken, known)
        strange = odd.find(found, taken)
        rows, part = packets.row, chunk.upto(taken)
        protocol, length = linked.protocol[packets.link], packet_lengths(found, rows)
        bad = bad_checksums(found, rows, length, protocol, ~linked.leaves[packets.link])
        return Digest(part.ranges, part.shape, part.first, part.starts.astype(np.uint32), taken, _span(found.time[:taken]), linked, packets, of_frame,
                      found.time[rows], found.same[rows], self.atoms.lengths(length), bad, _segments(found, rows, length, protocol), strange,
                      found.time[strange.rows])


def _span(time: I64) -> tuple[int, int, int]:
    """The first time, the latest, and how far the clock ever went back."""
    if not len(time):
        return 0, 0, 0
    latest = np.maximum.accumulate(time)
    return int(time[0]), int(latest[-1]), int((latest - time).max())


def _segments(found: Frames, rows: I64, length: I64, protocol: I64) -> Segments:
    """The TCP columns of packets."""
    tcp = np.flatnonzero(protocol == 6)
    if len(tcp) == len(rows):
        return _tcp(found, rows, length)
    parts = _tcp(found, rows[tcp], length[tcp])

    def spread(part: Any) -> Any:
        column = np.zeros(len(rows), part.dtype)
        column[tcp] = part
        return column

    return Segments(*(spread(getattr(parts, field.name)) for field in fields(Segments)))


def _tcp(found: Frames, rows: I64, length: I64) -> Segments:
    six = found.six[rows]
    segment = tcp_of(found.ip, rows, six)
    header = np.where(six, 40, 20)
    data = length - header - segment.header
    after = found.at[rows] + header + 20
    scale, syn = np.full(len(rows), -1, np.int64), segment.flags & regular.SYN != 0
    openers = np.flatnonzero(syn)
    if len(openers):
        scale[openers] = regular.window_scales(gather(found.chunk.data, after[openers], 40), segment.header[openers] - 20)
    plain = (segment.header == 20) | syn
    stamped = np.flatnonzero(~plain & (segment.header == 32))
    if len(stamped):  # NOP NOP timestamp, and nothing else
        plain[stamped] = gather(found.chunk.data, after[stamped], 8)[:, 0] & np.uint64(0xFFFFFFFF) == np.uint64(0x0A080101)
    return Segments(segment.flags, segment.seq, segment.ack, segment.window, data, scale, plain)
