"""Packets to bytes: as they looked at a hop, with the headers that NAT and targets changed, and checksums that follow (RFC 1624).

A checksum that was right stays right, one that was wrong stays as wrong, and one that hardware was still to complete stays so; also where
the capture was cut, since what was not captured did not change.
"""

from struct import pack, unpack_from
from typing import Any

from visualize.packet.checksum import OFFSETS, ones_sum
from visualize.packet.packet import Packet, Protocol


def written(packet: Packet) -> bytes:
    """The packet from its IP header on, as far as it was captured. One that was never captured is made from its fields."""
    if not packet.raw:
        return _made(packet)
    return _ip_header(packet) + _transport(packet, bytes(packet.raw[packet.header_length:]))


def _ip_header(packet: Packet) -> bytes:
    raw = bytearray(packet.raw[:packet.header_length])
    if packet.family == 6:
        if len(raw) >= 40:
            raw[0:4] = (6 << 28 | packet.tos << 20 | packet.flow_label).to_bytes(4, "big")
            raw[4:6] = _clamped(packet.length - 40)
            raw[7] = packet.ttl
            raw[8:24], raw[24:40] = packet.src.packed, packet.dst.packed
        return bytes(raw)
    if len(raw) >= 20:
        before = bytes(raw)
        raw[1], raw[8] = packet.tos, packet.ttl
        if unpack_from(">H", raw, 2)[0]:  # 0: segmentation offload, longer than the field can say
            raw[2:4] = _clamped(packet.length)
        raw[12:16], raw[16:20] = packet.src.packed, packet.dst.packed
        raw[10:12] = _follow(unpack_from(">H", before, 10)[0], before[:10] + before[12:], bytes(raw[:10]) + bytes(raw[12:]))
    return bytes(raw)


def _clamped(length: int) -> bytes:
    return (length if 0 <= length <= 0xFFFF else 0).to_bytes(2, "big")


def _transport(packet: Packet, before: bytes, quoted: bool = False) -> bytes:
    """The rest of the packet; `before` is how it was captured. A quoted packet's sum counts as whole, whatever its sender left open."""
    if packet.fragment_offset > 0:
        return before
    after = _changed(packet, before)
    at = OFFSETS.get(packet.protocol)
    if at is None or len(before) < at + 2:
        return after
    stored = unpack_from(">H", before, at)[0]
    if packet.protocol == Protocol.UDP and stored == 0:
        return after
    old = _pseudo(packet, bytes(packet.raw), len(before) - len(after))
    new = _pseudo(packet, packet.src.packed + packet.dst.packed, 0, addresses_only=True)
    if stored == ones_sum(old) and old and not quoted:  # CHECKSUM_PARTIAL
        total = ones_sum(new).to_bytes(2, "big")
    else:
        total = _follow(stored, old + before[:at] + before[at + 2:], new + after[:at] + after[at + 2:])
    return after[:at] + total + after[at + 2:]


def _pseudo(packet: Packet, source: bytes, grown: int, addresses_only: bool = False) -> bytes:
    """The pseudo-header: with the addresses of a captured IP header, or of two packed addresses. ICMP has none."""
    if packet.protocol == Protocol.ICMP:
        return b""
    if not addresses_only:
        source = source[12:20] if packet.family == 4 else source[8:40]
    return source + pack(">IHH", max(packet.length - packet.header_length + grown, 0), 0, packet.protocol)


def _follow(stored: int, before: bytes, after: bytes) -> bytes:
    """The checksum behind a change of the bytes that it covers: HC' = ~(~HC + ~m + m')."""
    total = ones_sum(after, (~stored & 0xFFFF) + (~ones_sum(before) & 0xFFFF))
    return (~total & 0xFFFF).to_bytes(2, "big")


def _changed(packet: Packet, before: bytes) -> bytes:
    data = bytearray(before)
    if packet.sport is not None and packet.dport is not None and len(data) >= 4:
        data[0:4] = pack(">HH", packet.sport, packet.dport)
    if packet.protocol == Protocol.TCP and len(data) >= 20:
        return _tcp(packet, data)
    if packet.protocol in (Protocol.ICMP, Protocol.ICMPV6) and len(data) >= 8:
        if packet.icmp_id is not None:
            data[4:6] = pack(">H", packet.icmp_id)
        if packet.inner is not None and packet.inner.raw:
            inner = packet.inner
            quoted = _ip_header(inner) + _transport(inner, bytes(inner.raw[inner.header_length:]), quoted=True)
            data[8:8 + len(quoted)] = quoted
    return bytes(data)


def _tcp(packet: Packet, data: bytearray) -> bytes:
    """TCP's options may have grown (TCPMSS) or been blanked (TCPOPTSTRIP)."""
    behind = (data[12] >> 4) * 4
    options = packet.tcp_options
    if bytes(data[20:behind]) == options or len(data) < behind or len(options) % 4 or len(options) > 40:
        return bytes(data)
    data[12] = (20 + len(options)) // 4 << 4 | data[12] & 0x0F
    return bytes(data[:20]) + options + bytes(data[behind:])


def _made(packet: Packet) -> bytes:
    """A packet that the kernel itself made: its fields as bytes, by scapy."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import ICMPv6Unknown, IPv6
    from scapy.packet import Raw
    head: Any
    body: Any
    if packet.family == 4:
        head = IP(src=str(packet.src), dst=str(packet.dst), ttl=packet.ttl, tos=packet.tos, id=packet.identification, proto=packet.protocol,
                  flags="DF" if packet.dont_fragment else 0)
    else:
        head = IPv6(src=str(packet.src), dst=str(packet.dst), hlim=packet.ttl, tc=packet.tos, nh=packet.protocol)
    quoted = written(packet.inner)[:packet.length] if packet.inner is not None else b""
    match packet.protocol:
        case Protocol.TCP:
            body = TCP(sport=packet.sport, dport=packet.dport, seq=packet.seq, ack=packet.ack, flags=packet.tcp_flags, window=packet.window)
        case Protocol.UDP:
            body = UDP(sport=packet.sport, dport=packet.dport)
        case Protocol.ICMP:
            body = ICMP(type=packet.icmp_type or 0, code=packet.icmp_code or 0) / Raw(quoted)
        case Protocol.ICMPV6:
            body = ICMPv6Unknown(type=packet.icmp_type or 0, code=packet.icmp_code or 0, msgbody=bytes(4) + quoted)
        case _:
            return bytes(head)
    return bytes(head / body)
