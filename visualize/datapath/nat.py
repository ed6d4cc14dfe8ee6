"""NAT: how a new connection's tuple is chosen, and how every later packet is rewritten (nf_nat_core.c).

Only the first packet of a connection meets a nat table; conntrack rewrites the others, both ways.
"""

from dataclasses import replace
from typing import Any

from visualize.datapath.conntrack import Connection, Tracker
from visualize.datapath.doubt import Doubts
from visualize.datapath.tuples import PORT_PROTOCOLS, FlowTuple
from visualize.netfilter.outcome import NatRequest
from visualize.packet.packet import Packet, Protocol


class NatFailed(Exception):
    """No free tuple is left, or there is no address to use: the packet is dropped."""


def setup(connection: Connection, request: NatRequest | None, source: bool, tracker: Tracker, now: int | None,
          doubts: Doubts, at: str, hints: "frozenset[FlowTuple]") -> None:
    """Choose the tuple that one side of a new connection gets (nf_nat_setup_info).

    `request` None is the null binding: the tuple as it is, unless another connection holds it. `hints` are reply tuples of captured
    entries, which tell what the kernel chose where it chose by chance.
    """
    current = connection.reply_tuple.inverse()
    wanted = _address(current, request, source, doubts, at)
    wanted = _unique(wanted, connection, request, source, tracker, now, doubts, at, hints)
    if wanted != current:
        connection.reply_tuple = wanted.inverse()
        connection.flags.add("SNAT" if source else "DNAT")
    connection.flags.add("SNAT_DONE" if source else "DNAT_DONE")


def _address(current: FlowTuple, request: NatRequest | None, source: bool, doubts: Doubts, at: str) -> FlowTuple:
    if request is None or request.addresses is None:
        return current
    first, last = request.addresses
    old = current.src if source else current.dst
    if request.netmap_prefix is not None:
        bits = first.max_prefixlen - request.netmap_prefix
        new = type(first)(int(first) >> bits << bits | int(old) & ((1 << bits) - 1))
    elif first == last or int(first) <= int(old) <= int(last):
        new = first if first == last else old
    else:
        doubts.note(at, f"the kernel picks one address of {first}-{last} by a hash that no snapshot holds", str(first),
                    "the captured conntrack table", weak=True)
        new = first
    return current._replace(src=new) if source else current._replace(dst=new)


def _key(current: FlowTuple, source: bool) -> int:
    return current.a if source or current.is_icmp else current.b


def _with_key(current: FlowTuple, source: bool, value: int) -> FlowTuple:
    return current._replace(a=value) if source or current.is_icmp else current._replace(b=value)


def _unique(wanted: FlowTuple, connection: Connection, request: NatRequest | None, source: bool, tracker: Tracker,
            now: int | None, doubts: Doubts, at: str, hints: "frozenset[FlowTuple]") -> FlowTuple:
    """A free tuple for the wanted address (get_unique_tuple, nf_nat_l4proto_unique_tuple)."""
    def taken(candidate: FlowTuple) -> bool:
        return tracker.taken(candidate.inverse(), connection, now)

    has_key = wanted.protocol in PORT_PROTOCOLS or wanted.is_icmp
    ports = request.ports if request is not None and has_key else None
    key = _key(wanted, source)
    random = request is not None and (request.random or request.random_fully)
    if ports is None:
        if not taken(wanted) and not (random and source):
            return wanted
        if not has_key:
            raise NatFailed("another connection already has this tuple, and the protocol has no ports to tell them apart")
        return _by_chance(wanted, connection, source, doubts, at, hints, random)
    low, high = ports
    if request is not None and request.base_port is not None:
        return _with_key(wanted, source, low + (key - request.base_port) % (high - low + 1))
    if low <= key <= high and (low == high or not taken(wanted)) and not random:
        return wanted
    if low == high:
        return _with_key(wanted, source, low)
    if random or source:
        hint = _hinted(wanted, connection, source, hints)
        if hint is not None:
            return hint
        first = _with_key(wanted, source, low)
        doubts.note(at, f"the kernel picks a port of {low}-{high} by chance", str(low), "the captured conntrack table",
                    weak=True, by_chance=True)
        return first
    for port in range(low, min(high, low + 128) + 1):
        candidate = _with_key(wanted, source, port)
        if not taken(candidate):
            return candidate
    raise NatFailed(f"no port of {low}-{high} is free")


def _hinted(wanted: FlowTuple, connection: Connection, source: bool, hints: "frozenset[FlowTuple]") -> FlowTuple | None:
    """What a captured entry of the same original tuple got."""
    for reply in hints:
        seen = reply.inverse()
        if seen.protocol == wanted.protocol and seen._replace(a=0) == wanted._replace(a=0) and (
                source or seen._replace(b=0) == wanted._replace(b=0)):
            return seen
    return None


def _by_chance(wanted: FlowTuple, connection: Connection, source: bool, doubts: Doubts, at: str,
               hints: "frozenset[FlowTuple]", random: bool) -> FlowTuple:
    hint = _hinted(wanted, connection, source, hints)
    if hint is not None:
        return hint
    what = "id" if wanted.is_icmp else "port"
    why = (f"--random: the kernel picks the source {what} by chance" if random else
           f"another connection holds {wanted.describe()}: the kernel picks another source {what} by chance")
    doubts.note(at, why, f"{what} {_key(wanted, source)} kept", "the captured conntrack table, or the capture itself",
                weak=True, by_chance=True)
    return wanted


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
    outer = replace(packet, src=target.src) if source_hook else replace(packet, dst=target.dst)
    if packet.inner is None:
        return outer
    quoted = connection.original_tuple if reply else connection.reply_tuple  # the way that the quoted packet travelled
    return replace(outer, inner=_apply(packet.inner, quoted, not source_hook))


def _apply(packet: Packet, target: FlowTuple, source: bool) -> Packet:
    changes: dict[str, Any] = {"src": target.src} if source else {"dst": target.dst}
    if packet.protocol in PORT_PROTOCOLS and packet.sport is not None:
        changes["sport" if source else "dport"] = target.a if source else target.b
    elif packet.protocol in (Protocol.ICMP, Protocol.ICMPV6) and packet.icmp_id is not None:
        changes["icmp_id"] = target.a
    return replace(packet, **changes)


def difference(before: Packet, after: Packet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The address and port fields that NAT changed, as two mappings with addresses as text."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in ("src", "dst", "sport", "dport", "icmp_id"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            old[name], new[name] = (str(was), str(now)) if name in ("src", "dst") else (was, now)
    return old, new


