"""NAT: how a new connection's tuple is chosen, and how every later packet is rewritten (nf_nat_core.c).

Only the first packet of a connection meets a nat table; conntrack rewrites the others, both ways. Where the kernel draws a port (or ICMP
id) by lot, one that is free is assumed, and the connection says so until a captured table or the capture tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snapshot.host.link import IPAddress
from snapshot.host.quick import quick
from visualize.datapath.conntrack import Connection, Tracker
from visualize.datapath.doubt import Doubts
from visualize.datapath.tuples import FlowTuple
from visualize.netfilter.jhash import jhash2, words
from visualize.netfilter.outcome import NatRequest
from visualize.packet.packet import Packet, Protocol, but

_ATTEMPTS, _HARDER, _FEWEST = 128, 32, 16  # NF_NAT_MAX_ATTEMPTS, NF_NAT_HARDER_THRESH, and when the kernel stops to try again
_SETTLE = "the captured conntrack table, or the capture itself"


class NatFailed(Exception):
    """There is no address to use: the packet is dropped."""


@quick
@dataclass(frozen=True, slots=True)
class _Range:
    """What a tuple is to be mapped into (struct nf_nat_range2). `low` and `high` are None where the port is left alone."""

    first: IPAddress
    last: IPAddress
    low: int | None = None
    high: int | None = None
    base: int | None = None
    random: bool = False
    persistent: bool = False

    def holds(self, one: FlowTuple) -> bool:
        """Whether a tuple's source lies in it (nf_in_range)."""
        if not int(self.first) <= int(one.src) <= int(self.last):
            return False
        keyed = one.is_icmp or one.has_ports
        return self.low is None or self.high is None or not keyed or self.low <= one.a <= self.high


def _range(current: FlowTuple, request: NatRequest | None, source: bool) -> _Range:
    """The request as a range; without one, the null binding: the address as it is (__nf_nat_alloc_null_binding)."""
    own = current.src if source else current.dst
    if request is None:
        return _Range(own, own)
    first, last = request.addresses or (own, own)
    low, high = request.ports or (None, None)
    return _Range(first, last, low, high, request.base_port, request.random or request.random_fully, request.persistent)


def setup(connection: Connection, request: NatRequest | None, source: bool, tracker: Tracker, now: int | None,
          doubts: Doubts, at: str, hints: "frozenset[FlowTuple]") -> None:
    """Choose the tuple that one side of a new connection gets (nf_nat_setup_info).

    `request` None is the null binding: the tuple as it is, unless another connection holds it. `hints` are reply tuples of captured
    entries, which tell what the kernel chose where it chose by chance.
    """
    current = connection.reply_tuple.inverse()
    wanted = _Choice(connection, source, _range(current, request, source), tracker, now, doubts, at, hints).unique(current)
    if wanted != current:
        connection.reply_tuple = wanted.inverse()
        connection.flags.add("SNAT" if source else "DNAT")
    connection.flags.add("SNAT_DONE" if source else "DNAT_DONE")


