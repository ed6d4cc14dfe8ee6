"""Frames to packets: Ethernet, SLL, SLL2, raw IP; IPv4, IPv6; TCP, UDP, ICMP and their kin. Never raises on what a wire may carry.

A header that was cut off leaves its fields None.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from struct import unpack_from
from typing import Any

from visualize.packet.packet import PACKET_OUTGOING, Packet
from visualize.packet.pcap import Frame

_IPV4, _IPV6, _VLAN = 0x0800, 0x86DD, (0x8100, 0x88A8, 0x9100)
_EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A packet with what the link layer said of it. `direction` is "in" or "out" where the capture tells."""

    packet: Packet
    ifindex: int | None = None  # SLL2
    direction: str | None = None
    packet_type: int | None = None  # SLL, SLL2: PACKET_HOST ... PACKET_OUTGOING
    vlan: tuple[int, ...] = ()


@lru_cache(maxsize=65536)
def _four(data: bytes) -> IPv4Address:
    return IPv4Address(data)


@lru_cache(maxsize=65536)
def _six(data: bytes) -> IPv6Address:
    return IPv6Address(data)


@lru_cache(maxsize=4096)
def _mac(data: bytes) -> str | None:
    return data.hex(":") if len(data) == 6 and any(data) else None


def decode(frame: Frame) -> Decoded | None:
    """The IP packet in a frame; None where there is none (ARP, LLDP, a header that was cut off)."""
    data, kind = memoryview(frame.data), frame.linktype
    size = len(data)
    if kind == 276:  # LINKTYPE_LINUX_SLL2
        if size < 20:
            return None
        protocol, ifindex, packet_type = unpack_from(">HxxIxxB", data)
        protocol, start, vlan = _tags(data, protocol, 20)
        packet = _ip(data[start:], protocol, frame, start, _mac(bytes(data[12:18])), None)
        return None if packet is None else Decoded(packet, ifindex, _way(packet_type), packet_type, vlan)
    if kind == 1:
        if size < 14:
            return None
        protocol, start, vlan = _tags(data, unpack_from(">H", data, 12)[0], 14)
        packet = _ip(data[start:], protocol, frame, start, _mac(bytes(data[6:12])), _mac(bytes(data[:6])))
        return None if packet is None else Decoded(packet, None, frame.direction, None, vlan)
    if kind == 113:  # LINKTYPE_LINUX_SLL
        if size < 16:
            return None
        packet_type, protocol = unpack_from(">H12xH", data)
        protocol, start, vlan = _tags(data, protocol, 16)
        packet = _ip(data[start:], protocol, frame, start, _mac(bytes(data[6:12])), None)
        return None if packet is None else Decoded(packet, None, _way(packet_type), packet_type, vlan)
    start = 4 if kind in (0, 108) else 0
    if size <= start:
        return None
    protocol = {4: _IPV4, 6: _IPV6}.get(data[start] >> 4, 0)
    packet = _ip(data[start:], protocol, frame, start, None, None)
    return None if packet is None else Decoded(packet, None, frame.direction)


def _way(packet_type: int) -> str:
    return "out" if packet_type == PACKET_OUTGOING else "in"


def _tags(data: memoryview, protocol: int, start: int) -> tuple[int, int, tuple[int, ...]]:
    vlan: tuple[int, ...] = ()
    while protocol in _VLAN and len(data) >= start + 4:
        tag, protocol = unpack_from(">HH", data, start)
        vlan, start = (*vlan, tag & 0xFFF), start + 4
    return protocol, start, vlan


def _ip(data: memoryview, protocol: int, frame: Frame, start: int, source: str | None, target: str | None) -> Packet | None:
    on_wire = max(0, frame.original_length - start)
    if protocol == _IPV4:
        return _ipv4(data, on_wire, source, target)
    return _ipv6(data, on_wire, source, target) if protocol == _IPV6 else None


def _ipv4(data: memoryview, on_wire: int, source: str | None, target: str | None) -> Packet | None:
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    first, tos, length, identification, fragment, ttl, protocol = unpack_from(">BBHHHBB", data)
    header = (first & 15) * 4
    if header < 20:
        return None
    length = length or on_wire
    offset = (fragment & 0x1FFF) * 8
    end = min(len(data), length) if length >= header else len(data)
    fields = _transport(protocol, data[header:end], length - header) if offset == 0 else {}
    return Packet(_four(bytes(data[12:16])), _four(bytes(data[16:20])), protocol, ttl, tos, identification, length,
                  dont_fragment=bool(fragment & 0x4000), more_fragments=bool(fragment & 0x2000), fragment_offset=offset,
                  header_length=header, src_mac=source, dst_mac=target, raw=bytes(data[:end]), **fields)


