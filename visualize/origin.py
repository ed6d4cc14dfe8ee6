"""What a packet that was first seen leaving looked like before this host's NAT rewrote it."""

from collections.abc import Iterator, Mapping

from snapshot.host.link import IPAddress
from visualize.datapath.conntrack import NO_ZONE
from visualize.datapath.doubt import Doubts
from visualize.datapath.routing import Query
from visualize.datapath.source import lent_source
from visualize.datapath.stack import Stack
from visualize.datapath.tuples import PORT_PROTOCOLS, FlowTuple, tuple_of
from visualize.netfilter.hook import Hook
from visualize.packet.packet import Packet, but, endpoint

_SETTLE = "the conntrack table captured after the traffic"


def before_nat(stack: Stack, packet: Packet, later: Mapping[FlowTuple, FlowTuple], now: int, doubts: Doubts) -> Packet:
    """The packet as its sender wrote it: by a connection that is known, by a captured entry, or by the rules (then a doubt)."""
    wanted = tuple_of(packet)
    if wanted is None or packet.is_icmp_error:
        return packet
    found = stack.tracker.find(wanted.inverse(), NO_ZONE, now)
    if found is not None:
        connection, reply = found
        return _with_tuple(packet, connection.original_tuple if reply else connection.reply_tuple)
    if stack.tracker.find(wanted, NO_ZONE, now) is not None:
        return packet
    if wanted in later:
        return _with_tuple(packet, later[wanted])
    return _by_rules(stack, packet, wanted, doubts)


def _with_tuple(packet: Packet, wanted: FlowTuple) -> Packet:
    if packet.sport is not None:
        return but(packet, src=wanted.src, dst=wanted.dst, sport=wanted.a, dport=wanted.b)
    if packet.icmp_id is not None:
        return but(packet, src=wanted.src, dst=wanted.dst, icmp_id=wanted.a)
    return but(packet, src=wanted.src, dst=wanted.dst)


def _by_rules(stack: Stack, packet: Packet, wanted: FlowTuple, doubts: Doubts) -> Packet:
    """Destinations that a DNAT rule of nat OUTPUT would have turned into the one seen; the source address tells which is likely.

    A process that connects to a local address gets that address (or its route's preferred one) as source: a source that routing would
    not have chosen for the destination seen speaks for NAT.
    """
    if wanted.protocol not in PORT_PROTOCOLS:
        return packet
    ports = sorted(_published(stack, packet))
    if not ports:
        return packet
    plain = _source_for(stack, packet.dst)
    if packet.src != plain:
        for address in _local_addresses(stack, packet.family):
            if address.is_loopback == packet.src.is_loopback and _source_for(stack, address) == packet.src:
                doubts.note("nat OUTPUT", f"first seen behind OUTPUT: {packet.src} is not the source that routing gives to "
                            f"{packet.dst}, and a DNAT rule leads there", f"it was sent to {endpoint(address, ports[0])}", _SETTLE)
                return but(packet, dst=address, dport=ports[0])
    doubts.note("nat OUTPUT", f"first seen behind OUTPUT, where a DNAT rule (port {ports[0]}) leads to the same destination",
                "it was sent to the destination seen", _SETTLE, weak=packet.src == plain and _reaches(stack, packet, ports[0]))
    return packet


def _reaches(stack: Stack, packet: Packet, port: int) -> bool:
    return any(_source_for(stack, address) == packet.src for address in _local_addresses(stack, packet.family)
               if not address.is_loopback)


def _published(stack: Stack, packet: Packet) -> Iterator[int]:
    """Ports that some DNAT rule below nat OUTPUT turns into the packet's destination."""
    for table in stack.alike(packet.family, Hook.OUTPUT, "nat"):
        led = table.destinations(Hook.OUTPUT.value)
        for spelling in sorted(_spellings(packet)):
            for rule in led.get(spelling, ()):
                option = next((c.option("--dport", "--destination-port") for c in rule.matches
                               if c.option("--dport", "--destination-port")), None)
                if option is not None and option.values and option.values[0].isdigit() and not option.negated:
                    yield int(option.values[0])


def _spellings(packet: Packet) -> set[str]:
    address = f"[{packet.dst}]" if packet.family == 6 else str(packet.dst)
    return {f"{address}:{packet.dport}", str(packet.dst)}


def _local_addresses(stack: Stack, family: int) -> list[IPAddress]:
    return [held.local for interface in stack.namespace.interfaces.values() for held in interface.addresses
            if held.family == family]


def _source_for(stack: Stack, destination: IPAddress) -> IPAddress | None:
    """The source address that the kernel gives to a packet for this destination."""
    return lent_source(stack.namespace, stack.fib[destination.version].lookup(Query(destination)), destination)
