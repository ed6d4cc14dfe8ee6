"""Frames to packets: Ethernet, SLL, SLL2, raw IP; IPv4, IPv6; TCP, UDP, ICMP and their kin.

`decode` never raises, whatever the bytes. A header that was cut off leaves its fields None; a frame without an IP packet that the
kernel would take gives None, and `why_not` says why. Lengths come from the IP header, not from what was captured.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from visualize.packet.address import four, six
from visualize.packet.packet import PACKET_OUTGOING, Packet
from visualize.packet.pcap import Frame

ETHERTYPES = {0x0806: "ARP", 0x8035: "RARP", 0x88CC: "LLDP", 0x888E: "EAPOL", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session",
              0x8847: "MPLS", 0x8848: "MPLS", 0x88F7: "PTP", 0x8809: "LACP", 0x88E5: "MACsec", 0x9000: "loopback test"}
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_ARPHRD_NETLINK = 824  # an nlmon device: the protocol field then holds a netlink family

# What ipv6_ext_hdr() in the kernel takes for an extension header, without ESP and "no next header"
_HOP_BY_HOP, _ROUTING, FRAGMENT, _AUTHENTICATION, _DESTINATION, _NO_NEXT = 0, 43, 44, 51, 60, 59
_EXTENSIONS = frozenset({_HOP_BY_HOP, _ROUTING, FRAGMENT, _AUTHENTICATION, _DESTINATION})
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


# What was read of the link layer: the EtherType (0 where it has none), where the IP header starts, source and target MAC address, and the
# rest of a `Decoded`: interface, direction, packet type, VLAN ids. (A plain tuple: one is made for every frame.)
_Link = tuple[int, int, str | None, str | None, int | None, str | None, int | None, tuple[int, ...]]


def _bare(protocol: int, start: int, frame: Frame) -> _Link:
    """A link layer without addresses."""
    return protocol, start, None, None, None, frame.direction, None, _NO_TAGS


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
        packet = ipv4_packet(frame.data, start, frame.original_length - start, source, target)
    elif protocol == _IPV6:
        packet = ipv6_packet(frame.data, start, frame.original_length - start, source, target)
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
    protocol, start = link[:2]
    if protocol in (_IPV4, _IPV6):
        version = 4 if protocol == _IPV4 else 6
        short = len(frame.data) - start < (20 if version == 4 else 40)
        return f"cut off in the IPv{version} header" if short else f"an IPv{version} header that can't be (the kernel drops it)"
    if protocol in _VLAN_TAGS:
        return "cut off in a VLAN tag"
    if protocol < 0x0600:
        return "not IP (no EtherType)"
    return ETHERTYPES.get(protocol) or f"EtherType {protocol:#06x}"


# -- link layers ------------------------------------------------------------------------------------------------------------


def _read_ethernet(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 14:
        return None
    target, source, protocol = _ethernet(data)
    start, vlan = 14, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 14)
    return protocol, start, _mac(source), _mac(target), None, frame.direction, None, vlan


def _read_sll2(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 20:
        return None
    protocol, ifindex, device, packet_type, size, source = _sll2(data)
    start, vlan = 20, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 20)
    return (protocol if device != _ARPHRD_NETLINK else 0, start, _mac(source) if size == 6 else None, None, ifindex,
                 "out" if packet_type == PACKET_OUTGOING else "in", packet_type, vlan)


def _read_sll(frame: Frame) -> _Link | None:
    data = frame.data
    if len(data) < 16:
        return None
    packet_type, device, size, source, protocol = _sll(data)
    start, vlan = 16, _NO_TAGS
    if protocol in _VLAN_TAGS:
        protocol, start, vlan = _tags(data, protocol, 16)
    return (protocol if device != _ARPHRD_NETLINK else 0, start, _mac(source) if size == 6 else None, None, None,
                 "out" if packet_type == PACKET_OUTGOING else "in", packet_type, vlan)


def _read_raw(frame: Frame) -> _Link | None:
    if not len(frame.data):
        return None
    return _bare({4: _IPV4, 6: _IPV6}.get(frame.data[0] >> 4, 0), 0, frame)


def _read_null(frame: Frame) -> _Link | None:
    """NULL has the address family in the byte order of the machine that captured, LOOP in network order: both are small numbers."""
    if len(frame.data) < 4:
        return None
    family = int.from_bytes(frame.data[:4], "big")
    if family >= 0x01000000:
        family = int.from_bytes(frame.data[:4], "little")
    return _bare(_FAMILIES.get(family, 0), 4, frame)


def _tags(data: _Bytes, protocol: int, start: int) -> tuple[int, int, tuple[int, ...]]:
    """Step over VLAN tags: the EtherType behind them, where it ends, the ids."""
    vlan: tuple[int, ...] = ()
    while protocol in _VLAN_TAGS and len(data) >= start + 4:
        tag, protocol = _pair(data, start)
        vlan, start = (*vlan, tag & 0xFFF), start + 4
    return protocol, start, vlan


_LINKS: dict[int, Callable[[Frame], _Link | None]] = {
    1: _read_ethernet, 113: _read_sll, 276: _read_sll2, 0: _read_null, 108: _read_null,
    12: _read_raw, 14: _read_raw, 101: _read_raw, 228: lambda frame: _bare(_IPV4, 0, frame),
    229: lambda frame: _bare(_IPV6, 0, frame)}


# -- IP ---------------------------------------------------------------------------------------------------------------------


def ipv4_packet(data: _Bytes, start: int, on_wire: int, source: str | None, target: str | None, *, quoted: bool = False) -> Packet | None:
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
    return Packet(four(src), four(dst), protocol, ttl, tos, identification, length, sport, dport, flags, seq, ack, window, options,
                   kind, code, icmp_id, icmp_seq, rest, fragment & 0x4000 != 0, fragment & 0x2000 != 0, offset, header, (), 0,
                   known, inner, source, target, 0, raw)


def ipv6_packet(data: _Bytes, start: int, on_wire: int, source: str | None, target: str | None, *, quoted: bool = False) -> Packet | None:
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
    for number, at, end, after in extension_headers(raw, following) if following in _EXTENSIONS else ():
        passed, behind, following = (*passed, number), end, after
        if number == FRAGMENT:
            fragment, identification = _word(raw, at + 2)[0], _long(raw, at + 4)[0]
    offset = fragment & 0xFFF8
    known: int | None = max(0, length - behind) if not fragment & 0xFFF9 and following not in _EXTENSIONS else None
    sport = dport = flags = seq = ack = window = kind = code = icmp_id = icmp_seq = rest = inner = None
    options = b""
    if not offset:
        sport, dport, flags, seq, ack, window, options, kind, code, icmp_id, icmp_seq, rest, inner, known = _transport(
            raw, behind, following, known, quoted)
    return Packet(six(src), six(dst), following, ttl, word >> 20 & 0xFF, identification, length, sport, dport, flags, seq, ack, window,
                   options, kind, code, icmp_id, icmp_seq, rest, False, fragment & 1 != 0, offset, behind, passed, word & 0xFFFFF,
                   known, inner, source, target, 0, raw)


def extension_headers(raw: bytes, following: int) -> Iterator[tuple[int, int, int, int]]:
    """(number, where it starts, where it ends, what follows) of each extension header, as ipv6_find_hdr() walks them."""
    at, size = 40, len(raw)
    while following in _EXTENSIONS and at + (8 if following == FRAGMENT else 2) <= size:
        if following == FRAGMENT:
            end = at + 8
        elif following == _AUTHENTICATION:
            end = at + (raw[at + 1] + 2) * 4
        else:
            end = at + (raw[at + 1] + 1) * 8
        number, start = following, at
        following, at = raw[at], end
        yield number, start, end, following
        if number == FRAGMENT and _word(raw, start + 2)[0] & 0xFFF8:
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
            read = ipv4_packet if protocol == 1 else ipv6_packet
            inner = read(raw, at + 8, size - 8, None, None, quoted=True)
    length = max(0, known - 8) if known is not None else None
    return None, None, None, None, None, None, b"", kind, code, first, second, rest, inner, length


def _is_error(protocol: int, kind: int | None) -> bool:
    return kind in _ICMP_ERRORS if protocol == 1 else kind is not None and kind < 128
