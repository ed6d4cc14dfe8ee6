"""The table of connections, built chunk by chunk: which frames belong to which connection, and whether it is *regular*.

Regular connections are those for which nothing but their atoms, and the kinds of packets in them, can decide what the replay makes of
them. Each kind of packet is an *event*; a connection's class is the event of its first packet. What is irregular is replayed frame by
frame; so nothing here has to know what becomes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visualize.columns import regular
from visualize.columns.atoms import Atoms
from visualize.columns.collisions import Collisions
from visualize.columns.connect import Streams, joined, pairs_of, streams_of
from visualize.columns.connections import Columns
from visualize.columns.digest import Digest, Segments
from visualize.columns.frames import I64, Bools
from visualize.columns.kept import CLEAN, EVENT_BITS, Kept, Leads
from visualize.columns.kinds import Captured, Kinds, echo_replies
from visualize.columns.mix import U64, ranked
from visualize.columns.odd import Odd
from visualize.columns.regular import Windows
from visualize.columns.tuples import Joined, LinkIndex, Tuples

SECOND = 1_000_000_000
_ROWS = 1 << 32  # more than a chunk has frames


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a connection may be silent before some namespace's conntrack may have forgotten it, in nanoseconds."""

    tcp: int
    tcp_established: int
    udp: int
    icmp: int
    loose: bool = True


