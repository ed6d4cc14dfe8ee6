"""Packets as bytes: built by hand, taken apart again, and written to a pcap.  Nothing here asks the code under test."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

ICMP, TCP, UDP, ICMPV6, FRAGMENT6, DCCP, UDPLITE = 1, 6, 17, 58, 44, 33, 136
PROTOCOLS = {"icmp": ICMP, "tcp": TCP, "udp": UDP, "icmpv6": ICMPV6, "dccp": DCCP, "gre": 47, "esp": 50, "ah": 51, "ipencap": 4, "udplite": UDPLITE}
NAMES = {1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp",
         136: "udplite"}
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
ERRORS = {4: (3, 4, 5, 11, 12), 6: (1, 2, 3, 4)}
LINKTYPE_RAW, LINKTYPE_SLL2 = 101, 276
PACKET_OUTGOING = 4


def packed(address: str) -> bytes:
    """The address in network order."""
    return ip_address(address).packed


def family_of(address: str) -> int:
    """4 or 6."""
    return ip_address(address).version


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(src: str, dst: str, protocol: int, length: int) -> bytes:
    """The pseudo header that transport checksums cover."""
    if family_of(src) == 4:
        return packed(src) + packed(dst) + struct.pack("!BBH", 0, protocol, length)
    return packed(src) + packed(dst) + struct.pack("!IHBB", length, 0, 0, protocol)


def flag_bits(letters: str) -> int:
    """`SA` -> 0x12."""
    return sum(FLAGS[letter] for letter in letters)


def tcp(src: str, dst: str, sport: int, dport: int, flags: str, seq: int, ack: int, payload: bytes = b"",
        window: int = 29200) -> bytes:
    """A TCP segment with a checksum; a SYN carries an MSS option."""
    options = b"\x02\x04\x05\xb4" if "S" in flags else b""
    header = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (5 + len(options) // 4) << 4,
                         flag_bits(flags), window, 0, 0) + options + payload
    total = checksum(pseudo(src, dst, TCP, len(header)) + header)
    return header[:16] + struct.pack("!H", total) + header[18:]


def udp(src: str, dst: str, sport: int, dport: int, payload: bytes = b"") -> bytes:
    """A UDP datagram with a checksum."""
    header = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    total = checksum(pseudo(src, dst, UDP, len(header)) + header) or 0xFFFF
    return header[:6] + struct.pack("!H", total) + header[8:]


def other(protocol: int, src: str, dst: str, sport: int, dport: int, payload: bytes) -> bytes:
    """A packet of another protocol: UDP-Lite with its checksum over all, DCCP's request, else a body that means little."""
    if protocol == UDPLITE:
        header = struct.pack("!HHHH", sport, dport, 0, 0) + payload
        total = checksum(pseudo(src, dst, protocol, len(header)) + header) or 0xFFFF
        return header[:6] + struct.pack("!H", total) + header[8:]
    if protocol == DCCP:
        header = struct.pack("!HHBBHBBHI", sport, dport, 5, 0, 0, 1, 0, 0, 1) + struct.pack("!I", 42) + payload
        return header[:6] + struct.pack("!H", checksum(pseudo(src, dst, protocol, len(header)) + header)) + header[8:]
    heads = {47: struct.pack("!HH", 0, 0x0800), 50: struct.pack("!II", 0x1234, 1), 51: struct.pack("!BBHII", 59, 1, 0, 0x1234, 1)}
    return heads.get(protocol, b"") + payload


def icmp(src: str, dst: str, kind: int, code: int, rest: int, payload: bytes = b"") -> bytes:
    """An ICMP or ICMPv6 message; `rest` is the four bytes behind the checksum."""
    header = struct.pack("!BBHI", kind, code, 0, rest) + payload
    cover = header if family_of(src) == 4 else pseudo(src, dst, ICMPV6, len(header)) + header
    return header[:2] + struct.pack("!H", checksum(cover)) + header[4:]


def ip(src: str, dst: str, protocol: int, payload: bytes, *, ttl: int = 64, ident: int = 0, tos: int = 0,
       dont_fragment: bool = False, more: bool = False, offset: int = 0) -> bytes:
    """An IP packet. IPv6 carries `ident` as its flow label, which routers keep as they keep the IPv4 id."""
    if family_of(src) == 4:
        field = offset // 8 | (0x2000 if more else 0) | (0x4000 if dont_fragment else 0)
        header = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), ident, field, ttl, protocol, 0) + packed(src) + packed(dst)
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload
    if more or offset:
        payload = struct.pack("!BBHI", protocol, 0, offset | (1 if more else 0), 0x1000 + ident) + payload
        protocol = FRAGMENT6
    return struct.pack("!IHBB", 6 << 28 | tos << 20 | ident, len(payload), protocol, ttl) + packed(src) + packed(dst) + payload


def fragments(packet: bytes, size: int) -> list[bytes]:
    """The packet cut in pieces of `size` bytes of payload each (a multiple of 8)."""
    head = take_apart(packet)
    src, dst = head.src, head.dst
    body = packet[20 if head.family == 4 else 40:]
    return [ip(src, dst, head.protocol, body[at:at + size], ttl=head.ttl, ident=head.ident, tos=head.tos,
               more=at + size < len(body), offset=at) for at in range(0, len(body), size)]


