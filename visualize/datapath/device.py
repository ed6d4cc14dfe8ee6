"""Interfaces: what becomes of a packet that is handed to one for sending, or that comes in by one (net/core/dev.c, veth.c)."""

from collections.abc import Generator

from snapshot.host import HOST
from snapshot.host.link import Interface, IPAddress
from visualize.datapath import bridge, ip, native, neighbour, stacked, tunnel
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.packet.packet import but
from visualize.path import Crossed, Ended, Received, Rewritten, Sent, Step, Verdict

End = Generator[Step, None, Ended]
MAX_HOPS = 64


def _looped(stack: Stack, name: str, skb: Skb) -> Ended | None:
    skb.journey.hops += 1
    if skb.journey.hops > MAX_HOPS:
        return Ended(stack.netns, skb.packet, Verdict.LOOPED, name, f"passed {MAX_HOPS} interfaces without an end")
    return None


# -- receive ----------------------------------------------------------------------------------------------------------


def arrive(stack: Stack, name: str, skb: Skb) -> End:
    """A frame that interface `name` took in (__netif_receive_skb_core): VLAN devices first, then whoever it is a port of."""
    looped = _looped(stack, name, skb)
    if looped is not None:
        return looped
    native.note_ingress(stack, name, skb)
    interface = stack.interface(name)
    if interface is not None and interface.flags and not interface.up:
        return ip.dropped(stack, skb, f"{name} is down")
    upper = stacked.vlan_above(stack, name, skb)
    if upper is not None:
        skb.vlan = None
        return (yield from _rise(stack, name, *upper, skb))
    master = stack.interface(interface.master) if interface is not None and interface.master else None
    if master is not None and master.kind == "bridge":
        return (yield from bridge.receive(stack, master, name, skb))
    if master is not None and master.kind in ("bond", "team"):
        refused = stacked.inactive(master, name)
        return ip.dropped(stack, skb, refused) if refused else (yield from _bonded(stack, master.name, skb))
    if master is not None and (master.kind == "openvswitch" or master.name == "ovs-system"):
        return Ended(stack.netns, skb.packet, Verdict.UNKNOWN, name, f"{name} is a port of Open vSwitch, whose flows are not captured")
    upper = stacked.mac_above(stack, name, skb)
    if upper is not None:
        return (yield from _rise(stack, name, *upper, skb))
    if skb.vlan:
        return ip.dropped(stack, skb, f"it bears VLAN tag {skb.vlan}, and {name} has no device for that VLAN")
    return (yield from ip.receive(stack, name, skb))


def accept(stack: Stack, name: str, skb: Skb) -> End:
    """A frame that a bridge hands up: to a VLAN device on the bridge, or to the bridge itself."""
    upper = stacked.vlan_above(stack, name, skb)
    if upper is not None:
        skb.vlan, skb.vid, skb.prerouted = None, 0, False
        return (yield from _rise(stack, name, *upper, skb))
    if skb.vlan:
        return ip.dropped(stack, skb, f"it bears VLAN tag {skb.vlan}, and {name} has no device for that VLAN")
    skb.vid = 0
    master = stack.interface(stack.namespace.interfaces[name].master or "") if name in stack.namespace.interfaces else None
    if master is not None and master.kind in ("bond", "team"):
        return (yield from _bonded(stack, master.name, skb))
    return (yield from ip.receive(stack, name, skb))


def _bonded(stack: Stack, name: str, skb: Skb) -> End:
    """bond_handle_frame: the frame goes on as the bond's own."""
    yield Received(stack.netns, skb.packet, name)
    return (yield from arrive(stack, name, skb))


def _rise(stack: Stack, name: str, other: Stack, upper: Interface, skb: Skb) -> End:
    """The frame goes on as that of a device on this one, perhaps in another namespace (another_round)."""
    if other is stack:
        skb.packet_type = "unicast" if upper.kind != "vlan" else skb.packet_type
        yield Received(stack.netns, skb.packet, upper.name)
        return (yield from arrive(stack, upper.name, skb))
    return (yield from enter(stack, name, other, upper, skb, "unicast" if upper.kind != "vlan" else skb.packet_type))


# -- send -------------------------------------------------------------------------------------------------------------


