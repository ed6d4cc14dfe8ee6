"""Interfaces: what becomes of a packet that is handed to one for sending, or that comes in by one (net/core/dev.c, veth.c)."""

from collections.abc import Generator
from dataclasses import replace

from snapshot.host import HOST
from snapshot.host.link import Interface, IPAddress
from visualize.datapath import bridge, ip, native
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.path import Crossed, Ended, Received, Rewritten, Sent, Step, Verdict

End = Generator[Step, None, Ended]
MAX_HOPS = 64


def arrive(stack: Stack, name: str, skb: Skb) -> End:
    """A frame that interface `name` took in: to its bridge, its bond, or the IP layer (__netif_receive_skb_core)."""
    skb.journey.hops += 1
    if skb.journey.hops > MAX_HOPS:
        return Ended(stack.netns, skb.packet, Verdict.LOOPED, name, f"passed {MAX_HOPS} interfaces without an end")
    native.note_ingress(stack, name, skb)
    interface = stack.interface(name)
    stack.doubt_inferred(skb.journey.doubts)
    if interface is not None and interface.flags and not interface.up:
        return ip.dropped(stack, skb, f"{name} is down")
    master = stack.interface(interface.master) if interface is not None and interface.master else None
    if master is not None and master.kind == "bridge":
        return (yield from bridge.receive(stack, master, name, skb))
    if master is not None and master.kind in ("bond", "team"):
        return (yield from ip.receive(stack, master.name, skb))
    return (yield from ip.receive(stack, name, skb))


def transmit(stack: Stack, name: str, skb: Skb) -> End:
    """Hand a packet to an interface (dev_queue_xmit)."""
    native.note_egress(stack, name, skb)
    yield Sent(stack.netns, skb.packet, name)
    interface = stack.interface(name)
    if name == "lo" or (interface is not None and interface.loopback):
        return (yield from _loop(stack, name, skb))
    if interface is None:
        return leave(stack, name, skb)
    if interface.flags and not interface.up:
        return ip.dropped(stack, skb, f"{name} is down")
    if interface.kind == "bridge":
        return (yield from bridge.send(stack, interface, skb))
    return (yield from over(stack, interface, skb))


def _loop(stack: Stack, name: str, skb: Skb) -> End:
    """Over `lo`: the packet keeps its connection and its mark, and comes in again (loopback_xmit)."""
    skb.journey.hops += 1
    if skb.journey.hops > MAX_HOPS:
        return Ended(stack.netns, skb.packet, Verdict.LOOPED, name, f"passed {MAX_HOPS} interfaces without an end")
    yield Received(stack.netns, skb.packet, name)
    return (yield from ip.receive(stack, name, skb))


def over(stack: Stack, interface: Interface, skb: Skb) -> End:
    """Out of a plain port: across a veth pair whose other end was captured, else out of the captured world."""
    other = stack.machine.stack(interface.peer_netns) if interface.peer_netns is not None else None
    peer = other.interface(interface.peer_name or "") if other is not None else None
    if other is None or peer is None or _outside(stack, interface, other):
        return leave(stack, interface.name, skb)
    return (yield from _cross(stack, interface, other, peer, skb))


def _outside(stack: Stack, interface: Interface, other: Stack) -> bool:
    """Whether a veth pair is this host's wire to the world (as in a lab), not the way to one of its containers.

    So it is where the host's end has an address of its own and is no bridge port, and the other end's namespace holds no container.
    """
    if stack.netns != HOST or other.namespace.containers or interface.master is not None:
        return False
    return any(held.scope == "global" for held in interface.addresses)


def _cross(stack: Stack, interface: Interface, other: Stack, peer: Interface, skb: Skb) -> End:
    """veth_xmit and skb_scrub_packet: the connection is forgotten, and the mark too where the namespace changes."""
    before = skb.packet
    destination = skb.packet.dst_mac
    packet = replace(before, mark=0) if other is not stack else before
    if packet.mark != before.mark:
        yield Rewritten(stack.netns, packet, "", "MARK", "kernel", {"mark": before.mark}, {"mark": 0},
                        "a packet loses its mark where it enters another namespace")
    wrong = destination is not None and peer.mac is not None and destination != peer.mac and peer.master is None
    multicast = destination is not None and int(destination[:2], 16) & 1
    crossed = Skb(packet, skb.journey, packet_type="otherhost" if wrong and not multicast else "unicast")
    yield Crossed(other.netns, packet, stack.netns, interface.name, peer.name)
    return (yield from arrive(other, peer.name, crossed))


def leave(stack: Stack, name: str, skb: Skb) -> Ended:
    """The packet leaves what was captured."""
    return Ended(stack.netns, skb.packet, Verdict.FORWARDED, name, f"leaves by {name}")


def next_hop(stack: Stack, skb: Skb) -> IPAddress:
    """The neighbour that the packet is handed to."""
    hop = skb.route.nexthop if skb.route is not None else None
    if hop is not None and hop.gateway is not None:
        return hop.gateway
    return skb.packet.dst