@quick
@dataclass(frozen=True, slots=True)
class _Choice:
    """One choice of a tuple, with all that it depends on."""

    connection: Connection
    source: bool
    range: _Range
    tracker: Tracker
    now: int | None
    doubts: Doubts
    at: str
    hints: "frozenset[FlowTuple]"

    def taken(self, candidate: FlowTuple) -> bool:
        """nf_nat_used_tuple."""
        return self.tracker.taken(candidate.inverse(), self.connection, self.now)

    def unique(self, current: FlowTuple) -> FlowTuple:
        """get_unique_tuple: as it is, as another connection of the same source was mapped, else by address and then by port."""
        if self.source and not self.range.random:
            if self.range.holds(current):
                if not self.taken(current):
                    return current
            else:
                mapped = self.tracker.mapped(current, self.connection.zones, self.now, self.range.holds)
                if mapped is not None and not self.taken(mapped):
                    return mapped
        wanted = self._placed(current)
        low, high, key = self.range.low, self.range.high, _key(wanted, self.source)
        if not self.range.random:
            if low is None or high is None:
                if not self.taken(wanted):
                    return wanted
            elif self.range.base is None and self._in_ports(wanted, low, high, key) and (low == high or not self.taken(wanted)):
                return wanted
        return self._with_free_key(wanted)

    @staticmethod
    def _in_ports(wanted: FlowTuple, low: int, high: int, key: int) -> bool:
        return not (wanted.is_icmp or wanted.has_ports) or low <= key <= high

    def _placed(self, current: FlowTuple) -> FlowTuple:
        """find_best_ips_proto: the one address, or the one of the range that a hash of source and destination names."""
        first, last = self.range.first, self.range.last
        address = first if first == last else _hashed(current, self.range, self.connection.zone, self.source)
        return current._replace(src=address) if self.source else current._replace(dst=address)

    def _keys(self, wanted: FlowTuple) -> tuple[int, int] | None:
        """The lowest key to try and how many there are; None where the protocol has none to change (nf_nat_l4proto_unique_tuple)."""
        low, high = self.range.low, self.range.high
        if not wanted.is_icmp and not wanted.has_ports:
            return None
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
            return low, high - low + 1
        if wanted.is_icmp:
            return 0, 65536
        if not self.source:
            return None
        key = wanted.a
        return (1, 511) if key < 512 else (600, 424) if key < 1024 else (1024, 64512)

    def _with_free_key(self, wanted: FlowTuple) -> FlowTuple:
        keys = self._keys(wanted)
        if keys is None:
            return wanted  # a clash is found when the connection is confirmed
        low, size = keys
        if self.range.base is not None:
            return self._walked(wanted, low, size, (_key(wanted, self.source) - self.range.base) & 0xFFFF)
        if not self.source and not self.range.random:
            return self._walked(wanted, low, size, 0)
        return self._drawn(wanted, low, size)

    def _walked(self, wanted: FlowTuple, low: int, size: int, offset: int) -> FlowTuple:
        """The first free key from an offset on; after 128 in vain, one by chance."""
        attempts = min(size, _ATTEMPTS)
        candidate = wanted
        for tried in range(attempts):
            candidate = _with_key(wanted, self.source, low + (offset + tried & 0xFFFF) % size)
            if self._free(candidate, attempts - tried):
                return candidate
        return candidate if attempts >= size or attempts < _FEWEST else self._drawn(wanted, low, size)

    def _drawn(self, wanted: FlowTuple, low: int, size: int) -> FlowTuple:
        """A free key by lot: what a captured entry tells, or the only one that is free; else the lowest free one is assumed."""
        hint = self._hinted(wanted)
        if hint is not None:
            return hint
        free = list(self._some_free(wanted, low, size))
        if len(free) < 2:
            return free[0] if free else _with_key(wanted, self.source, low)
        what = "id" if wanted.is_icmp else "port"
        cause = f"a port of {low}-{low + size - 1} is asked for" if self.range.low is not None else (
            "--random is asked for" if self.range.random else f"another connection holds {wanted.describe()}")
        side = "source" if self.source else "destination"
        why = f"{cause}: the kernel picks another {side} {what} by chance" if not self.range.random else f"{cause}: the {side} {what} is drawn by lot"
        self.doubts.note(self.at, why, f"{what} {_key(free[0], self.source)}", _SETTLE, weak=True, by_chance=True)
        self.connection.lot = why
        self.connection.lot_source = self.source
        return free[0]

    def _some_free(self, wanted: FlowTuple, low: int, size: int) -> Iterator[FlowTuple]:
        """The first two candidates that are free (all are tried where the kernel tries all, else it goes on)."""
        found = 0
        for key in range(low, low + size):
            candidate = _with_key(wanted, self.source, key)
            if self._free(candidate, size - (key - low) if size <= _HARDER else size):
                yield candidate
                found += 1
            if found == 2:
                return

    def _free(self, candidate: FlowTuple, left: int) -> bool:
        """nf_nat_used_tuple_harder: near the end, a TCP connection that is over and whose source was rewritten makes way."""
        reply = candidate.inverse()
        if left > _HARDER or candidate.protocol != Protocol.TCP or self.connection.tcp.name != "SYN_SENT":
            return not self.tracker.taken(reply, self.connection, self.now)
        return self.tracker.make_way(reply, self.connection, self.now)

    def _hinted(self, wanted: FlowTuple) -> FlowTuple | None:
        """What a captured entry of the same original tuple got."""
        for reply in self.hints:
            seen = reply.inverse()
            if seen.protocol == wanted.protocol and seen._replace(a=0) == wanted._replace(a=0) and (
                    self.source or seen._replace(b=0) == wanted._replace(b=0)):
                return seen
        return None


