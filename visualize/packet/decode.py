"""Frames to packets: Ethernet, SLL, SLL2, raw IP; IPv4, IPv6; TCP, UDP, ICMP and their kin.

`decode` never raises, whatever the bytes. A header that was cut off leaves its fields None; a frame without an IP packet that the
kernel would take gives None, and `why_not` says why. Lengths come from the IP header, not from what was captured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, make_dataclass
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple, cast

from snapshot.host.link import IPAddress
from visualize.packet.address import four, six
from visualize.packet.packet import PACKET_OUTGOING, Packet, but
from visualize.packet.pcap import Frame

ETHERTYPES = {0x0806: "ARP", 0x8035: "RARP", 0x88CC: "LLDP", 0x888E: "EAPOL", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session",
              0x8847: "MPLS", 0x8848: "MPLS", 0x88F7: "PTP", 0x8809: "LACP", 0x88E5: "MACsec", 0x9000: "loopback test"}
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_ARPHRD_NETLINK = 824  # an nlmon device: the protocol field then holds a netlink family

# What ipv6_ext_hdr() in the kernel takes for an extension header, without ESP and "no next header"
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _NO_NEXT = 0, 43, 44, 51, 60, 59
_EXTENSIONS = frozenset({_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION})
_JUMBO_PAYLOAD = 0xC2  # RFC 2675

_ICMP_ERRORS, _ICMP_QUERIES = frozenset({3, 4, 5, 11, 12}), frozenset({0, 8, 13, 14, 15, 16, 17, 18})
_ICMPV6_QUERIES = frozenset({128, 129, 139, 140})  # those that conntrack tells apart by id (nf_conntrack_proto_icmpv6.c)

# Address families of LINKTYPE_NULL: BSDs and macOS differ over AF_INET6
_FAMILIES = {2: _IPV4, 10: _IPV6, 24: _IPV6, 28: _IPV6, 30: _IPV6}

_sll2 = Struct(">HxxIHBB6s").unpack_from
_sll = Struct(">HHH6sxxH").unpack_from
_ethernet = Struct(">6s6sH").unpack_from
_ipv4_header = Struct(">BBHHHBBxx4s4s").unpack_from
_ipv6_header = Struct(">IHBB16s16s").unpack_from
_tcp_header = Struct(">HHIIBBH").unpack_from
_word = Struct(">H").unpack_from
_pair = Struct(">HH").unpack_from
_long = Struct(">I").unpack_from

_Bytes = memoryview | bytes
_NO_TAGS: tuple[int, ...] = ()


class Decoded(NamedTuple):
    """A packet with what the link layer said of it."""

    packet: Packet
    ifindex: int | None = None  # SLL2: the interface that saw the frame
    direction: str | None = None  # "in" | "out" where the capture tells
    packet_type: int | None = None  # SLL, SLL2: PACKET_HOST ... PACKET_OUTGOING
    vlan: tuple[int, ...] = ()  # VLAN ids, outermost first


# A frozen dataclass is slow to make (one object.__setattr__ for each field). A draft with the same slots is filled instead, and then
# becomes a Packet: the same object at a fifth of the price.
_Draft = cast(Callable[..., Any], make_dataclass(
    "_Draft", [(f.name, Any, field(default=None)) for f in fields(Packet)], slots=True, eq=False, repr=False))


class _Link(NamedTuple):
    """What was read of the link layer: where the IP header starts, and the rest of a `Decoded`."""

    protocol: int  # EtherType, 0 where it has none
    start: int
    source: str | None = None
    target: str | None = None
    ifindex: int | None = None
    direction: str | None = None
    packet_type: int | None = None
    vlan: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def _mac(data: bytes) -> str:
    return data.hex(":")


def decode(frame: Frame) -> Decoded | None:
    """The IP packet in a frame; None where there is none that an IP stack would take (see `why_not`)."""
    reader = _LINKS.get(frame.linktype)
    link = reader(frame) if reader is not None else None
    if link is None:
        return None
    protocol, start, source, target, ifindex, direction, packet_type, vlan = link
    if protocol == _IPV4:
        packet = _ipv4(frame.data, start, frame.original_length - start, source, target)
    elif protocol == _IPV6:
        packet = _ipv6(frame.data, start, frame.original_length - start, source, target)
    else:
        return None
    return None if packet is None else Decoded(packet, ifindex, direction, packet_type, vlan)


def why_not(frame: Frame) -> str:
    """Why `decode` has no packet for this frame, in a few words that can be counted: `ARP`, `EtherType 0x88e1`, ..."""
    reader = _LINKS.get(frame.linktype)
    if reader is None:
        return f"link type {frame.linktype}"
    link = reader(frame)
    if link is None:
        return "cut off in the link-layer header"
    if link.protocol in (_IPV4, _IPV6):
        version = 4 if link.protocol == _IPV4 else 6
        short = len(frame.data) - link.start < (20 if version == 4 else 40)
        return f"cut off in the IPv{version} header" if short else f"an IPv{version} header that can't be (the kernel drops it)"
    if link.protocol in _VLAN_TAGS:
        return "cut off in a VLAN tag"
    if link.protocol < 0x0600:
        return "not IP (no EtherType)"
    return ETHERTYPES.get(link.protocol) or f"EtherType {link.protocol:#06x}"


# -- link layers ------------------------------------------------------------------------------------------------------------


def _read_ethernet(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 14:
        return None
    target, source, protocol = _ethernet(data)
    start, vlan = 14, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 14)
    return _Link(protocol, start, _mac(source), _mac(target), None, frame.direction, None, vlan)


def _read_sll2(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 20:
        return None
    protocol, ifindex, device, packet_type, size, source = _sll2(data)
    start, vlan = 20, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 20)
    return _Link(protocol if device != _ARPHRD_NETLINK else 0, start, _mac(source) if size == 6 else None, None, ifindex,
                 "out" if packet_type == PACKET_OUTGOING else "in", packet_type, vlan)


def _read_sll(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 16:
        return None
    packet_type, device, size, source, protocol = _sll(data)
    start, vlan = 16, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 16)
    return _Link(protocol if device != _ARPHRD_NETLINK else 0, start, _mac(source) if size == 6 else None, None, None,
                 "out" if packet_type == PACKET_OUTGOING else "in", packet_type, vlan)


def _read_raw(frame: Frame) -> _Link | None:
    if not len(frame.data):
        return None
    return _Link({4: _IPV4, 6: _IPV6}.get(frame.data[0] >> 4, 0), 0, direction=frame.direction)


def _read_null(frame: Frame) -> _Link | None:
    """NULL has the address family in the byte order of the machine that captured, LOOP in network order: both are small numbers."""
    if len(frame.data) < 4:
        return None
    family = int.from_bytes(frame.data[:4], "big")
    if family >= 0x01000000:
        family = int.from_bytes(frame.data[:4], "little")
    return _Link(_FAMILIES.get(family, 0), 4, direction=frame.direction)


def _tags(data: _Bytes, protocol: int, start: int) -> tuple[int, int, tuple[int, ...]]:
    """Step over VLAN tags: the EtherType behind them, where it ends, the ids."""
    vlan: tuple[int, ...] = ()
    while protocol in _VLAN_TAGS and len(data) >= start + 4:
        tag, protocol = _pair(data, start)
        vlan, start = (*vlan, tag & 0xFFF), start + 4
    return protocol, start, vlan


_LINKS: dict[int, Callable[[Frame], _Link | None]] = {
    1: _read_ethernet, 113: _read_sll, 276: _read_sll2, 0: _read_null, 108: _read_null,
    12: _read_raw, 14: _read_raw, 101: _read_raw, 228: lambda frame: _Link(_IPV4, 0, direction=frame.direction),
    229: lambda frame: _Link(_IPV6, 0, direction=frame.direction)}


# -- IP ---------------------------------------------------------------------------------------------------------------------


def _ipv4(data: _Bytes, start: int, on_wire: int, source: str | None, target: str | None, *, quoted: bool = False) -> Packet | None:
    """The IPv4 packet at `start`, if ip_rcv_core() would take its header. `quoted`: it stands in an ICMP error."""
    if len(data) - start < 20:
        return None
    first, tos, length, identification, fragment, ttl, protocol, src, dst = _ipv4_header(data, start)
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20:
        return None
    if length < header:
        if length and not quoted:
            return None
        length = max(on_wire, header)  # 0: a GSO packet longer than the field can tell (BIG TCP), or seen before TSO filled it in
    raw = bytes(data[start:start + length])
    offset = (fragment & 0x1FFF) * 8
    known: int | None = length - header if not fragment & 0x3FFF else None
    sport = dport = flags = seq = ack = window = kind = code = icmp_id = icmp_seq = rest = inner = None
    options = b""
    if protocol == 6 and not offset and len(raw) >= header + 20:
        sport, dport, seq, ack, words, flags, window = _tcp_header(raw, header)
        behind = header + (words >> 2 & 60)
        options = raw[header + 20:behind]
        known = max(0, length - behind) if known is not None else None
    elif offset:
        known = None
    else:
        sport, dport, flags, seq, ack, window, options, kind, code, icmp_id, icmp_seq, rest, inner, known = _transport(
            raw, header, protocol, known, quoted)
    draft = _Draft(four(src), four(dst), protocol, ttl, tos, identification, length, sport, dport, flags, seq, ack, window, options,
                   kind, code, icmp_id, icmp_seq, rest, fragment & 0x4000 != 0, fragment & 0x2000 != 0, offset, header, (), 0,
                   known, inner, source, target, 0, raw)
    draft.__class__ = Packet
    return cast(Packet, draft)


def _ipv6(data: _Bytes, start: int, on_wire: int, source: str | None, target: str | None, *, quoted: bool = False) -> Packet | None:
    """The IPv6 packet at `start`, if ip6_rcv_core() would take its header."""
    if len(data) - start < 40:
        return None
    word, payload, following, ttl, src, dst = _ipv6_header(data, start)
    if word >> 28 != 6:
        return None
    length = 40 + payload if payload else _long_ipv6(data, start, following, on_wire)
    raw = bytes(data[start:start + length])
    behind, identification, fragment = 40, 0, 0
    passed: tuple[int, ...] = ()
    for number, at, end, after in _extensions(raw, following) if following in _EXTENSIONS else ():
        passed, behind, following = (*passed, number), end, after
        if number == _FRAGMENT:
            fragment, identification = _word(raw, at + 2)[0], _long(raw, at + 4)[0]
    offset = fragment & 0xFFF8
    known: int | None = max(0, length - behind) if not fragment & 0xFFF9 and following not in _EXTENSIONS else None
    sport = dport = flags = seq = ack = window = kind = code = icmp_id = icmp_seq = rest = inner = None
    options = b""
    if not offset:
        sport, dport, flags, seq, ack, window, options, kind, code, icmp_id, icmp_seq, rest, inner, known = _transport(
            raw, behind, following, known, quoted)
    draft = _Draft(six(src), six(dst), following, ttl, word >> 20 & 0xFF, identification, length, sport, dport, flags, seq, ack, window,
                   options, kind, code, icmp_id, icmp_seq, rest, False, fragment & 1 != 0, offset, behind, passed, word & 0xFFFFF,
                   known, inner, source, target, 0, raw)
    draft.__class__ = Packet
    return cast(Packet, draft)


def _extensions(raw: bytes, following: int) -> Iterator[tuple[int, int, int, int]]:
    """(number, where it starts, where it ends, what follows) of each extension header, as ipv6_find_hdr() walks them."""
    at, size = 40, len(raw)
    while following in _EXTENSIONS and at + (8 if following == _FRAGMENT else 2) <= size:
        if following == _FRAGMENT:
            end = at + 8
        elif following == _AUTHENTICATION:
            end = at + (raw[at + 1] + 2) * 4
        else:
            end = at + (raw[at + 1] + 1) * 8
        number, start = following, at
        following, at = raw[at], end
        yield number, start, end, following
        if number == _FRAGMENT and _word(raw, start + 2)[0] & 0xFFF8:
            return


def _long_ipv6(data: _Bytes, start: int, following: int, on_wire: int) -> int:
    """The length of a packet whose payload length is 0: nothing behind the header, a jumbogram, or GSO (BIG TCP)."""
    if following == _NO_NEXT:
        return 40
    at = start + 40
    if following == _HOP_BY_HOP and len(data) >= at + 8 and data[at + 2] == _JUMBO_PAYLOAD and data[at + 3] == 4:
        return 40 + int(_long(data, at + 4)[0])
    return max(on_wire, 40)


# -- transport --------------------------------------------------------------------------------------------------------------

# sport, dport, flags, seq, ack, window, options, icmp type, code, id, seq, rest, inner, transport length
_Fields = tuple[int | None, int | None, int | None, int | None, int | None, int | None, bytes, int | None, int | None, int | None,
                int | None, int | None, Packet | None, int | None]

_DATA_OFFSET = {17: 8, 136: 8, 132: 12}


def _transport(raw: bytes, at: int, protocol: int, known: int | None, quoted: bool) -> _Fields:
    """What stands behind the IP header. `known` is the length that the IP header leaves for it; None in a fragment."""
    size = len(raw) - at
    if protocol == 6:
        return _tcp(raw, at, size, known)
    if protocol in (1, 58):
        return _icmp(raw, at, size, protocol, known, quoted)
    sport = dport = None
    if protocol in (17, 136, 132, 33):
        if size >= 4:
            sport, dport = _pair(raw, at)
        header = _DATA_OFFSET.get(protocol) or (raw[at + 4] * 4 if size >= 5 else None)  # DCCP has a data offset
        known = max(0, known - header) if known is not None and header is not None else None
    return sport, dport, None, None, None, None, b"", None, None, None, None, None, None, known


def _tcp(raw: bytes, at: int, size: int, known: int | None) -> _Fields:
    sport = dport = seq = ack = flags = window = None
    options = b""
    length: int | None = None
    if size >= 20:
        sport, dport, seq, ack, words, flags, window = _tcp_header(raw, at)
        header = words >> 2 & 60
        options = raw[at + 20:at + header]
        length = max(0, known - header) if known is not None else None
    elif size >= 4:
        sport, dport = _pair(raw, at)
        seq = _long(raw, at + 4)[0] if size >= 8 else None
    return sport, dport, flags, seq, ack, window, options, None, None, None, None, None, None, length


def _icmp(raw: bytes, at: int, size: int, protocol: int, known: int | None, quoted: bool) -> _Fields:
    kind = code = first = second = rest = inner = None
    if size >= 2:
        kind, code = raw[at], raw[at + 1]
    if size >= 8:
        rest = _long(raw, at + 4)[0]
        if kind in (_ICMP_QUERIES if protocol == 1 else _ICMPV6_QUERIES):
            first, second = rest >> 16, rest & 0xFFFF
        elif not quoted and _is_error(protocol, kind):
            read = _ipv4 if protocol == 1 else _ipv6
            inner = read(raw, at + 8, size - 8, None, None, quoted=True)
    length = max(0, known - 8) if known is not None else None
    return None, None, None, None, None, None, b"", kind, code, first, second, rest, inner, length


def _is_error(protocol: int, kind: int | None) -> bool:
    return kind in _ICMP_ERRORS if protocol == 1 else kind is not None and kind < 128


# -- fragments --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Queue:
    """The fragments of one packet that have come so far: payload ranges, and the first and last of them."""

    ends: tuple[IPAddress, IPAddress]
    parts: dict[int, tuple[int, bytes]] = field(default_factory=dict)  # offset -> (end, what was captured of it)
    held: int = 0  # bytes
    total: int | None = None
    first: Packet | None = None

    def add(self, start: int, end: int, payload: bytes) -> bool:
        """Keep a fragment; False where it overlaps another one (inet_frag_queue_insert() then drops the queue)."""
        if start in self.parts and self.parts[start][0] == end:
            return True  # the same again
        if any(start < other_end and other < end for other, (other_end, _) in self.parts.items()):
            return False
        self.parts[start] = end, payload
        self.held += end - start
        return True

    def payload(self) -> bytes | None:
        """The whole as far as it was captured; None while a piece is missing."""
        if self.first is None or self.held != self.total:
            return None
        data = bytearray()
        for start, (end, piece) in sorted(self.parts.items()):
            data += piece
            if len(piece) < end - start:
                break
        return bytes(data)


class Defragmenter:
    """Puts fragments together as the kernel does before conntrack sees a packet (nf_defrag_ipv4, nf_defrag_ipv6).

    Feed it the packets of one place (the kernel keeps its queues apart by namespace and, in effect, by hook); the fragment that completes
    a packet yields the whole, whose ports and lengths are known. Overlapping fragments lose their packet, as in the kernel.
    Not modelled: the 30 s after which the kernel gives up; the oldest of more than `limit` packets is forgotten instead.
    """

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._queues: dict[tuple[object, ...], list[_Queue]] = {}

    def feed(self, packet: Packet) -> Packet | None:
        """Take a packet; returns it if it is no fragment, the whole packet if this completes one, else None."""
        if not packet.is_fragment:
            return packet
        key = (packet.family, packet.protocol if packet.family == 4 else None, packet.identification)
        queues = self._queues.setdefault(key, [])
        queue = self._queue(queues, packet)
        kept = self._queued(queue, packet)
        payload = queue.payload() if kept else None
        if payload is not None or not kept:
            queues.remove(queue)
        if not queues:
            del self._queues[key]
        elif len(self._queues) > self._limit:
            del self._queues[next(iter(self._queues))]
        return _whole(queue, payload) if payload is not None else None

    def _queue(self, queues: list[_Queue], packet: Packet) -> _Queue:
        """The queue of this packet's addresses. A capture may show a later fragment as NAT has already rewritten it (packet sockets
        share the buffer), so a fragment without a queue of its own joins one with which it has one address in common."""
        ends = packet.src, packet.dst
        for queue in queues:
            if queue.ends == ends:
                return queue
        if packet.fragment_offset:
            for queue in queues:
                if (queue.ends[0] == ends[0] or queue.ends[1] == ends[1]) and packet.fragment_offset not in queue.parts:
                    return queue
        queues.append(_Queue(ends))
        if len(queues) > self._limit:
            del queues[0]
        return queues[-1]

    @staticmethod
    def _queued(queue: _Queue, packet: Packet) -> bool:
        start, at = packet.fragment_offset, _fragment_payload(packet)
        end = start + packet.length - at
        if packet.more_fragments:
            end -= (end - start) % 8  # ip_frag_queue(): only the last one may have another length
        elif queue.total not in (None, end):
            return False
        else:
            queue.total = end
        if start == 0:
            queue.first = packet
        if end <= start or end > 65535:
            return False
        return queue.add(start, end, packet.raw[at:at + end - start])


def _fragment_payload(packet: Packet) -> int:
    """Where the fragmented part begins: behind the IPv4 header, or behind the IPv6 fragment header."""
    if packet.family == 4:
        return packet.header_length
    return next((end for number, _, end, _ in _extensions(packet.raw, packet.raw[6]) if number == _FRAGMENT), packet.header_length)


def _whole(queue: _Queue, payload: bytes) -> Packet | None:
    first, total = queue.first, queue.total
    assert first is not None
    assert total is not None
    if first.family == 4:
        header = bytearray(first.raw[:first.header_length])
        length = len(header) + total
        if length > 65535:
            return None  # ip_frag_reasm(): "Oversized IP packet"
        header[2:4], header[6:8], header[10:12] = length.to_bytes(2, "big"), b"\0\0", b"\0\0"
        header[10:12] = _checksum(header)
        packet = _ipv4(bytes(header) + payload, 0, length, first.src_mac, first.dst_mac)
    else:
        header = _without_fragment_header(first)
        length = len(header) + total
        if length - 40 > 65535:
            return None
        header[4:6] = (length - 40).to_bytes(2, "big")
        packet = _ipv6(bytes(header) + payload, 0, length, first.src_mac, first.dst_mac)
    return but(packet, identification=first.identification, mark=first.mark) if packet is not None else None


def _without_fragment_header(first: Packet) -> bytearray:
    """The unfragmentable part of an IPv6 packet, its last next-header field naming what the fragment header carried."""
    names = 6
    for number, start, _, following in _extensions(first.raw, first.raw[6]):
        if number == _FRAGMENT:
            header = bytearray(first.raw[:start])
            header[names] = following
            return header
        names = start
    return bytearray(first.raw[:first.header_length])


def _checksum(header: bytearray) -> bytes:
    """The Internet checksum (RFC 1071) of an IPv4 header whose own field is 0."""
    total: int = sum(_word(header, at)[0] for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")
