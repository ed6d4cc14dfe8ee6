"""Checksums of captured packets: a broken one makes conntrack call a packet INVALID (nf_checksum), so it decides.

A packet that a local stack has just sent often carries only the sum of its pseudo-header, for hardware to complete (CHECKSUM_PARTIAL):
that is not broken, and the kernel does not verify it.
"""

from struct import pack, unpack_from

from visualize.packet.packet import Packet, Protocol

OFFSETS: dict[int, int] = {Protocol.TCP: 16, Protocol.UDP: 6, Protocol.ICMP: 2, Protocol.ICMPV6: 2}  # where the sum stands
_LARGEST = 9000  # bytes; a larger packet was put together on receive, and its sum was verified before


def ones_sum(data: bytes, start: int = 0) -> int:
    """The ones' complement sum (RFC 1071), folded to 16 bits."""
    if len(data) % 2:
        data += b"\0"
    total: int = start + sum(unpack_from(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


# What REJECT does not sum up: other integrity checks, or sums over a part (nf_reject_verify_csum)
_NOT_SUMMED = frozenset({Protocol.GRE, Protocol.ESP, Protocol.AH, Protocol.SCTP, Protocol.UDPLITE, Protocol.DCCP})


def unsummed(packet: Packet) -> bool:
    """Whether REJECT takes a packet of a rarer protocol for broken: it sums up all of its payload, as if that carried such a checksum."""
    if packet.protocol in OFFSETS or packet.protocol in _NOT_SUMMED or packet.is_fragment or not packet.raw or len(packet.raw) < packet.length:
        return False
    segment = packet.raw[packet.header_length:packet.length]
    # nf_ip_checksum sums the IP header, too, whose own sum makes it 0xFFFF: a payload of zeros passes
    start = 0xFFFF if packet.family == 4 else ones_sum(packet.raw[8:40] + pack(">IHH", len(segment), 0, packet.protocol))
    return ones_sum(segment, start) != 0xFFFF


def misjudged(packet: Packet) -> bool:
    """Whether conntrack takes a UDP-Lite packet's checksum for wrong: it sums up the pseudo-header with UDP's protocol number (udplite_error).

    So it calls nearly all of them INVALID that no hardware has verified.
    """
    if packet.protocol != Protocol.UDPLITE or packet.is_fragment or len(packet.raw) < packet.length or packet.length < packet.header_length + 8:
        return False
    segment = packet.raw[packet.header_length:packet.length]
    coverage = unpack_from(">H", segment, 4)[0] or len(segment)
    addresses = packet.raw[12:20] if packet.family == 4 else packet.raw[8:40]
    return ones_sum(segment[:coverage], ones_sum(addresses + pack(">IHH", coverage, 0, Protocol.UDP))) != 0xFFFF


def broken(packet: Packet) -> bool:
    """Whether the captured bytes hold a wrong transport checksum; False where that can't be told (cut off, another protocol)."""
    offset = OFFSETS.get(packet.protocol)
    if offset is None or packet.is_fragment or len(packet.raw) < packet.length or not 0 < packet.length <= _LARGEST:
        return False
    segment = packet.raw[packet.header_length:packet.length]
    if len(segment) < offset + 2:
        return False
    stored = unpack_from(">H", segment, offset)[0]
    if packet.protocol == Protocol.UDP and stored == 0:
        return False
    addresses = packet.raw[12:20] if packet.family == 4 else packet.raw[8:40]  # as captured: NAT may have changed the packet since
    pseudo = b"" if packet.protocol == Protocol.ICMP else addresses + pack(">IHH", len(segment), 0, packet.protocol)
    partial = ones_sum(pseudo)
    return ones_sum(segment, partial) != 0xFFFF and stored != partial