class Table:
    """All connections of a capture."""

    def __init__(self, atoms: Atoms, limits: Limits, captured: Captured) -> None:
        self._limits, self._captured = limits, captured
        self.kinds = Kinds(atoms, captured)
        self.count = 0
        self.rows = Columns()
        self.kept = Kept()
        self.windows = Windows()
        self.tuples = Tuples()
        self._links = LinkIndex()
        self._events: dict[tuple[int, ...], int] = {}
        self._fragmented: set[int] = set()
        self._collisions = Collisions()

    # -- one chunk ---------------------------------------------------------------------------------------------------------

    def add(self, chunk: Digest) -> None:
        """Fold in the next chunk."""
        links, odd_owner = self._joined(chunk)
        self._mark(odd_owner, True)
        events = self._packets(chunk, links)
        pattern = self.kinds.pattern(links.kind)[chunk.packets.link]
        self._mark(self._collisions.among(chunk, links.owner[chunk.packets.link], pattern, odd_owner), True)
        kept = np.append(links.owner * 2, -1).astype(np.int32)[chunk.of_frame]
        kept[chunk.packets.row] += 1
        kept[chunk.odd.rows] = odd_owner * 2
        self.kept.add(chunk, kept, events)
        self._fragmented |= chunk.odd.fragmented

    def known(self, links: U64) -> I64:
        """The connections of links; -1 for those that are not known yet. May be asked while a chunk is folded in."""
        return self._links.find(links).owner

    def _joined(self, chunk: Digest) -> tuple[Joined, I64]:
        """A chunk's links, whose streams are joined into connections where they are new, and the connections of odd frames."""
        links = self._links.find(chunk.links.key)
        new = np.flatnonzero(links.owner < 0)
        if not len(new) and not len(chunk.odd.rows):
            return links, new
        streams = streams_of(chunk.links, new)
        owner, role = self._connections(streams, chunk.odd)
        of_link = owner[streams.leads]
        kinds = self.kinds.of(streams, of_link, role, self.rows)
        self._mark(of_link, self.kinds.translated(streams))
        fresh = Joined(of_link, role, kinds)
        links.put(new, fresh)
        self._links.add(chunk.links.key[new], fresh)
        return links, owner[len(streams.rows):]

    def _mark(self, which: I64, where: Bools | bool) -> None:
        self.rows.slow[which[where] if not isinstance(where, bool) else which] = 1

    def finish(self) -> None:
        """After the last chunk: connections between hosts that sent fragments are irregular, since a fragment has no ports."""
        if self._fragmented:
            pairs = np.array(sorted(self._fragmented), np.uint64)
            self._mark(self.tuples.between(pairs), True)
        self.rows.finish()
        self.windows, self._links, self._collisions, self._events = Windows(), LinkIndex(), Collisions(), {}

    def pairs(self) -> Iterator[I64]:
        """Chunk by chunk: the different (connection, event), as connection << EVENT_BITS | event."""
        return self.kept.pairs()

    @property
    def known_before(self) -> U64:
        """Hashes of the tuples that conntrack held before the capture."""
        return self._captured.before

    def owner_of(self, row: int) -> int:
        """The connection of a frame of the capture (0: the first)."""
        return self.kept.owner_of(row)

    def leads(self, chosen: I64) -> dict[int, Leads]:
        """The packets of some connections."""
        return self.kept.leads(chosen, self.count)

    # -- connections -------------------------------------------------------------------------------------------------------

    def _connections(self, streams: Streams, odd: Odd) -> tuple[I64, I64]:
        """The connection of each stream (then of each odd frame), and the role of each link: 0 original, 1 reply."""
        hashes = np.concatenate((streams.tuple, odd.tuple))
        different, number = np.unique(hashes, return_inverse=True)
        number = number.reshape(-1)
        of_stream = number[:len(streams.rows)]
        label = joined(len(different), of_stream[streams.lead], of_stream)
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
        self._open(streams, np.flatnonzero(opener), who)
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
        pair[number[of_stream]] = pairs_of(streams, of_stream)
        pair[number[count:]] = odd.pair
        self.tuples.add(different[new], owner[new], np.maximum(forward[new], 0), pair[new])

    # -- packets -----------------------------------------------------------------------------------------------------------

    def _packets(self, chunk: Digest, links: Joined) -> NDArray[np.int32]:
        """Everything that is asked of the packets in order: their events, the TCP windows, silences, checksums."""
        if not len(chunk.packets.row):
            return np.zeros(0, np.int32)
        owner = links.owner[chunk.packets.link]
        bits = len(owner).bit_length()
        packed = np.sort(owner << bits | np.arange(len(owner)))
        order, who = packed & (1 << bits) - 1, packed >> bits
        link = chunk.packets.link[order]
        way = links.role[link]
        started = np.ones(len(who), bool)
        started[1:] = who[1:] != who[:-1]
        starts = np.flatnonzero(started)
        ends = np.append(starts[1:], len(who))
        number = np.repeat(np.arange(len(starts)), ends - starts)
        position = np.arange(len(who)) + np.repeat(self.rows.packets[who[starts]] - starts, ends - starts)
        seen = np.maximum.accumulate(number * 2 + way) - number * 2 | self.rows.replied[who]
        phase = np.where(position == 0, 0, np.where(seen == 1, 2, 1))
        time = chunk.time[order]
        opening = np.flatnonzero(position == 0)
        rows = self.rows
        rows.first[who[opening]] = chunk.packets.row[order[opening]] + chunk.first
        rows.began[who[opening]] = rows.ended[who[opening]] = rows.last[who[opening]] = time[opening]
        protocol, flags = rows.protocol[who], chunk.segments.flags[order]
        self._segments(chunk.segments, order, who, position, way, protocol)
        self._silences(who, position, time, started, protocol, flags, number)
        self._mark(who, chunk.bad[order])
        events = self._event_numbers(links.kind[link], chunk.length[order], phase, flags)
        rows.kind[who[opening]] = events[opening]
        last = ends - 1
        rows.packets[who[last]] = position[last] + 1
        rows.replied[who[last]] = seen[last]
        rows.last[who[last]] = time[last]
        rows.ended[who[last]] = np.maximum(rows.ended[who[last]], np.maximum.reduceat(time, starts))
        latest = np.maximum.accumulate(number * _ROWS + chunk.packets.last[order]) - number * _ROWS  # the last frame of any packet so far
        clean = started | (np.append(-1, latest[:-1]) < chunk.packets.row[order])
        found = np.empty(len(who), np.int32)
        found[order] = events | np.where(clean, CLEAN, 0)
        return found

    def _open(self, streams: Streams, links: I64, who: I64) -> None:
        """Connections that begin: with the first packets of these links."""
        which, of = who[links], streams.leads[links]
        rows, ends = self.rows, streams.ends
        rows.protocol[which], rows.six[which] = ends.protocol[of], ends.six[of]
        rows.sport[which], rows.dport[which] = ends.sport[of], ends.dport[of]
        rows.source[which], rows.target[which] = ends.source[of], ends.target[of]
        self._mark(which, echo_replies(streams)[links])  # one that answers nothing is INVALID until something asks

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

    def _event_numbers(self, kind: I64, length: I64, phase: I64, flags: I64) -> I64:
        """Small numbers for kinds of packets."""
        kinds, code = ranked(kind)
        held = [kinds]
        for column in (flags, length):
            values, rank = ranked(column)
            code = code * len(values) + rank
            held.append(values)
        codes, which = ranked(code * 4 + phase)
        kinds, flags, lengths = held
        rest, phases = codes >> 2, codes & 3
        rest, length = np.divmod(rest, len(lengths))
        names = zip(kinds[rest // len(flags)].tolist(), flags[rest % len(flags)].tolist(), lengths[length].tolist(), phases.tolist(), strict=True)
        numbers = np.array([self._events.setdefault(name, len(self._events)) for name in names], np.int64)
        if len(self._events) >= 1 << EVENT_BITS:
            raise OverflowError("more kinds of packets than can be numbered")
        found: I64 = numbers[which]
        return found