def transmit(stack: Stack, name: str, skb: Skb) -> End:
    """Hand a packet to an interface (dev_queue_xmit)."""
    looped = _looped(stack, name, skb)
    if looped is not None:
        return looped
    native.note_egress(stack, name, skb)
    yield Sent(stack.netns, skb.packet, name)
    interface = stack.interface(name)
    if name == "lo" or (interface is not None and (interface.loopback or interface.kind == "vrf")):
        return (yield from _loop(stack, name, skb))
    if interface is None:
        return leave(stack, name, skb)
    if interface.flags and not interface.up:
        return ip.dropped(stack, skb, f"{name} is down")
    match interface.kind:
        case "bridge" if interface.invented and not bridge.ports(stack, interface):
            return leave(stack, name, skb)  # none of its ports was captured
        case "bridge":
            return (yield from bridge.send(stack, interface, skb))
        case "vlan" | "macvlan" | "macvtap" | "ipvlan":
            return (yield from stacked.send(stack, interface, skb))
        case "bond" | "team":
            port = stacked.port_of(stack, interface, skb)
            return (yield from transmit(stack, port, skb)) if port is not None else ip.dropped(stack, skb, f"{name} has no port that is up")
        case _ if interface.tunnel is not None:
            return tunnel.send(stack, interface, skb)
        case _:
            return (yield from over(stack, interface, skb))


def _loop(stack: Stack, name: str, skb: Skb) -> End:
    """Over `lo` (or a VRF's device): the packet keeps its connection and its mark, and comes in again (loopback_xmit)."""
    skb.forget_invalid()
    yield Received(stack.netns, skb.packet, name)
    return (yield from ip.receive(stack, name, skb))


def over(stack: Stack, interface: Interface, skb: Skb) -> End:
    """Out of a plain port: across a veth pair whose other end was captured, else out of the captured world."""
    other = stack.machine.stack(interface.peer_netns) if interface.peer_netns is not None else None
    peer = neighbour.peer(stack, interface)
    if other is None or peer is None or _outside(stack, interface, other):
        return leave(stack, interface.name, skb)
    return (yield from enter(stack, interface.name, other, peer, skb, "unicast"))


def _outside(stack: Stack, interface: Interface, other: Stack) -> bool:
    """Whether a veth pair is this host's wire to the world (as in a lab), not the way to one of its containers.

    So it is where the host's end has an address of its own and is no bridge port, and the other end's namespace holds no container.
    """
    if stack.netns != HOST or other.namespace.containers or interface.master is not None:
        return False
    return any(held.scope == "global" for held in interface.addresses)


def enter(stack: Stack, name: str, other: Stack, peer: Interface, skb: Skb, packet_type: str) -> End:
    """veth_xmit and skb_scrub_packet: the connection is forgotten, and the mark too where the namespace changes."""
    before = skb.packet
    destination = skb.packet.dst_mac
    packet = but(before, mark=0) if other is not stack else before
    if packet.mark != before.mark:
        yield Rewritten(stack.netns, packet, "", "MARK", "kernel", {"mark": before.mark}, {"mark": 0},
                        "a packet loses its mark where it enters another namespace")
    wrong = destination is not None and peer.mac is not None and destination != peer.mac and peer.master is None
    multicast = destination is not None and int(destination[:2], 16) & 1
    kind = "otherhost" if wrong and not multicast and not neighbour.uppers(other, peer.name) else packet_type
    crossed = Skb(packet, skb.journey, packet_type=kind, vlan=skb.vlan)
    yield Crossed(other.netns, packet, stack.netns, name, peer.name)
    return (yield from arrive(other, peer.name, crossed))


def handed(stack: Stack, interface: Interface, there: Stack, parent: Interface, skb: Skb) -> End:
    """A packet that another namespace is to send as its own (ipvlan in layer 3 modes)."""
    yield Crossed(there.netns, skb.packet, stack.netns, interface.name, parent.name)
    return (yield from ip.send(there, skb))


_INTO = {"wireguard": "WireGuard encrypts it and sends it to a peer", "tun": "the program behind the device takes it",
         "dummy": "a dummy device throws everything away", "nlmon": "a monitor device throws everything away",
         "xfrm": "IPsec encrypts it", "vti": "IPsec encrypts it"}


def leave(stack: Stack, name: str, skb: Skb) -> Ended:
    """The packet leaves what was captured."""
    interface = stack.interface(name)
    into = _INTO.get(interface.kind or "", "") if interface is not None else ""
    return Ended(stack.netns, skb.packet, Verdict.FORWARDED, name, f"leaves by {name}" + (f": {into}" if into else ""))


def next_hop(stack: Stack, skb: Skb) -> IPAddress:
    """The neighbour that the packet is handed to."""
    hop = skb.route.nexthop if skb.route is not None else None
    if hop is not None and hop.gateway is not None:
        return hop.gateway
    return skb.packet.dst
