"""The packet as the kernel's path sees it: headers, and the metadata that travels with it (mark, MAC addresses).

Frozen: a change makes a new one (`but`), so that a path can hold the packet as it was at every step.
Numbers are host integers; addresses are `ipaddress` objects; lengths are bytes; `payload` is what was captured.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from snapshot.host.link import IPAddress
from snapshot.host.quick import copier, quick


class Protocol(IntEnum):
    """IANA protocol numbers that the datapath treats specially."""

    ICMP = 1
    IGMP = 2
    TCP = 6
    UDP = 17
    DCCP = 33
    GRE = 47
    ESP = 50
    AH = 51
    ICMPV6 = 58
    SCTP = 132
    UDPLITE = 136


PROTOCOL_NAMES = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6",
                  132: "sctp", 136: "udplite", 4: "ipencap", 41: "ipv6", 89: "ospf", 103: "pim", 108: "ipcomp",
                  112: "vrrp"}

# TCP flag bits (RFC 9293), as in the 13th and 14th header bytes
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))

# SLL2 / PACKET_* types: where a sighting stood in relation to the host
PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING = range(5)


def endpoint(address: IPAddress, port: int | None) -> str:
    """`172.17.0.2:80`, `[::1]:80`, or the address alone."""
    if port is None:
        return str(address)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


@quick
@dataclass(frozen=True, slots=True)
class Packet:
    """One IPv4 or IPv6 packet.

    `sport`/`dport` are None where the protocol has none or the header was not captured (and for later fragments).
    `identification` is the IPv4 id (0 for IPv6 without a fragment header). `length` is the IP packet's total length
    (IPv6: 40 + payload). `inner` is the packet quoted by an ICMP error, as far as it was captured.
    `raw` holds the captured bytes from the IP header on, for matches that read bytes; NAT and targets do not rewrite it
    (`raw_stale` tells that headers have changed since).
    """

    src: IPAddress
    dst: IPAddress
    protocol: int
    ttl: int = 64
    tos: int = 0
    identification: int = 0
    length: int = 0
    sport: int | None = None
    dport: int | None = None
    tcp_flags: int | None = None
    seq: int | None = None
    ack: int | None = None
    window: int | None = None
    tcp_options: bytes = b""
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None
    icmp_seq: int | None = None
    icmp_rest: int | None = None  # the 4 bytes behind the checksum (MTU, gateway, pointer)
    dont_fragment: bool = False
    more_fragments: bool = False
    fragment_offset: int = 0  # bytes
    header_length: int = 20  # IP header with options / extension headers
    extension_headers: tuple[int, ...] = ()  # IPv6 next-header numbers passed on the way, in order
    flow_label: int = 0
    transport_length: int | None = None  # bytes of transport payload (TCP: data only), None where it can't be known
    inner: "Packet | None" = None
    src_mac: str | None = None
    dst_mac: str | None = None
    mark: int = 0
    raw: bytes = field(default=b"", repr=False, compare=False)

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.src.version

    @property
    def protocol_name(self) -> str:
        """`tcp`, `udp`, `icmp`, `icmpv6`, ... or the number as text."""
        return PROTOCOL_NAMES.get(self.protocol, str(self.protocol))

    @property
    def is_fragment(self) -> bool:
        """Part of a fragmented packet, the first one included."""
        return self.more_fragments or self.fragment_offset > 0

    @property
    def is_icmp_error(self) -> bool:
        """An ICMP or ICMPv6 message that quotes another packet."""
        if self.protocol == Protocol.ICMP:
            return self.icmp_type in (3, 4, 5, 11, 12)
        return self.protocol == Protocol.ICMPV6 and self.icmp_type is not None and self.icmp_type < 128

    def lacks(self, size: int) -> bool:
        """Whether its length leaves less than `size` bytes behind the IP header."""
        return 0 < self.length < self.header_length + size

    @property
    def cut(self) -> bool:
        """The capture holds fewer bytes of it than were sent (`tcpdump -s`)."""
        return 0 < len(self.raw) < self.length

    def describe(self) -> str:
        """`tcp 172.17.0.2:40000 > 198.51.100.2:80`, `icmp 10.0.0.1 > 10.0.0.2 type 8 id 7`: for people."""
        text = f"{self.protocol_name} {endpoint(self.src, self.sport)} > {endpoint(self.dst, self.dport)}"
        if self.icmp_type is not None:
            text += f" type {self.icmp_type}"
            if self.icmp_id is not None:
                text += f" id {self.icmp_id}"
        return text


but = copier(Packet)  # the packet with other values in some fields: but(packet, ttl=63)