def _hashed(current: FlowTuple, wanted: _Range, zone: int, rewrites_source: bool) -> IPAddress:
    """find_best_ips_proto's hash. It has no secret, so that the address is known; a little-endian machine is taken for granted."""
    source, destination = words(current.src.packed), words(current.dst.packed)
    j = jhash2([*source, *[0] * (4 - len(source))], 0 if wanted.persistent else destination[-1] ^ zone)
    out = bytearray()
    full = False
    for at in range(0, len(wanted.first.packed), 4):
        low, high = (int.from_bytes(end.packed[at:at + 4], "big") for end in (wanted.first, wanted.last))
        start, distance = (0, 0xFFFFFFFF) if full else (low, (high - low + 1) & 0xFFFFFFFF)
        chosen = (start + (j * distance >> 32)) & 0xFFFFFFFF
        out += chosen.to_bytes(4, "big")
        full = full or chosen != high
        if not wanted.persistent:  # in a DNAT the destination has been overwritten by the choice
            j ^= destination[at // 4] if rewrites_source else words(out[-4:])[0]
    return type(wanted.first)(bytes(out))


def _key(current: FlowTuple, source: bool) -> int:
    return current.a if source or current.is_icmp else current.b


def _with_key(current: FlowTuple, source: bool, value: int) -> FlowTuple:
    return current._replace(a=value) if source or current.is_icmp else current._replace(b=value)


def translate(packet: Packet, connection: Connection, reply: bool, source_hook: bool) -> Packet:
    """The packet after conntrack's rewrite at a hook (nf_nat_packet).

    The destination is rewritten at PREROUTING and OUTPUT, the source at POSTROUTING and INPUT.
    """
    flag = "SNAT" if source_hook != reply else "DNAT"
    if flag not in connection.flags:
        return packet
    target = (connection.original_tuple if reply else connection.reply_tuple).inverse()
    return _apply(packet, target, source_hook)


def translate_error(packet: Packet, connection: Connection, reply: bool, source_hook: bool) -> Packet:
    """The same for an ICMP error about the connection: outer address and quoted packet (nf_nat_icmp_reply_translation)."""
    flag = "SNAT" if source_hook != reply else "DNAT"
    if flag not in connection.flags:
        return packet
    target = (connection.original_tuple if reply else connection.reply_tuple).inverse()
    outer = but(packet, src=target.src) if source_hook else but(packet, dst=target.dst)
    if packet.inner is None:
        return outer
    quoted = connection.original_tuple if reply else connection.reply_tuple  # the way that the quoted packet travelled
    return but(outer, inner=_apply(packet.inner, quoted, not source_hook))


def _apply(packet: Packet, target: FlowTuple, source: bool) -> Packet:
    changes: dict[str, Any] = {"src": target.src} if source else {"dst": target.dst}
    if target.has_ports and packet.sport is not None:
        changes["sport" if source else "dport"] = target.a if source else target.b
    elif packet.protocol in (Protocol.ICMP, Protocol.ICMPV6) and packet.icmp_id is not None:
        changes["icmp_id"] = target.a
    return but(packet, **changes)


def difference(before: Packet, after: Packet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The address and port fields that NAT changed, as two mappings with addresses as text."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in ("src", "dst", "sport", "dport", "icmp_id"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            old[name], new[name] = (str(was), str(now)) if name in ("src", "dst") else (was, now)
    return old, new