def _ipv6(data: memoryview, on_wire: int, source: str | None, target: str | None) -> Packet | None:
    if len(data) < 40 or data[0] >> 4 != 6:
        return None
    word, payload, following, ttl = unpack_from(">IHBB", data)
    length = 40 + payload if payload else max(on_wire, 40)
    end = min(len(data), length)
    position, seen, identification, offset, more = 40, [], 0, 0, False
    while following in _EXTENSIONS and position + 8 <= end:
        seen.append(following)
        if following == 44:
            where, identification = unpack_from(">xxHI", data, position)
            offset, more, size = where & 0xFFF8, bool(where & 1), 8
        else:
            size = (data[position + 1] + 2) * 4 if following == 51 else (data[position + 1] + 1) * 8
        following = data[position]
        position += size
        if offset:
            break
    fields = _transport(following, data[position:end], length - position) if offset == 0 and position <= end else {}
    return Packet(_six(bytes(data[8:24])), _six(bytes(data[24:40])), following, ttl, word >> 20 & 0xFF, identification, length,
                  more_fragments=more, fragment_offset=offset, header_length=position, extension_headers=tuple(seen),
                  flow_label=word & 0xFFFFF, src_mac=source, dst_mac=target, raw=bytes(data[:end]), **fields)


def _transport(protocol: int, data: memoryview, length: int) -> dict[str, Any]:
    """The fields of a transport header; `length` is what the IP header says of the payload."""
    size = len(data)
    if protocol == 6:
        return _tcp(data, length)
    if protocol in (17, 136):
        if size < 4:
            return {}
        sport, dport = unpack_from(">HH", data)
        return {"sport": sport, "dport": dport, "transport_length": max(0, length - 8)}
    if protocol in (132, 33):
        if size < 4:
            return {}
        sport, dport = unpack_from(">HH", data)
        return {"sport": sport, "dport": dport, "transport_length": max(0, length - 12)}
    if protocol in (1, 58):
        return _icmp(protocol, data, length)
    return {"transport_length": max(0, length)}


def _tcp(data: memoryview, length: int) -> dict[str, Any]:
    if len(data) < 4:
        return {}
    sport, dport = unpack_from(">HH", data)
    fields: dict[str, Any] = {"sport": sport, "dport": dport}
    if len(data) >= 8:
        fields["seq"] = unpack_from(">I", data, 4)[0]
    if len(data) < 20:
        return fields
    ack, offset, flags, window = unpack_from(">IBBH", data, 8)
    header = (offset >> 4) * 4
    fields |= {"ack": ack, "tcp_flags": flags, "window": window, "tcp_options": bytes(data[20:header]),
               "transport_length": max(0, length - header)}
    return fields


def _icmp(protocol: int, data: memoryview, length: int) -> dict[str, Any]:
    if len(data) < 2:
        return {}
    kind, code = data[0], data[1]
    fields: dict[str, Any] = {"icmp_type": kind, "icmp_code": code, "transport_length": max(0, length - 8)}
    if len(data) < 8:
        return fields
    rest = unpack_from(">I", data, 4)[0]
    fields["icmp_rest"] = rest
    queries = (0, 8, 13, 14, 15, 16, 17, 18) if protocol == 1 else (128, 129)
    if kind in queries:
        fields |= {"icmp_id": rest >> 16, "icmp_seq": rest & 0xFFFF}
        return fields
    error = kind in (3, 4, 5, 11, 12) if protocol == 1 else kind < 128
    if error:
        read = _ipv4 if protocol == 1 else _ipv6
        fields["inner"] = read(data[8:], len(data) - 8, None, None)
    return fields


@dataclass(slots=True)
class _Pieces:
    parts: dict[int, bytes] = field(default_factory=dict)
    total: int | None = None
    first: Packet | None = None


class Defragmenter:
    """Puts fragments together, as the kernel does before connection tracking (nf_defrag_ipv4): feed each, the last one yields the whole."""

    def __init__(self) -> None:
        self._held: dict[tuple[object, ...], _Pieces] = {}

    def feed(self, packet: Packet) -> Packet | None:
        """Take a fragment; returns the whole packet once it is complete, else None."""
        # addresses are no part of the key: a capture may show a later fragment as NAT has already rewritten it
        key = (packet.family, packet.protocol if packet.family == 4 else 0, packet.identification)
        pieces = self._held.setdefault(key, _Pieces())
        start = packet.fragment_offset
        payload = packet.raw[packet.header_length:]
        size = packet.length - packet.header_length
        pieces.parts[start] = payload.ljust(size, b"\0")
        if start == 0:
            pieces.first = packet
        if not packet.more_fragments:
            pieces.total = start + size
        whole = self._joined(pieces)
        if whole is not None:
            del self._held[key]
        elif len(self._held) > 4096:
            self._held.pop(next(iter(self._held)))
        return whole

    @staticmethod
    def _joined(pieces: _Pieces) -> Packet | None:
        if pieces.total is None or pieces.first is None:
            return None
        position, data = 0, b""
        for start in sorted(pieces.parts):
            if start > position:
                return None
            data = data[:start] + pieces.parts[start]
            position = len(data)
        if position < pieces.total:
            return None
        first = pieces.first
        fields = _transport(first.protocol, memoryview(data), len(data))
        header = first.header_length - (8 if first.family == 6 else 0)
        extensions = tuple(number for number in first.extension_headers if number != 44)
        return replace(first, length=header + pieces.total, more_fragments=False, fragment_offset=0, header_length=header,
                       extension_headers=extensions, raw=first.raw[:header] + data, **fields)
