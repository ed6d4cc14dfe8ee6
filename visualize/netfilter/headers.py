"""What a match may read of a packet's bytes: whether a header is there, TCP options, the bytes as they would be now.

The kernel asks skb_header_pointer; here a header may also be missing because the capture was cut, which is UNKNOWN, not NO.
"""

from collections.abc import Iterator
from dataclasses import replace

from visualize.netfilter.answer import Answer, Truth, no, unknown
from visualize.packet.packet import Packet, Protocol

SIZES: dict[int, int] = {Protocol.TCP: 20, Protocol.UDP: 8, Protocol.UDPLITE: 8, Protocol.SCTP: 12, Protocol.DCCP: 12,
                         Protocol.ICMP: 8, Protocol.ICMPV6: 8, Protocol.ESP: 8, Protocol.AH: 12, 108: 4}
EXTENSIONS = {0: "hop-by-hop", 43: "routing", 44: "fragment", 51: "AH", 60: "destination options", 135: "mobility"}
TCPOPT_EOL, TCPOPT_NOP, TCPOPT_MSS = 0, 1, 2


def hotdrop(why: str) -> Answer:
    """The match drops the packet itself (par->hotdrop); no target is reached."""
    return Answer(Truth.NO, why, hotdrop=True)


def dropping(answer: Answer, negated: bool) -> Answer:
    """A hotdrop inside a test that is turned around: the match says YES, and the packet is dropped all the same (SCCHK, DCCHECK)."""
    return replace(answer, truth=Truth.YES) if negated and answer.hotdrop else answer


def not_captured(what: str, default: bool = False) -> Answer:
    """The capture was cut before the bytes that decide."""
    return unknown(f"the capture lacks {what}", default, "capture whole packets (tcpdump -s 0)")


def unwalked(packet: Packet) -> Answer | None:
    """UNKNOWN where the capture ends within the IPv6 extension headers, so that the protocol is not told."""
    return not_captured("the IPv6 extension headers") if packet.cut and packet.family == 6 and packet.protocol in EXTENSIONS else None


def no_transport(packet: Packet, protocol: int) -> Answer | None:
    """Why the packet has no header of `protocol` to look at: None where it has one.

    A later fragment has no ports, and says NO even behind a `!` (tcp_mt, udp_mt, icmp_match).
    """
    if packet.protocol != protocol:
        return unwalked(packet) or no(f"protocol is {packet.protocol_name}")
    if packet.fragment_offset > 0:
        if protocol == Protocol.TCP and packet.family == 4 and packet.fragment_offset == 8:
            return hotdrop("a TCP fragment at offset 8 is an attack; the kernel drops it")
        return no("a later fragment has no ports")
    return None


def cut_header(packet: Packet, negated: bool, needed: int | None = None) -> Answer:
    """What a match says of a field that was not decoded.

    A header that the packet really lacks makes the kernel drop the packet; one that only the capture lacks is UNKNOWN.
    """
    size = SIZES.get(packet.protocol, 4) if needed is None else needed
    if 0 < packet.length < packet.header_length + size:
        return hotdrop(f"the {packet.protocol_name} header is cut; the kernel drops the packet")
    return not_captured(f"the {packet.protocol_name} header").negate(negated)


def tcp_options(options: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, data) for each option, to the last byte: the kernel's loops do not stop at an EOL (tcp_find_option)."""
    at = 0
    while at < len(options):
        kind = options[at]
        if kind < 2:
            yield kind, b""
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        yield kind, options[at + 2:at + max(size, 2)]
        at += size or 1


def current_bytes(packet: Packet) -> bytes:
    """The captured bytes with addresses, TTL, TOS and ports as they are now. Checksums stay as they were captured."""
    if not packet.raw:
        return b""
    raw = bytearray(packet.raw)
    if packet.family == 4:
        changes = [(1, bytes([packet.tos])), (8, bytes([packet.ttl])), (12, packet.src.packed), (16, packet.dst.packed)]
    else:
        first = (6 << 28 | packet.tos << 20 | packet.flow_label).to_bytes(4, "big")
        changes = [(0, first), (7, bytes([packet.ttl])), (8, packet.src.packed), (24, packet.dst.packed)]
    if packet.sport is not None and packet.dport is not None:
        changes.append((packet.header_length, packet.sport.to_bytes(2, "big") + packet.dport.to_bytes(2, "big")))
    for at, data in changes:
        if at + len(data) <= len(raw):
            raw[at:at + len(data)] = data
    return bytes(raw)


