"""TCP segments that conntrack is sure to accept: a conservative check of `datapath.tcp`, for whole columns of connections at once.

A connection passes where it begins with a handshake and every later segment lies within what the other side has allowed and sent, by
lower bounds of what conntrack remembers; or where it was under way before the capture (conntrack then looks at no window). What does
not pass is not wrong: it is replayed segment by segment.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from visualize.columns.connections import I8, U8, U32, column, grown
from visualize.columns.frames import I64, Bools
from visualize.columns.mix import U64

FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32
_HALF, _WORD = 1 << 31, 0xFFFFFFFF
_LEAST_WINDOW = 66000
_SHIFT = 1 << 34  # more than any relative number: keeps segments of columns apart
NONE, HANDSHAKE, PICKED_UP = 0, 1, 2


class Segments(Protocol):
    """TCP columns, a row for each packet."""

    flags: I64
    seq: I64
    ack: I64
    window: I64
    length: I64
    scale: I64
    plain: Bools


@dataclass(slots=True)
class _Ordered:
    """Segments ordered by connection, within it as they came. `position` counts a connection's packets from 0, over all chunks."""

    connection: I64
    position: I64
    reply: I64  # 0 or 1
    flags: I64
    seq: I64
    ack: I64
    window: I64
    length: I64
    scale: I64
    plain: Bools


@dataclass(slots=True)
class Windows:
    """What is known of each connection: columns indexed by connection and, where there are two of a kind, by direction.

    Relative numbers are less than 2**31 in a connection that is regular, so what does not fit is no matter.
    """

    kind: U8 = field(default_factory=column(np.uint8))
    base: U32 = field(default_factory=column(np.uint32, 2))
    scale: I8 = field(default_factory=column(np.int8, 2))
    end: U32 = field(default_factory=column(np.uint32, 2))  # highest end sent, from the base
    allowed: U32 = field(default_factory=column(np.uint32, 2))  # highest acknowledgement and window of the other side
    window: U32 = field(default_factory=column(np.uint32, 2))  # largest window

    def grow(self, count: int) -> None:
        """Make room for so many connections."""
        have = len(self.kind)
        if count > have:
            for name in self.__slots__:
                setattr(self, name, grown(getattr(self, name), max(count, 2 * have)))

    def check(self, segments: Segments, rows: I64, connection: I64, position: I64, reply: I64) -> Bools:
        """Which segments (these rows, ordered by connection) are not sure to be accepted. Remembers what the others tell."""
        at = _Ordered(connection, position, reply, segments.flags[rows], segments.seq[rows], segments.ack[rows], segments.window[rows],
                      segments.length[rows], segments.scale[rows], segments.plain[rows])
        return _wrong_flags(self, at) | _wrong_numbers(self, at)


def _wrong_flags(known: Windows, at: _Ordered) -> Bools:
    """Flags: a SYN and its answer first, or a plain segment of a connection under way; afterwards plain segments and FINs only."""
    core, first, second = at.flags & 0x3F, at.position == 0, at.position == 1
    syn, middle = first & (core & ~8 == SYN), first & (core & ~8 & ~URG == ACK)
    known.kind[at.connection[syn]] = HANDSHAKE
    known.kind[at.connection[middle]] = PICKED_UP
    kind = known.kind[at.connection]
    later = (at.flags & (FIN | SYN | RST | ACK) == ACK) | (core & ~8 & ~URG == FIN | ACK)
    answer = second & (kind == HANDSHAKE)
    good = np.where(answer, (core & ~8 == SYN | ACK) & (at.reply == 1), later)
    good &= ~((at.position == 2) & (kind == HANDSHAKE)) | (at.reply == 0)
    wrong: Bools = ~np.where(first, syn | middle, good)
    return wrong


