"""Kinds of packets: for each link of streams, one hash of all that its packets have in common and that may decide their way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visualize.columns.atoms import Atoms
from visualize.columns.connect import Streams
from visualize.columns.connections import Columns
from visualize.columns.frames import I64, Bools
from visualize.columns.mix import U64, mix, ranked
from visualize.columns.taps import NO_MAC


@dataclass(frozen=True, slots=True)
class Captured:
    """Hashes of tuples in captured conntrack tables. `before`: known at the start. `plain`, `translated`: of the later ones."""

    before: U64
    plain: U64
    plain_forward: Bools
    translated: U64


class Kinds:
    """Tells the links of a capture apart."""

    def __init__(self, atoms: Atoms, captured: Captured) -> None:
        self._atoms, self._captured = atoms, captured
        self._numbers: dict[int, int] = {}
        self._patterns: list[int] = []  # by number
        self.places: set[tuple[int, int]] = set()  # (interface, source MAC, and TAGGED) of what came in

    def of(self, streams: Streams, who: I64, role: I64, rows: Columns) -> I64:
        """For each link, of a connection, a small number for all that its packets have in common and that may decide their way."""
        lead, ends = streams.leads, streams.ends
        if not len(lead):
            return lead
        ip, six, protocol = streams.ip[lead], ends.six[lead], ends.protocol[lead]
        echo = (protocol == 1) | (protocol == 58)
        self._places(streams.place[lead], streams.mac[lead])
        ports = [np.where(echo, 0, self._atoms.ports(column[lead])) for column in (ends.sport, ends.dport)]
        kind = np.where(echo, np.where(six, ip[:, 5] & np.uint64(0xFFFF), ip[:, 2] >> np.uint64(32) & np.uint64(0xFFFF)), np.uint64(0))
        # TOS and DF (IPv6: traffic class)
        service = np.where(six, ip[:, 0] & np.uint64(0xF0FF), ip[:, 0] & np.uint64(0x00FF_0000_0000_FF00))
        names, rank = ranked(mix(
            role, streams.told[lead], protocol, six, self._atoms.addresses(ends.source[lead], six),
            self._atoms.addresses(ends.target[lead], six), *ports, kind, self._atoms.ttls(streams.ttl[lead]), service, streams.pattern,
            self._against_first(streams, lead, who, role, rows), self._later(streams, lead)).view(np.int64))
        some = np.empty(len(names), np.int64)
        some[rank] = np.arange(len(rank))  # a link of each kind
        numbers = []
        for name, pattern in zip(names.tolist(), streams.pattern[some].tolist(), strict=True):
            number = self._numbers.setdefault(name, len(self._numbers))
            if number == len(self._patterns):
                self._patterns.append(pattern)
            numbers.append(number)
        found: I64 = np.array(numbers, np.int64)[rank]
        return found

    def pattern(self, kinds: I64) -> U64:
        """Where packets of some kinds are seen, and what NAT made of them there (`Streams.pattern`)."""
        different, rank = ranked(kinds)
        return np.array([self._patterns[kind] for kind in different.tolist()], np.uint64)[rank]

    @staticmethod
    def _against_first(streams: Streams, lead: I64, who: I64, role: I64, rows: Columns) -> U64:
        """Which ends of the connection's first packet a link's packets still have, and what stands in place of the others."""
        ends = streams.ends
        back = role == 1
        parts: list[NDArray[np.generic]] = []
        for mine, first, other in (("source", "source", "target"), ("target", "target", "source")):
            held = np.where(back[:, None], getattr(rows, other)[who], getattr(rows, first)[who])
            parts += [np.where(getattr(ends, mine)[lead, n] == held[:, n], 0, getattr(ends, mine)[lead, n] + np.uint64(1)) for n in (0, 1)]
        for mine, first, other in (("sport", "sport", "dport"), ("dport", "dport", "sport")):
            held = np.where(back, getattr(rows, other)[who], getattr(rows, first)[who])
            parts.append(np.where(getattr(ends, mine)[lead] == held, 0, getattr(ends, mine)[lead] + 1))
        return mix(*parts)

    def _later(self, streams: Streams, lead: I64) -> I64:
        """Whether the table captured after the traffic tells of a packet that was first seen leaving (`origin.before_nat`)."""
        captured = self._captured
        tuples = streams.tuple[lead]
        if not len(captured.plain):
            return np.zeros(len(lead), np.int64)
        place = np.minimum(np.searchsorted(captured.plain, tuples), len(captured.plain) - 1)
        hit = captured.plain[place] == tuples
        return np.where(hit, 1 + (captured.plain_forward[place] ^ streams.forward[lead]), 0)

    def _places(self, place: U64, mac: U64) -> None:
        """Which senders' MAC addresses came in where: what bridges learn."""
        came = np.flatnonzero((place & np.uint64(1) == 0) & (mac & np.uint64(NO_MAC) == 0))
        _, rows = np.unique(mix(place, mac)[came], return_index=True)
        which = came[rows]
        self.places |= set(zip((place[which] >> np.uint64(1)).tolist(), mac[which].tolist(), strict=True))

    def translated(self, streams: Streams) -> Bools:
        """Which links are of connections that the table captured after the traffic says were translated."""
        found: Bools = np.isin(streams.tuple[streams.leads], self._captured.translated)
        return found


def echo_replies(streams: Streams) -> Bools:
    """Which links are of echo replies."""
    ip, protocol = streams.ip[streams.leads], streams.ends.protocol[streams.leads]
    four, six = ip[:, 2] >> np.uint64(32) & np.uint64(0xFF) == 0, ip[:, 5] & np.uint64(0xFF) == 129
    found: Bools = ((protocol == 1) & four) | ((protocol == 58) & six)
    return found
