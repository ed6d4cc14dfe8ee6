"""Frames gathered into packets: which frames show the same packet, told by what NAT leaves alone; and packets gathered into links.

A *stream* is what one interface saw of one connection in one direction (and one TTL). A *link* is the row of streams that show a
packet, one after the other: its first frame shows the packet as the replay takes it, the others are later sightings. Packets of one
link were seen at the same places in the same forms, whatever chunk they came from, so a link has to be looked into only once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visualize.columns.frames import I64, Bools, Frames, picked, protocols
from visualize.columns.mix import ODD, U64, rank, sizes
from visualize.replay import WINDOW

I32 = NDArray[np.int32]
Known = Callable[[U64], I64]  # the connection of each link; -1 for those that are not known
_TAIL = 4096  # frames in which a packet is sure to have been seen everywhere


@dataclass(slots=True)
class Sightings:
    """The frames that show one packet of each of some links, link after link, in the order in which they came."""

    row: I64
    place: U64  # `taps`
    told: U64  # all that the link layer tells (`Frames.seen`), and the sender's MAC address
    mac: U64
    ip: U64  # what was gathered of the packet
    six: Bools


@dataclass(slots=True)
class Links:
    """The links of a chunk, and the sightings of the first packet of those that are not known yet."""

    key: U64  # a hash of the streams: the same in every chunk
    leaves: Bools  # whether its packets were first seen leaving
    protocol: I64
    told: I64  # the links that are not known
    start: I64  # where each of them begins among the sightings
    shown: Sightings


@dataclass(slots=True)
class Packets:
    """The packets of a chunk, in the order of their first frames."""

    row: I64  # the first frame
    last: I64  # the last frame that shows it
    link: I64


def window(count: int) -> int:
    """How many of a chunk's last frames are looked at to find where to cut behind them."""
    return min(4 * _TAIL, count // 2)


def cut(same: U64) -> int:
    """Where, among these frames' identities, to cut so that no packet is seen by half: the place that the fewest packets span.

    Not within the last quarter, in which a packet may still be under way.
    """
    order, starts = grouped(same)
    ends = np.append(starts[1:], len(order)) - 1
    opened = np.zeros(len(same) + 1, np.int64)
    opened[order[starts] + 1] += 1
    opened[order[ends] + 1] -= 1
    low, high = len(same) // 4, max(3 * len(same) // 4, len(same) // 4 + 1)
    crossing = np.cumsum(opened)[low:high]
    return low + int(np.flatnonzero(crossing == crossing.min())[-1])


def find(frames: Frames, taken: int, known: Known) -> tuple[Links, Packets, I32]:
    """The links and packets among the first `taken` frames, and the link of each frame (-1: none)."""
    clean = frames.clean[:taken]
    rows = None if clean.all() else np.flatnonzero(clean)
    order, starts = grouped(frames.same[:taken] if rows is None else frames.same[rows])
    order = order if rows is None else rows[order]
    starts = _apart(starts, frames.place[order], frames.time, order)
    key = np.add.reduceat(frames.stream[order] * ODD[rank(starts, len(order)) % len(ODD)], starts) if len(starts) else frames.stream[:0]
    ends = np.append(starts[1:], len(order))
    packets, group = _in_order(order[starts], order[ends[:len(starts)] - 1], taken)
    first = _number(packets, key[group])
    new = np.flatnonzero(known(key[group[first]]) < 0)
    lead = packets.row[first]
    protocol = protocols(picked(frames.ip[:, :2], lead), frames.six[lead])
    told = group[first[new]]
    links = Links(key[group[first]], frames.place[lead] & np.uint64(1) == 1, protocol, new, *_models(frames, order, starts[told], ends[told]))
    of_frame = np.full(taken, -1, np.int32)
    by_group = np.empty(len(starts), np.int32)
    by_group[group] = packets.link
    of_frame[order] = np.repeat(by_group, ends - starts)
    return links, packets, of_frame


def _number(packets: Packets, keys: U64) -> I64:
    """Number the packets' links. Returns the first packet of each."""
    order, starts = grouped(keys)
    packets.link = np.empty(len(keys), np.int64)
    packets.link[order] = np.repeat(np.arange(len(starts)), sizes(starts, len(keys)))
    return order[starts]


def _apart(starts: I64, place: U64, time: I64, order: I64) -> I64:
    """Where packets start among frames of one identity: a packet is seen once at the place where it was seen first, and not after the window."""
    count = len(place)
    new = place == np.repeat(place[starts], sizes(starts, count))
    starts = np.flatnonzero(new)
    late = np.maximum.accumulate(time)[order] - np.repeat(time[order[starts]], sizes(starts, count)) > WINDOW
    if not late.any():
        return starts
    new |= late
    return np.flatnonzero(new)


def _in_order(first: I64, last: I64, taken: int) -> tuple[Packets, I32]:
    """Packets in the order of their first frames, and the group that each was."""
    group_of = np.full(taken, -1, np.int32)
    group_of[first] = np.arange(len(first), dtype=np.int32)
    row = np.flatnonzero(group_of >= 0)
    group = group_of[row]
    return Packets(row, last[group], row), group


def _models(frames: Frames, order: I64, low: I64, high: I64) -> tuple[I64, Sightings]:
    """The frames of some packets, one after the other, and where each packet begins."""
    many = high - low
    begin = np.cumsum(many) - many
    rows = order[np.repeat(low - begin, many) + np.arange(int(many.sum()))]
    return begin, Sightings(rows, frames.place[rows], *frames.seen(rows), picked(frames.ip, rows), frames.six[rows])


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