def _scales(known: Windows, at: _Ordered) -> None:
    """Bases from the two SYNs; window scales where both sides offer them."""
    for reply, position in ((0, 0), (1, 1)):
        rows = np.flatnonzero((at.position == position) & (at.reply == reply) & (at.flags & SYN != 0))
        which = at.connection[rows]
        known.base[which, reply] = at.seq[rows]
        known.scale[which, reply] = at.scale[rows]
        if reply:
            off = which[(known.scale[which] < 0).any(axis=1)]
            known.scale[off] = 0


def _wrong_numbers(known: Windows, at: _Ordered) -> Bools:
    _scales(known, at)
    which, reply = at.connection, at.reply
    syn = at.flags & SYN != 0
    seq = at.seq - known.base[which, reply] & _WORD
    end = seq + at.length + syn + (at.flags & FIN != 0)
    ack = np.where(at.flags & ACK != 0, at.ack - known.base[which, 1 - reply] & _WORD, 0)
    window = np.where(syn, at.window, at.window << np.clip(known.scale[which, reply], 0, 14))
    runs = _Runs(which)
    before = {}
    for side in (0, 1):
        mine, other = reply == side, reply != side
        for name, values in (("end", np.where(mine, end, 0)), ("window", np.where(mine, window, 0)),
                             ("allowed", np.where(other & (at.position > 0), ack + window, 0))):
            held = getattr(known, name)
            before[name, side], latest = runs.highest(values, held[runs.of, side])
            held[runs.of, side] = np.minimum(latest, _WORD)
    mine = {name: np.where(reply == 0, before[name, 0], before[name, 1]) for name in ("end", "allowed", "window")}
    other = {name: np.where(reply == 0, before[name, 1], before[name, 0]) for name in ("end", "window")}
    good = (seq < _HALF) & (ack < _HALF) & (seq <= mine["allowed"]) & (ack <= other["end"])
    good &= (end >= mine["end"] - other["window"]) & (ack >= other["end"] - np.maximum(mine["window"], _LEAST_WINDOW)) & at.plain
    good = np.where(at.position == 1, (ack == 1) & (seq == 0), good)
    good |= (at.position == 0) | (known.kind[which] == PICKED_UP)
    wrong: Bools = ~good
    return wrong


class _Runs:
    """The rows of each connection, which stand one after the other."""

    def __init__(self, connection: I64) -> None:
        started = np.ones(len(connection), bool)
        started[1:] = connection[1:] != connection[:-1]
        self._starts = np.flatnonzero(started)
        self._ends = np.append(self._starts[1:], len(connection)) - 1
        self._offset = np.cumsum(started) * _SHIFT  # keeps each run above the one before
        self.of = connection[self._starts]

    def highest(self, values: I64, carried: I64) -> tuple[I64, I64]:
        """The largest value of the run before each row, and at its end. `carried`, one for each run: what was known before."""
        values = values + self._offset
        values[self._starts] = np.maximum(values[self._starts], carried + self._offset[self._starts])
        after = np.maximum.accumulate(values)
        after -= self._offset
        before = np.empty_like(after)
        before[1:] = after[:-1]
        before[self._starts] = carried
        return before, after[self._ends]


def window_scales(options: U64, sizes: I64) -> I64:
    """The window scale option of SYNs: `options` are 40 bytes in 5 words a row, of which `sizes` count. -1: none. (tcp_options)"""
    octets = np.ascontiguousarray(options).view(np.uint8).reshape(len(options), 40)
    found, at = np.full(len(octets), -1, np.int64), np.zeros(len(octets), np.int64)
    rows = np.arange(len(octets))
    open_ = at < sizes
    while bool(open_.any()):
        here = np.minimum(at, 39)
        kind = octets[rows, here].astype(np.int64)
        length = np.where(at + 1 < sizes, octets[rows, np.minimum(at + 1, 39)].astype(np.int64), 0)
        scale = open_ & (kind == 3) & (length == 3) & (at + 2 < sizes)
        found[scale] = np.minimum(octets[rows, np.minimum(at + 2, 39)][scale], 14)
        open_ &= (kind != 0) & ((kind == 1) | (length >= 2))
        at += np.where(kind == 1, 1, np.maximum(length, 1))
        open_ &= at < sizes
    return found