@dataclass(frozen=True)
class Header:
    """What a packet's bytes say."""

    src: str
    dst: str
    protocol: int
    ttl: int
    tos: int
    ident: int
    length: int
    sport: int | None = None
    dport: int | None = None
    flags: int | None = None
    seq: int | None = None
    ack: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None
    offset: int = 0
    more: bool = False

    @property
    def family(self) -> int:
        """4 or 6."""
        return family_of(self.src)

    @property
    def is_icmp_error(self) -> bool:
        """A message that quotes another packet."""
        return self.protocol in (ICMP, ICMPV6) and self.icmp_type in ERRORS[self.family]

    @property
    def is_fragment(self) -> bool:
        """The first fragment included."""
        return self.more or self.offset > 0

    def form(self) -> dict[str, Any]:
        """The fields of a replay line's `in` and `out`, by the same names."""
        return {"src": self.src, "dst": self.dst, "proto": NAMES.get(self.protocol, str(self.protocol)), "sport": self.sport,
                "dport": self.dport, "ttl": self.ttl, "tos": self.tos, "id": self.ident if self.family == 4 else 0,
                "length": self.length}

    def describe(self) -> str:
        """`tcp 10.1.0.2:40000 > 10.2.0.2:80 S`."""
        text = NAMES.get(self.protocol, str(self.protocol))
        ends = [f"{host}" if port is None else f"{host}:{port}" if self.family == 4 else f"[{host}]:{port}"
                for host, port in ((self.src, self.sport), (self.dst, self.dport))]
        text += f" {ends[0]} > {ends[1]}"
        if self.flags is not None:
            text += " " + "".join(letter for letter, bit in FLAGS.items() if self.flags & bit)
        if self.icmp_type is not None:
            text += f" type {self.icmp_type} code {self.icmp_code} id {self.icmp_id}"
        if self.is_fragment:
            text += f" frag {self.offset}{'+' if self.more else ''}"
        return text + f" ttl {self.ttl}"


def take_apart(data: bytes) -> Header:
    """Read a packet from its IP header on. Raises struct.error or ValueError on one that is no IP packet."""
    if data[0] >> 4 == 4:
        tos, length, ident, field, ttl, protocol = struct.unpack("!xBHHHBB", data[:10])
        src, dst = str(ip_address(data[12:16])), str(ip_address(data[16:20]))
        body, offset, more = data[(data[0] & 15) * 4:], (field & 0x1FFF) * 8, bool(field & 0x2000)
    elif data[0] >> 4 == 6:
        first, payload, protocol, ttl = struct.unpack("!IHBB", data[:8])
        tos, ident, length, offset, more = first >> 20 & 0xFF, first & 0xFFFFF, payload + 40, 0, False
        src, dst = str(ip_address(data[8:24])), str(ip_address(data[24:40]))
        body = data[40:]
        while protocol in (0, 43, 60, FRAGMENT6):
            following = body[0]
            if protocol == FRAGMENT6:
                offset, more = struct.unpack("!H", body[2:4])[0] & 0xFFF8, bool(body[3] & 1)
            body = body[8 if protocol == FRAGMENT6 else (body[1] + 1) * 8:]
            protocol = following
    else:
        raise ValueError("no IP packet")
    transport = _transport(protocol, body) if offset == 0 else {}
    return Header(src, dst, protocol, ttl, tos, ident, length, offset=offset, more=more, **transport)


def _transport(protocol: int, body: bytes) -> dict[str, Any]:
    if protocol == TCP and len(body) >= 14:
        sport, dport, seq, ack, _, flags = struct.unpack("!HHIIBB", body[:14])
        return {"sport": sport, "dport": dport, "seq": seq, "ack": ack, "flags": flags}
    if protocol in (UDP, UDPLITE, DCCP) and len(body) >= 4:
        sport, dport = struct.unpack("!HH", body[:4])
        return {"sport": sport, "dport": dport}
    if protocol in (ICMP, ICMPV6) and len(body) >= 8:
        return {"icmp_type": body[0], "icmp_code": body[1], "icmp_id": struct.unpack("!H", body[4:6])[0]}
    return {}


@dataclass(frozen=True)
class Frame:
    """One sighting by an `any` capture: nanoseconds, interface index and name, SLL2's fields, the packet from its IP header on."""

    time: int
    index: int
    interface: str
    kind: int
    hardware: int
    address: bytes
    protocol: int
    data: bytes

    @property
    def outgoing(self) -> bool:
        """Seen on its way out."""
        return self.kind == PACKET_OUTGOING

    def sll2(self) -> bytes:
        """The frame as `tcpdump -i any` writes it."""
        return struct.pack("!HHIHBB8s", self.protocol, 0, self.index, self.hardware, self.kind, len(self.address),
                           self.address[:8].ljust(8, b"\0")) + self.data


def pcap(linktype: int, records: Iterable[tuple[int, bytes]]) -> bytes:
    """A capture file with nanoseconds."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for time, data in records:
        out.append(struct.pack("<IIII", time // 10**9, time % 10**9, len(data), len(data)) + data)
    return b"".join(out)


def ethertype(family: int) -> int:
    """0x0800 or 0x86dd."""
    return 0x0800 if family == 4 else 0x86DD
