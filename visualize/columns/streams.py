"""Frames gathered into streams and packets: which frames show the same packet at other places, told by what NAT leaves alone.

A *stream* is what one interface saw of one connection in one direction (and one TTL). Streams whose packets are the same, one by one,
are linked; the first of them shows the packets as the replay takes them, the others are later sightings.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visualize.columns.frames import I64, Bools, Ends, Frames, ends_of
from visualize.columns.mix import U64, finish, mix
from visualize.replay import WINDOW

_TAIL = 4096  # frames in which a packet is sure to have been seen everywhere


@dataclass(slots=True)
class Streams:
    """The streams of a chunk and how they are linked. Per stream: its first frame, its place, its endpoints, its link."""

    rows: I64  # the first frame of each stream
    place: U64
    outgoing: Bools
    ends: Ends
    tuple: U64
    forward: Bools  # its source is the end with the smaller hash
    ttl: I64
    link: I64  # number of its link
    lead: I64  # the stream that shows the link's packets first
    leads: I64  # per link: that stream
    pattern: U64  # per link: where its packets are seen, and what NAT made of them there
    broken: Bools  # per link: not the same packets at all places after all


@dataclass(slots=True)
class Packets:
    """The packets of a chunk, in the order of their first frames."""

    row: I64  # the first frame
    last: I64  # the last frame that shows it
    stream: I64


def window(count: int) -> int:
    """How many of a chunk's last frames are looked at to find where to cut behind them."""
    return min(4 * _TAIL, count // 2)


def cut(same: U64) -> int:
    """Where, among these frames' identities, to cut so that no packet is seen by half: the place that the fewest packets span.

    Not within the last quarter, in which a packet may still be under way.
    """
    _, first, number = np.unique(same, return_index=True, return_inverse=True)
    last = np.zeros(len(first), np.int64)
    np.maximum.at(last, number.reshape(-1), np.arange(len(same)))
    opened = np.zeros(len(same) + 1, np.int64)
    np.add.at(opened, first + 1, 1)
    np.add.at(opened, last + 1, -1)
    low, high = len(same) // 4, max(3 * len(same) // 4, len(same) // 4 + 1)
    crossing = np.cumsum(opened)[low:high]
    return low + int(np.flatnonzero(crossing == crossing.min())[-1])


def find(frames: Frames, taken: int, home: "Home") -> tuple[Streams, Packets, I64]:
    """The streams and packets among the first `taken` frames, and the stream of each frame (-1: none)."""
    rows = np.flatnonzero(frames.clean[:taken])
    order, starts = grouped(frames.stream[rows])
    order = rows[order]
    count = np.diff(np.append(starts, len(order)))
    number = np.repeat(np.arange(len(starts)), count)
    spread = finish(frames.same)[order]
    signature = np.add.reduceat(spread, starts) if len(starts) else spread[:0]
    streams = _described(frames, order[starts] if len(starts) else order, home)
    _link(streams, mix(signature, count), frames.time)
    packets = _packets(frames, streams, order, starts, number)
    of_frame = np.full(taken, -1, np.int64)
    of_frame[order] = number
    return streams, packets, of_frame


def grouped(keys: U64) -> tuple[I64, I64]:
    """The rows in the order of their keys (equal keys in file order), and where each key starts."""
    bits = np.uint64(max(1, len(keys).bit_length()))
    packed = np.sort(keys >> bits << bits | np.arange(len(keys), dtype=np.uint64))
    order = (packed & (np.uint64(1) << bits) - np.uint64(1)).astype(np.int64)
    high = packed >> bits
    new = np.ones(len(keys), bool)
    new[1:] = high[1:] != high[:-1]
    ordered = keys[order]
    if bool((ordered[1:] != ordered[:-1])[~new[1:]].any()):  # two keys that differ only in the bits left out
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        new[1:] = ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(new)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a capture was taken: how a frame's place and direction are told."""

    linktype: int
    mac: int | None = None  # Ethernet: the interface's own address, its 6 bytes as a little-endian number


def _described(frames: Frames, rows: I64, home: Home) -> Streams:
    head, ip, six = frames.head[rows], frames.ip[rows], frames.six[rows]
    interface = np.zeros(len(rows), np.uint64)
    if home.linktype == 276:
        interface, kind = head[:, 0] >> np.uint64(32), head[:, 1] >> np.uint64(16) & np.uint64(0xFF)
        outgoing = kind == 4
    elif home.linktype == 113:
        outgoing = head[:, 0] >> np.uint64(8) & np.uint64(0xFF) == 4
    else:
        source = head[:, 0] >> np.uint64(48) | (head[:, 1] & np.uint64(0xFFFFFFFF)) << np.uint64(16)
        outgoing = source == np.uint64(home.mac or 0)
    ends = ends_of(ip, six)
    tuples, forward = ends.tuple()
    ttl = np.where(six, ip[:, 0] >> np.uint64(56), ip[:, 1] & np.uint64(0xFF)).astype(np.int64)
    nothing = np.zeros(0, np.int64)
    return Streams(rows, mix(interface, outgoing), outgoing, ends, tuples, forward, ttl, nothing, nothing, nothing, nothing.astype(np.uint64),
                   nothing.astype(bool))


def _link(streams: Streams, signature: U64, time: I64) -> None:
    """Streams with the same packets, one after the other by their first frames; a place that comes again begins another link."""
    count = len(streams.rows)
    order = np.argsort(streams.rows)
    order = order[grouped(signature[order])[0]]
    ordered, place, when = signature[order], streams.place[order], time[streams.rows[order]]
    new = np.ones(count, bool)
    new[1:] = ordered[1:] != ordered[:-1]
    run = np.flatnonzero(new)
    opening = np.repeat(place[run], np.diff(np.append(run, count)))
    new |= place == opening
    head = np.flatnonzero(new)
    began = np.repeat(when[head], np.diff(np.append(head, count)))
    late = ~new & (when - began > WINDOW)
    new |= late
    number = np.cumsum(new) - 1
    head = np.flatnonzero(new)
    streams.link, streams.lead = np.empty(count, np.int64), np.empty(count, np.int64)
    streams.link[order] = number
    streams.leads = order[head]
    streams.lead[order] = streams.leads[number]
    rank = np.arange(count) - head[number]
    seen = _seen_as(streams, order)
    streams.pattern = np.add.reduceat(mix(seen, rank), head) if count else seen
    pairs = mix(streams.link, streams.place)
    again = np.argsort(pairs, kind="stable")
    twice = again[1:][pairs[again][1:] == pairs[again][:-1]]
    streams.broken = np.zeros(len(head), bool)
    streams.broken[streams.link[twice]] = True  # a place that is seen twice, in two forms


def _seen_as(streams: Streams, order: I64) -> U64:
    """What each stream, in this order, is beside the one that leads its link: place, TTL, and each end kept or rewritten to what."""
    lead = streams.lead[order]
    ends = streams.ends
    parts: list[NDArray[np.generic]] = [streams.place[order], streams.ttl[lead] - streams.ttl[order]]
    for words in (ends.source, ends.target):
        mine, first = words[order], words[lead]
        kept = (mine[:, 0] == first[:, 0]) & (mine[:, 1] == first[:, 1])
        parts += [np.where(kept, np.uint64(0), mine[:, 0]), np.where(kept, np.uint64(1), mine[:, 1] << np.uint64(1))]
    for column in (ends.sport, ends.dport):
        kept = column[lead] == column[order]
        parts.append(np.where(kept, -1, column[order]))
    return mix(*parts)


def _packets(frames: Frames, streams: Streams, order: I64, starts: I64, number: I64) -> Packets:
    """The packets, and whether each is the same at all places of its link: in the same order, later, and within the window."""
    position = np.arange(len(order)) - starts[number]
    partner = order[starts[streams.lead[number]] + position]
    leads = streams.lead[number] == number
    latest = np.maximum.accumulate(frames.time)
    wrong = (frames.same[partner] != frames.same[order]) | (partner > order) | (latest[order] - frames.time[partner] > WINDOW)
    wrong &= ~leads
    streams.broken[streams.link[number[wrong]]] = True
    last = np.zeros(len(frames.time), np.int64)
    last[order[leads]] = order[leads]
    np.maximum.at(last, partner[~leads], order[~leads])
    row = order[leads]
    by_row = np.argsort(row)
    return Packets(row[by_row], last[row[by_row]], number[leads][by_row])