def transport_bytes(packet: Packet, first: int, count: int) -> bytes | None:
    """`count` bytes at `first` of the transport header, None where they were not captured."""
    start = packet.header_length + first
    found = packet.raw[start:start + count]
    return found if len(found) == count else None


def needed_bytes(packet: Packet, first: int, count: int, negated: bool = False) -> bytes | Answer:
    """`count` bytes at `first` of the transport header (skb_header_pointer), or what a match says that can't do without them.

    Where the packet itself is too short the kernel drops it; where only the capture is, the answer is unknown.
    """
    found = transport_bytes(packet, first, count)
    if found is not None:
        return found
    if 0 < packet.length < packet.header_length + first + count:
        return hotdrop(f"the {packet.protocol_name} header is cut; the kernel drops the packet")
    return not_captured(f"the {packet.protocol_name} header").negate(negated)


def native_bytes(packet: Packet, first: int, count: int, negated: bool) -> bytes | Answer:
    """`count` bytes where nft believes the transport header to be (nft_payload_fast_eval), or no match, also behind a `!`.

    It does not notice a later fragment: of IPv4 it reads the payload there, of IPv6 the IP header itself (ipv6_find_hdr leaves thoff 0).
    """
    start = (0 if packet.family == 6 and packet.fragment_offset else packet.header_length) + first
    found = current_bytes(packet)[start:start + count]
    if len(found) == count:
        return found
    if 0 < packet.length < start + count:
        return no(f"the packet ends before byte {start + count}")
    return not_captured(f"the {packet.protocol_name} header").negate(negated)


def tcp_option_bytes(packet: Packet, negated: bool = False) -> bytes | Answer:
    """The TCP options as tcp_find_option and tcpmss_mt read them; a header length below 20, or beyond the packet, drops the packet."""
    offset = transport_bytes(packet, 12, 1)
    if offset is None:
        if packet.raw or (packet.tcp_flags is None and not packet.tcp_options):
            return cut_header(packet, negated)
        return packet.tcp_options  # a packet that was asked about, not captured
    size = (offset[0] >> 4) * 4
    if size < 20:
        return hotdrop("the TCP header says that it is shorter than 20 bytes; the kernel drops the packet")
    if 0 < packet.length < packet.header_length + size:
        return hotdrop("the TCP options are cut; the kernel drops the packet")
    if len(packet.raw) < packet.header_length + size:
        return not_captured("all TCP options").negate(negated)
    return packet.tcp_options


def extension_bytes(packet: Packet, number: int, needed: int, negated: bool = False) -> bytes | Answer:
    """An IPv6 extension header from its start on, at least `needed` bytes; or why there is none (ipv6_find_hdr and its callers)."""
    if number not in packet.extension_headers and packet.protocol != number:
        return no(f"there is no {EXTENSIONS.get(number, number)} header")
    header = extension_header(packet, number)
    if header is not None and len(header) >= needed:
        return header
    if packet.length and len(packet.raw) >= packet.length:
        return hotdrop(f"the extension header {number} is cut; the kernel drops the packet")
    return not_captured(f"the extension header {number}").negate(negated)


def extension_header(packet: Packet, number: int) -> bytes | None:
    """The bytes of an IPv6 extension header from its start on (ipv6_find_hdr); None where it is absent or was not captured."""
    if packet.family != 6 or len(packet.raw) < 40:
        return None
    following, at = packet.raw[6], 40
    while at + 2 <= len(packet.raw):
        if following == number:
            return packet.raw[at:]
        if following not in (0, 43, 44, 51, 60, 135):
            return None
        size = 8 if following == 44 else (packet.raw[at + 1] + 2) * 4 if following == 51 else (packet.raw[at + 1] + 1) * 8
        following, at = packet.raw[at], at + size
    return None
