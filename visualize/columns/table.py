"""The table of connections, built chunk by chunk: which frames belong to which connection, and whether it is *regular*.

Regular connections are those for which nothing but their atoms, and the kinds of packets in them, can decide what the replay makes of
them. Each kind of packet is an *event*; a connection's class is the event of its first packet. What is irregular is replayed frame by
frame; so nothing here has to know what becomes of it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualize.columns import regular
from visualize.columns.atoms import Atoms
from visualize.columns.connections import Columns
from visualize.columns.digest import Digest, Segments
from visualize.columns.frames import I64, Bools, pair_hash
from visualize.columns.kinds import Captured, Kinds, echo_replies
from visualize.columns.mix import U64, distinct, mix
from visualize.columns.odd import Odd
from visualize.columns.regular import Windows
from visualize.columns.streams import Streams, grouped
from visualize.columns.tuples import Tuples

SECOND = 1_000_000_000
_NEAR = 2 * SECOND  # packets further apart are never taken for each other
_EVENT_BITS = 24


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a connection may be silent before some namespace's conntrack may have forgotten it, in nanoseconds."""

    tcp: int
    tcp_established: int
    udp: int
    icmp: int
    loose: bool = True


@dataclass(slots=True)
class Kept:
    """What is kept of a chunk: enough to find a connection's frames again."""

    at: int
    first: int
    starts: NDArray[np.uint32]  # where its records start, from `at`
    owner: NDArray[np.int32]  # per frame: connection * 2 + whether it shows a packet first; -1: none
    events: NDArray[np.int32]  # of the frames that show a packet first, in order


