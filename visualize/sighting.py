"""What a capture shows of one packet: where and in which form it is predicted, and by what its sightings are known to be one.

"The same" is told by what NAT leaves alone: IP id, TCP sequence numbers, ICMP sequence, payload.
"""

from typing import NamedTuple

from visualize.packet.packet import PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, Packet, Protocol
from visualize.path import Begot, Bridged, Crossed, Path, Received, Sent


class Place(NamedTuple):
    """Where a capture can see a packet."""

    netns: str
    interface: str
    outgoing: bool


def predicted(path: Path) -> list[tuple[Place, Packet]]:
    """Where a capture of everything would see this packet, in order, and in which form."""
    places: list[tuple[Place, Packet]] = []
    for step in path.steps:
        match step:
            case Received(interface=str() as name, local=False):
                places.append((Place(step.netns, name, False), step.packet))
            case Sent() if step.interface != "lo":  # libpcap shows a packet on `lo` once, coming in
                places.append((Place(step.netns, step.interface, True), step.packet))
            case Crossed():
                places.append((Place(step.netns, step.interface, False), step.packet))
            case Bridged(port=None) if step.why.startswith(("its MAC", "broadcast")):
                places.append((Place(step.netns, step.bridge, False), step.packet))
            case Begot(kind="flood", interface=str() as name):
                places.append((Place(step.netns, name, True), step.packet))
    return places


def places(path: Path) -> frozenset[Place]:
    """Where a capture of everything would see this packet."""
    return frozenset(place for place, _ in predicted(path))


def form(packet: Packet) -> tuple[object, ...]:
    """What must agree between a prediction and a sighting."""
    return (packet.src, packet.dst, packet.protocol, packet.sport, packet.dport, packet.icmp_type, packet.icmp_id, packet.ttl)


def identity(packet: Packet) -> tuple[object, ...]:
    """What NAT leaves alone: the key by which sightings of one packet are found.

    IPv6 has no id but a flow label; a fragment header's id does not count, as the kernel cuts anew with another.
    """
    own = packet.identification if packet.family == 4 else packet.flow_label
    if packet.protocol == Protocol.TCP:
        return (packet.family, 6, own, packet.seq, packet.ack, packet.tcp_flags, packet.transport_length)
    if packet.is_icmp_error:
        inner = packet.inner
        quoted = (inner.protocol, inner.identification, inner.flow_label, inner.seq) if inner is not None else ()
        return (packet.family, packet.protocol, own, packet.icmp_type, packet.icmp_code, quoted)
    start = packet.header_length + 8
    return (packet.family, packet.protocol, own, packet.icmp_type, packet.icmp_seq, packet.length,
            packet.fragment_offset, bytes(packet.raw[start:start + 48]))


def packet_type(packet: Packet, told: int | None) -> str:
    """skb->pkt_type: what the capture tells (SLL, SLL2), else what the destination MAC address tells (eth_type_trans)."""
    if told is None and packet.dst_mac is not None:
        if packet.dst_mac == "ff:ff:ff:ff:ff:ff":
            return "broadcast"
        return "multicast" if int(packet.dst_mac[:2], 16) & 1 else "unicast"
    return {PACKET_BROADCAST: "broadcast", PACKET_MULTICAST: "multicast", PACKET_OTHERHOST: "otherhost"}.get(told or 0, "unicast")


def quotes(made: Packet, seen: Packet) -> bool:
    """Whether two packets are of one length, and quote the same one."""
    if made.length != seen.length or made.inner is None or seen.inner is None:
        return made.length == seen.length and made.inner is seen.inner
    return all(getattr(made.inner, name) == getattr(seen.inner, name) for name in ("protocol", "identification", "seq", "sport", "dport"))
