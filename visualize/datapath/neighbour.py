"""Who is on a link, and with which MAC address: from the captured namespaces first, then from the captured neighbour table."""


from snapshot.host.link import Interface, IPAddress
from snapshot.host.routing import RouteType
from visualize.datapath.lasting import lasting
from visualize.datapath.routing import Query
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.packet.packet import Packet, but

STACKED = ("vlan", "macvlan", "macvtap", "ipvlan")


def lower(stack: Stack, interface: Interface) -> tuple[Stack, Interface] | None:
    """The device below a vlan, macvlan or ipvlan one, in this namespace or in another."""
    if interface.kind not in STACKED:
        return None
    there = stack.machine.stack(interface.peer_netns) if interface.peer_netns is not None else stack
    found = there.interface(interface.peer_name or interface.parent or "") if there is not None else None
    return (there, found) if there is not None and found is not None else None


def uppers(stack: Stack, name: str) -> list[tuple[Stack, Interface]]:
    """The devices that stand on this one, in all namespaces, in the order of their index."""
    return stack.machine.uppers().get((stack.netns, name), [])


def peer(stack: Stack, port: Interface) -> Interface | None:
    """The other end of a veth pair."""
    other = stack.machine.stack(port.peer_netns) if port.peer_netns is not None and port.kind not in STACKED else None
    return other.interface(port.peer_name or "") if other is not None else None


@lasting
def state(stack: Stack, name: str, address: IPAddress) -> str | None:
    """The captured state of a neighbour entry."""
    return next((n.state for n in stack.namespace.neighbours or () if n.device == name and n.address == address), None)


@lasting
def resolve(stack: Stack, name: str, address: IPAddress) -> str | None:
    """The MAC address of a neighbour on interface `name`."""
    if address.is_multicast:
        return group_mac(address)
    for other in stack.machine.stacks():
        for interface in other.namespace.interfaces.values():
            if interface.mac is not None and any(held.local == address for held in interface.addresses) and _linked(
                    stack, name, other, interface):
                return interface.mac
    for neighbour in stack.namespace.neighbours or ():
        if neighbour.device == name and neighbour.address == address and neighbour.mac is not None:
            return neighbour.mac
    return None


def group_mac(address: IPAddress) -> str:
    """The MAC address of a multicast group (RFC 1112, RFC 2464)."""
    tail = address.packed[-4:] if address.version == 6 else bytes([address.packed[1] & 0x7F, *address.packed[2:]])
    head = "33:33" if address.version == 6 else "01:00:5e"
    return head + ":" + ":".join(f"{byte:02x}" for byte in tail)


def _linked(stack: Stack, name: str, other: Stack, interface: Interface) -> bool:
    """Whether an interface hangs on the same link as `name`: the other end of its pair, or of a port of its bridge."""
    if other is stack and interface.name == name:
        return False
    segment = _segment(stack, name)
    return (other.netns, interface.name) in segment or bool(segment & _segment(other, interface.name))


def _segment(stack: Stack, name: str) -> set[tuple[str, str]]:
    """The link that an interface stands on, named by the bridge at its other end (or by that end)."""
    interface = stack.interface(name)
    if interface is None:
        return set()
    below = lower(stack, interface)
    if below is not None:
        tag = f".{interface.vlan_id}" if interface.kind == "vlan" else ""
        return {(netns, device + tag) for netns, device in _segment(below[0], below[1].name)}
    if interface.kind == "bridge":
        return {(stack.netns, name)}
    if interface.peer_netns is None or interface.peer_name is None:
        return {(stack.netns, name)}
    other = stack.machine.stack(interface.peer_netns)
    far = other.interface(interface.peer_name) if other is not None else None
    if far is None:
        return {(stack.netns, name)}
    if far.master is not None:
        return {(interface.peer_netns, far.master)}
    return {(interface.peer_netns, interface.peer_name)}


def with_macs(packet: Packet, source: str | None, destination: str | None) -> Packet:
    """The packet in a new frame."""
    return but(packet, src_mac=source, dst_mac=destination)


def guess_mac(stack: Stack, bridge: Interface, port: str, skb: Skb) -> str | None:
    """The destination MAC that the sender must have written, where the capture did not keep it (SLL, SLL2).

    Known from the sender's own routing where its namespace was captured; else the bridge's own subnets tell who is on-link.
    """
    if skb.packet_type == "broadcast":
        return "ff:ff:ff:ff:ff:ff"
    interface = stack.interface(port)
    far = peer(stack, interface) if interface is not None else None
    if interface is not None and far is not None and interface.peer_netns is not None and far.master is None:
        sender = stack.machine.stack(interface.peer_netns)
        assert sender is not None
        result = sender.fib[skb.packet.family].lookup(Query(skb.packet.dst, skb.packet.src))
        if result.type is RouteType.UNICAST and result.nexthop is not None and result.device == far.name:
            return resolve(sender, far.name, result.nexthop.gateway or skb.packet.dst)
    if skb.packet.dst.is_multicast:
        return group_mac(skb.packet.dst)
    for held in bridge.addresses:
        if held.local == skb.packet.dst:
            return bridge.mac
        if held.broadcast == skb.packet.dst:
            return "ff:ff:ff:ff:ff:ff"
    skb.journey.doubts.note(f"bridge {bridge.name}", "the capture does not hold the frame's destination MAC address",
                            "what the bridge's subnets say", "an Ethernet capture, or the sender's namespace", visible=True)
    if any(skb.packet.dst in held.network for held in bridge.addresses if held.family == skb.packet.family):
        return resolve(stack, bridge.name, skb.packet.dst)
    return bridge.mac