class Table:
    """All connections of a capture."""

    def __init__(self, atoms: Atoms, limits: Limits, captured: Captured, linktype: int) -> None:
        self._limits, self._captured = limits, captured
        self.kinds = Kinds(atoms, captured, linktype)
        self.count = 0
        self.rows = Columns()
        self.kept: list[Kept] = []
        self._firsts: list[int] = []
        self.windows = Windows()
        self.tuples = Tuples()
        self._events: dict[int, int] = {}
        self._pairs: list[I64] = []
        self._fragmented: set[int] = set()
        self._recent: list[Any] = []

    # -- one chunk ---------------------------------------------------------------------------------------------------------

    def add(self, chunk: Digest) -> None:
        """Fold in the next chunk."""
        streams, packets, odd = chunk.streams, chunk.packets, chunk.odd
        owner, role = self._connections(streams, odd)
        stream_owner = owner[:len(streams.rows)]
        odd_owner = owner[len(streams.rows):]
        self._mark(odd_owner, True)
        events = self._packets(chunk, stream_owner, role)
        self._collisions(chunk, stream_owner, odd_owner)
        kept = np.full(chunk.taken, -1, np.int32)
        shown = chunk.of_frame >= 0
        kept[shown] = stream_owner[chunk.of_frame[shown]] * 2
        kept[packets.row] += 1
        kept[odd.rows] = odd_owner * 2
        self._firsts.append(chunk.first)
        self.kept.append(Kept(chunk.at, chunk.first, chunk.starts, kept, events))
        self._fragmented |= odd.fragmented

    def _mark(self, which: I64, where: Bools | bool) -> None:
        self.rows.slow[which[where] if not isinstance(where, bool) else which] = 1

    def finish(self) -> None:
        """After the last chunk: connections between hosts that sent fragments are irregular, since a fragment has no ports."""
        if self._fragmented:
            pairs = np.array(sorted(self._fragmented), np.uint64)
            self._mark(self.tuples.between(pairs), True)
        self.rows.finish()
        self.windows, self._recent, self._events = Windows(), [], {}

    def events(self) -> I64:
        """The distinct (connection, event) pairs, as connection << 24 | event."""
        return distinct(np.concatenate(self._pairs)) if self._pairs else np.zeros(0, np.int64)

    @property
    def known_before(self) -> U64:
        """Hashes of the tuples that conntrack held before the capture."""
        return self._captured.before

    def owner_of(self, row: int) -> int:
        """The connection of a frame of the capture (0: the first)."""
        kept = self.kept[bisect_right(self._firsts, row) - 1]
        return int(kept.owner[row - kept.first]) >> 1

    def leads(self, chosen: I64) -> dict[int, dict[int, int]]:
        """For some connections: the numbers of the frames that show their packets first, with the event of each."""
        which = np.zeros(self.count, bool)
        which[chosen] = True
        found: dict[int, dict[int, int]] = {int(one): {} for one in chosen}
        for kept in self.kept:
            rows = np.flatnonzero((kept.owner >= 0) & (kept.owner & 1 == 1))
            mine = which[kept.owner[rows] >> 1]
            for row, event in zip(rows[mine].tolist(), kept.events[mine].tolist(), strict=True):
                found[int(kept.owner[row]) >> 1][kept.first + row + 1] = event
        return found

    # -- connections -------------------------------------------------------------------------------------------------------

    def _connections(self, streams: Streams, odd: Odd) -> tuple[I64, I64]:
        """The connection of each stream (then of each odd frame), and the role of each link: 0 original, 1 reply."""
        hashes = np.concatenate((streams.tuple, odd.tuple))
        different, number = np.unique(hashes, return_inverse=True)
        number = number.reshape(-1)
        of_stream = number[:len(streams.rows)]
        label = _joined(len(different), of_stream[streams.lead], of_stream)
        known, forward = self.tuples.find(different)
        owner = self._owners(label, known, number, np.concatenate((streams.rows, odd.rows)))
        role = self._roles(streams, of_stream, owner, forward)
        self._remember(different, number, owner, forward, known < 0, streams, odd)
        slow = np.isin(different, self._captured.before)
        self._mark(owner, slow)
        return owner[number], role

    def _owners(self, label: I64, known: I64, number: I64, rows: I64) -> I64:
        """The connection of each tuple: the one that already has a tuple of its group, else a new one, in order of first frames."""
        count = len(label)
        least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1, np.int64)
        have = known >= 0
        np.minimum.at(least, label[have], known[have])
        np.maximum.at(most, label[have], known[have])
        first = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first, label[number], rows)
        roots = np.flatnonzero((label == np.arange(count)) & (most < 0))
        roots = roots[np.argsort(first[roots])]
        least[roots] = self.count + np.arange(len(roots))
        self.count += len(roots)
        self.rows.grow(self.count)
        self.windows.grow(self.count)
        owner = least[label]
        clash = have & (most[label] != least[label]) & (most[label] >= 0)
        self._mark(known, clash)
        self._mark(owner, clash)
        return owner

    def _roles(self, streams: Streams, of_stream: I64, owner: I64, forward: I64) -> I64:
        """Whether a link's packets go as the connection's first one did. Fills in `forward` for tuples that are new."""
        links = len(streams.leads)
        who = owner[of_stream[streams.leads]]
        order = np.lexsort((streams.rows[streams.leads], who))
        opening = np.ones(links, bool)
        opening[1:] = who[order][1:] != who[order][:-1]
        opener = np.zeros(links, bool)
        opener[order[opening]] = True
        opener &= self.rows.packets[who] == 0
        first = opener[streams.link]
        forward[of_stream[first]] = streams.forward[first]
        role = np.full(links, -1, np.int64)
        mine = streams.forward.astype(np.int64)
        wrong = np.zeros(links, bool)
        for _ in range(3):
            votes = np.flatnonzero(forward[of_stream] >= 0)
            vote = mine[votes] ^ forward[of_stream[votes]]
            low, high = np.full(links, 2, np.int64), np.full(links, -1, np.int64)
            np.minimum.at(low, streams.link[votes], vote)
            np.maximum.at(high, streams.link[votes], vote)
            wrong |= (high >= 0) & (low != high)
            role = np.where(high >= 0, high, -1)
            told = (role[streams.link] >= 0) & (forward[of_stream] < 0)
            if not told.any():
                break
            forward[of_stream[told]] = mine[told] ^ role[streams.link[told]]
        self._mark(who, wrong | (role < 0) | streams.broken)
        return np.maximum(role, 0)

    def _remember(self, different: U64, number: I64, owner: I64, forward: I64, new: Bools, streams: Streams, odd: Odd) -> None:
        if not new.any():
            return
        pair = np.zeros(len(different), np.uint64)
        count, fresh = len(streams.rows), np.flatnonzero(new[number])
        of_stream = fresh[fresh < count]
        pair[number[of_stream]] = pair_hash(streams.ends.source[of_stream], streams.ends.target[of_stream])
        pair[number[count:]] = odd.pair
        self.tuples.add(different[new], owner[new], np.maximum(forward[new], 0), pair[new])

    # -- packets -----------------------------------------------------------------------------------------------------------

    def _packets(self, chunk: Digest, owner: I64, role: I64) -> NDArray[np.int32]:
        """Everything that is asked of the packets in order: their events, the TCP windows, silences, checksums."""
        streams, packets = chunk.streams, chunk.packets
        if not len(packets.row):
            return np.zeros(0, np.int32)
        link = streams.link[packets.stream]
        who, way = owner[packets.stream], role[link]
        bits = len(who).bit_length()
        order = np.sort(who << bits | np.arange(len(who))) & (1 << bits) - 1
        who, way, link = who[order], way[order], link[order]
        row, stream = packets.row[order], packets.stream[order]
        started = np.ones(len(who), bool)
        started[1:] = who[1:] != who[:-1]
        starts = np.flatnonzero(started)
        number = np.cumsum(started) - 1
        position = np.arange(len(who)) - starts[number] + self.rows.packets[who]
        seen = np.maximum.accumulate(number * 2 + way) - number * 2 | self.rows.replied[who]
        phase = np.where(position == 0, 0, np.where(seen == 1, 2, 1))
        time = chunk.time[order]
        self._open(streams, stream, who, position, row + chunk.first, time)
        if bool((streams.ends.protocol != 6).any()):  # an echo reply that answers nothing is INVALID until something asks
            self._mark(who, (position == 0) & echo_replies(chunk)[link])
        protocol, flags = streams.ends.protocol[stream], chunk.segments.flags[order]
        self._segments(chunk.segments, order, who, position, way, protocol)
        self._silences(who, position, time, started, protocol, flags, number)
        self._mark(who, chunk.bad[order])
        events = self._event_numbers(chunk, link, chunk.length[order], phase, flags, owner, role)
        self._pairs.append(distinct(who << _EVENT_BITS | events))
        if len(self._pairs) > 8:
            self._pairs = [distinct(np.concatenate(self._pairs))]
        opening = position == 0
        self.rows.kind[who[opening]] = events[opening]
        ends = np.append(starts[1:], len(who)) - 1
        self.rows.packets[who[ends]] = position[ends] + 1
        self.rows.replied[who[ends]] = seen[ends]
        self.rows.last[who[ends]] = time[ends]
        np.maximum.at(self.rows.ended, who, time)
        found = np.zeros(len(who), np.int32)
        found[order] = events
        return found

    def _open(self, streams: Streams, stream: I64, who: I64, position: I64, row: I64, time: I64) -> None:
        new = position == 0
        which, of = who[new], stream[new]
        rows, ends = self.rows, streams.ends
        rows.first[which], rows.began[which], rows.ended[which], rows.last[which] = row[new], time[new], time[new], time[new]
        rows.protocol[which], rows.six[which] = ends.protocol[of], ends.six[of]
        rows.sport[which], rows.dport[which] = ends.sport[of], ends.dport[of]
        rows.source[which], rows.target[which] = ends.source[of], ends.target[of]

    def _segments(self, segments: Segments, order: I64, who: I64, position: I64, way: I64, protocol: I64) -> None:
        """Mark the connections whose segments conntrack might refuse."""
        tcp = np.flatnonzero(protocol == 6)
        if not len(tcp):
            return
        rows, who = order[tcp], who[tcp]
        wrong = self.windows.check(segments, rows, who, position[tcp], way[tcp])
        if not self._limits.loose:
            wrong |= self.windows.kind[who] == regular.PICKED_UP
        self._mark(who, wrong)

    def _silences(self, who: I64, position: I64, time: I64, started: Bools, protocol: I64, flags: I64, number: I64) -> None:
        """Connections that were silent for so long that an entry may have been forgotten between two packets."""
        before = np.empty_like(time)
        before[1:] = time[:-1]
        before[started] = self.rows.last[who[started]]
        fin = (flags & regular.FIN != 0).astype(np.int64)
        closing = np.maximum.accumulate(number * 2 + fin) - number * 2 | self.rows.closing[who]
        closed = np.empty_like(closing)
        closed[1:] = closing[:-1]
        closed[started] = self.rows.closing[who[started]]
        self.rows.closing[who] = closing  # each row holds what the rows before it said
        established = ((position >= 3) | (self.windows.kind[who] == regular.PICKED_UP)) & (closed == 0)
        limits = self._limits
        limit = np.where(protocol == 6, np.where(established, limits.tcp_established, limits.tcp),
                         np.where(protocol == 17, limits.udp, limits.icmp))
        self._mark(who, (position > 0) & (time - before >= limit))

    def _event_numbers(self, chunk: Digest, link: I64, length: I64, phase: I64, flags: I64, owner: I64, role: I64) -> I64:
        """Small numbers for kinds of packets."""
        self._mark(owner[chunk.streams.leads], self.kinds.translated(chunk))
        kinds, number = np.unique(self.kinds.of(chunk, owner, role, self.rows), return_inverse=True)
        codes = ((number.reshape(-1)[link] * 256 + flags) * 256 + length) * 4 + phase
        different, which = np.unique(codes, return_inverse=True)
        rest = different % (256 * 256 * 4)
        names = mix(kinds[different // (256 * 256 * 4)], rest)
        numbers = np.array([self._events.setdefault(name, len(self._events)) for name in names.tolist()], np.int64)
        if len(self._events) >= 1 << _EVENT_BITS:
            raise OverflowError("more kinds of packets than can be numbered")
        found: I64 = numbers[which.reshape(-1)]
        return found

    # -- packets that could be taken for each other -------------------------------------------------------------------------

    def _collisions(self, chunk: Digest, owner: I64, odd_owner: I64) -> None:
        """Packets of the same identity within the window: harmless only where both were seen at the same places, one after the other."""
        base, streams, packets, odd = chunk.first, chunk.streams, chunk.packets, chunk.odd
        fresh: list[Any] = [
            np.concatenate((chunk.same, odd.same)), np.concatenate((chunk.time, chunk.odd_time)),
            np.concatenate((packets.row, odd.rows)) + base, np.concatenate((packets.last, odd.rows)) + base,
            np.concatenate((owner[packets.stream], odd_owner)),
            np.concatenate((streams.pattern[streams.link[packets.stream]], mix(odd.rows + base)))]
        columns = [np.concatenate(pair) for pair in zip(self._recent, fresh, strict=True)] if self._recent else fresh
        same, time, first, last, who, pattern = columns
        order = np.argsort(first) if len(odd.rows) else np.arange(len(first))
        order = order[grouped(same[order])[0]]
        ordered = same[order]
        near = (ordered[1:] == ordered[:-1]) & (np.abs(np.diff(time[order])) <= _NEAR)
        before, after = order[:-1][near], order[1:][near]
        wrong = ((pattern[before] != pattern[after]) | (last[before] > first[after]))
        wrong &= (who[before] != who[after]) | (pattern[before] != pattern[after])
        if wrong.any():
            run = np.cumsum(np.append(True, ~near)) - 1
            bad = np.zeros(run[-1] + 1, bool)
            bad[run[1:][near][wrong]] = True
            self._mark(who[order], bad[run])
        recent = time >= (time.max(initial=0) - _NEAR)
        self._recent = [column[recent] for column in columns]


def _joined(count: int, one: I64, other: I64) -> I64:
    """The least member of each group of numbers below `count` that the given pairs join."""
    label = np.arange(count)
    while True:
        least = np.minimum(label[one], label[other])
        before = label.copy()
        np.minimum.at(label, one, least)
        np.minimum.at(label, other, least)
        label = label[label]
        if bool((label == before).all()):
            return label
