"""Frames that the columns do not read: decoded one by one, so that the connections they belong to are known (and replayed)."""

from dataclasses import dataclass

import numpy as np

from snapshot.host.link import IPAddress
from visualize.columns.frames import I64, Frames, ends_from, pair_hash, same_of, words_of
from visualize.columns.mix import U64, mix
from visualize.datapath.tuples import tuple_of
from visualize.packet.decode import decode
from visualize.packet.packet import Packet

_Row = tuple[IPAddress, IPAddress, int, int, int]


@dataclass(slots=True)
class Odd:
    """Odd frames: the hash of the tuple that each belongs to, of its two addresses, and of its identity."""

    rows: I64
    tuple: U64
    pair: U64
    same: U64
    fragmented: set[int]  # address pairs between which there are fragments


def find(frames: Frames, taken: int) -> Odd:
    """The odd ones among the first `taken` frames that hold a packet."""
    rows, packets = [], []
    for row in np.flatnonzero(frames.odd[:taken]).tolist():
        decoded = decode(frames.chunk.frame(row))
        if decoded is not None:
            rows.append(row)
            packets.append(decoded.packet)
    if not rows:
        nothing = np.zeros(0, np.uint64)
        return Odd(np.zeros(0, np.int64), nothing, nothing, nothing, set())
    ends = ends_from([_belongs(packet) for packet in packets])
    pairs = pair_hash(words_of([packet.src for packet in packets]), words_of([packet.dst for packet in packets]))
    which = np.array(rows, np.int64)
    known = [same_of(packet) for packet in packets]
    same = np.where(np.array([one < 0 for one in known]), mix(which + frames.chunk.first), np.array([max(one, 0) for one in known], np.uint64))
    torn = np.array([packet.is_fragment or (tuple_of(packet) is None and not packet.is_icmp_error) for packet in packets], bool)
    return Odd(which, ends.tuple()[0], pairs, same, set(pairs[torn].tolist()))


def _belongs(packet: Packet) -> _Row:
    """The tuple of the connection that a packet is about."""
    about = packet.inner if packet.is_icmp_error and packet.inner is not None else packet
    found = tuple_of(about)
    if found is None:
        return about.src, about.dst, about.protocol, 0, 0
    if found.is_icmp:
        return found.src, found.dst, found.protocol, found.a, found.a
    return found.src, found.dst, found.protocol, found.a, found.b
