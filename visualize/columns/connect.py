"""Streams joined into connections: both directions, before and after NAT, whatever chunk they came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visualize.columns.frames import I64, Bools, Ends, ends_of, pair_hash, picked
from visualize.columns.links import Links
from visualize.columns.mix import U64, mix, sizes


@dataclass(slots=True)
class Streams:
    """The streams of some links, link after link. Those that show a link's packets first are its *leads*."""

    rows: I64  # the first frame of each stream
    place: U64
    ends: Ends
    tuple: U64
    forward: Bools  # its source is the end with the smaller hash
    ttl: I64
    link: I64  # number of its link
    lead: I64  # the stream that leads its link
    told: U64
    mac: U64
    ip: U64
    leads: I64  # per link: that stream
    pattern: U64  # per link: where its packets are seen, and what NAT made of them there
    broken: Bools  # per link: a place comes twice

    @property
    def outgoing(self) -> Bools:
        """Which streams leave."""
        found: Bools = self.place & np.uint64(1) == 1
        return found


def streams_of(links: Links, which: I64) -> Streams:
    """The streams of some links, which are new."""
    which = np.searchsorted(links.told, which)
    many = sizes(links.start, len(links.shown.row))[which]
    leads = np.cumsum(many) - many
    link = np.repeat(np.arange(len(which)), many)
    at = np.repeat(links.start[which] - leads, many) + np.arange(len(link))
    shown = links.shown
    place, ip, six = shown.place[at], picked(shown.ip, at), shown.six[at]
    ends = ends_of(ip, six)
    tuples, forward = ends.tuple()
    ttl = np.where(six, ip[:, 0] >> np.uint64(56), ip[:, 1] & np.uint64(0xFF)).astype(np.int64)
    found = Streams(shown.row[at], place, ends, tuples, forward, ttl, link, leads[link], shown.told[at], shown.mac[at], ip, leads, tuples, forward)
    found.pattern = np.add.reduceat(mix(_seen_as(found), np.arange(len(link)) - found.lead), leads) if len(link) else tuples
    found.broken = _twice(found)
    return found


def _seen_as(streams: Streams) -> U64:
    """What each stream is beside the one that leads its link: place, TTL, and each end kept or rewritten to what."""
    lead, ends = streams.lead, streams.ends
    parts: list[NDArray[np.generic]] = [streams.place, streams.ttl[lead] - streams.ttl]
    for words in (ends.source, ends.target):
        first = words[lead]
        kept = (words[:, 0] == first[:, 0]) & (words[:, 1] == first[:, 1])
        parts += [np.where(kept, np.uint64(0), words[:, 0]), np.where(kept, np.uint64(1), words[:, 1] << np.uint64(1))]
    for column in (ends.sport, ends.dport):
        parts.append(np.where(column[lead] == column, -1, column))
    return mix(*parts)


def _twice(streams: Streams) -> Bools:
    """Which links pass a place twice, in two forms."""
    bits = np.uint64(int(streams.place.max(initial=0)).bit_length())
    pairs = np.sort(streams.link.astype(np.uint64) << bits | streams.place)
    found = np.zeros(len(streams.leads), bool)
    found[pairs[1:][pairs[1:] == pairs[:-1]] >> bits] = True
    return found


def joined(count: int, one: I64, other: I64) -> I64:
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


def pairs_of(streams: Streams, which: I64) -> U64:
    """A hash of both addresses of some streams."""
    return pair_hash(streams.ends.source[which], streams.ends.target[which])
