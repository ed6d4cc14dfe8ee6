"""Connection tuples: what conntrack keys its table by (struct nf_conntrack_tuple)."""

from typing import NamedTuple

from snapshot.host.conntrack import Tuple
from snapshot.host.link import IPAddress
from visualize.packet.packet import Packet, Protocol, endpoint

# ICMP queries and their replies (nf_conntrack_proto_icmp.c, invmap); the others open no connection
_ICMP_INVERSE = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
_ICMPV6_INVERSE = {128: 129, 129: 128, 139: 140, 140: 139}
ICMP_OPENERS = {Protocol.ICMP: {8, 13, 15, 17}, Protocol.ICMPV6: {128, 139}}
_PORTS = (Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP, Protocol.DCCP)
PORT_PROTOCOLS = frozenset(int(protocol) for protocol in _PORTS)


class FlowTuple(NamedTuple):
    """One direction of a connection. For port protocols `a`/`b` are the ports; for ICMP `a` is the id and `b` type * 256 + code."""

    src: IPAddress
    dst: IPAddress
    protocol: int
    a: int = 0
    b: int = 0

    @property
    def is_icmp(self) -> bool:
        """True for ICMP and ICMPv6."""
        return self.protocol in (Protocol.ICMP, Protocol.ICMPV6)

    @property
    def has_ports(self) -> bool:
        """Whether `a` and `b` are ports. DCCP without any is one that the kernel does not track by ports."""
        return self.protocol in PORT_PROTOCOLS and not (self.protocol == Protocol.DCCP and not self.a and not self.b)

    def inverse(self) -> "FlowTuple":
        """The tuple of the other direction (nf_ct_invert_tuple)."""
        if self.is_icmp:
            table = _ICMP_INVERSE if self.protocol == Protocol.ICMP else _ICMPV6_INVERSE
            kind, code = divmod(self.b, 256)
            return FlowTuple(self.dst, self.src, self.protocol, self.a, table.get(kind, kind) * 256 + code)
        return FlowTuple(self.dst, self.src, self.protocol, self.b, self.a)

    def public(self) -> Tuple:
        """The same as the model's Tuple."""
        if self.is_icmp:
            kind, code = divmod(self.b, 256)
            return Tuple(self.src, self.dst, icmp_type=kind, icmp_code=code, icmp_id=self.a)
        if self.protocol in PORT_PROTOCOLS:
            return Tuple(self.src, self.dst, self.a, self.b)
        return Tuple(self.src, self.dst)

    def describe(self) -> str:
        """`172.17.0.2:40000 > 198.51.100.2:80`."""
        if self.protocol in PORT_PROTOCOLS:
            return f"{endpoint(self.src, self.a)} > {endpoint(self.dst, self.b)}"
        return f"{self.src} > {self.dst}" + (f" id {self.a}" if self.is_icmp else "")


def tuple_of(packet: Packet) -> FlowTuple | None:
    """A packet's tuple (nf_ct_get_tuple); None where its transport header was not captured."""
    if packet.protocol in PORT_PROTOCOLS:
        if packet.sport is None or packet.dport is None:
            return None
        return FlowTuple(packet.src, packet.dst, packet.protocol, packet.sport, packet.dport)
    if packet.protocol in (Protocol.ICMP, Protocol.ICMPV6):
        if packet.icmp_type is None:
            return None
        return FlowTuple(packet.src, packet.dst, packet.protocol, packet.icmp_id or 0,
                         packet.icmp_type * 256 + (packet.icmp_code or 0))
    return FlowTuple(packet.src, packet.dst, packet.protocol)


def from_entry(entry: Tuple, protocol: int) -> FlowTuple:
    """A captured entry's tuple."""
    if entry.icmp_type is not None:
        return FlowTuple(entry.source, entry.destination, protocol, entry.icmp_id or 0,
                         entry.icmp_type * 256 + (entry.icmp_code or 0))
    return FlowTuple(entry.source, entry.destination, protocol, entry.source_port or 0, entry.destination_port or 0)
