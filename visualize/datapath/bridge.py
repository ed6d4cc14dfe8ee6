"""A Linux bridge: which port a frame leaves by, and what br_netfilter lets iptables see of it (br_input.c, br_netfilter_hooks.c)."""

from collections.abc import Generator
from dataclasses import replace

from snapshot.host.link import BridgePort, Interface, IPAddress
from snapshot.host.routing import RouteType
from visualize.datapath import device, ip
from visualize.datapath.routing import Query
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.datapath.traverse import traverse
from visualize.netfilter.hook import Hook
from visualize.packet.packet import Packet
from visualize.path import Begot, Bridged, Ended, Sent, Step

End = Generator[Step, None, Ended]
_DEFAULT_PORT = BridgePort()


def _port(stack: Stack, name: str) -> BridgePort:
    interface = stack.interface(name)
    return interface.port if interface is not None and interface.port is not None else _DEFAULT_PORT


def ports(stack: Stack, bridge: Interface) -> list[Interface]:
    """The bridge's ports that are up, in the order of their index."""
    found = [i for i in stack.namespace.interfaces.values() if i.master == bridge.name and (i.up or not i.flags)]
    return sorted(found, key=lambda i: (i.index or 0, i.name))


def calls_iptables(stack: Stack, bridge: Interface, skb: Skb) -> bool:
    """Whether br_netfilter hands bridged IP packets to iptables: the namespace's sysctl, or the bridge's own flag."""
    six = skb.packet.family == 6
    name = "net.bridge.bridge-nf-call-ip6tables" if six else "net.bridge.bridge-nf-call-iptables"
    own = bridge.bridge is not None and (bridge.bridge.nf_call_ip6tables if six else bridge.bridge.nf_call_iptables)
    general = stack.setting(name)
    if general is None and stack.namespace.sysctls is None and not own:
        skb.journey.doubts.note(f"bridge {bridge.name}", f"{name} was not captured", "1, as Docker sets it", "sysctl net.bridge",
                                weak=True)
        return True
    return bool(general) or own


def receive(stack: Stack, bridge: Interface, port: str, skb: Skb) -> End:
    """A frame came in by a port (br_handle_frame)."""
    if _port(stack, port).state not in ("forwarding", "learning"):
        return ip.dropped(stack, skb, f"bridge port {port} is {_port(stack, port).state}")
    if skb.packet_type == "otherhost":
        skb.packet_type = "unicast"  # the bridge takes every frame (nf_bridge->pkt_otherhost)
    source = skb.packet.src_mac
    if source is not None and _port(stack, port).learning:
        stack.learned[(bridge.name, source)] = port
    destination = skb.packet.dst_mac or _guess_mac(stack, bridge, port, skb)
    if destination is not None and skb.packet.dst_mac is None:
        skb.packet = replace(skb.packet, dst_mac=destination)
    filtered = calls_iptables(stack, bridge, skb)
    if filtered:
        before = skb.packet
        skb.physin = port
        skb.in_device = bridge.name
        ended = yield from traverse(stack, Hook.PREROUTING, skb, bridge.name, None, physin=port)
        if ended is not None:
            return ended
        skb.prerouted = True
        if skb.packet.dst != before.dst:
            destination = _after_dnat(stack, bridge, skb)
            skb.packet = replace(skb.packet, dst_mac=destination)
    return (yield from _decide(stack, bridge, port, skb, destination, filtered))


def _after_dnat(stack: Stack, bridge: Interface, skb: Skb) -> str | None:
    """br_nf_pre_routing_finish: a new destination on this same bridge is bridged there, any other goes up to be routed."""
    result = stack.fib[skb.packet.family].lookup(Query(skb.packet.dst, skb.packet.src, bridge.name, None, skb.packet.mark,
                                                       skb.packet.tos))
    if result.type is RouteType.UNICAST and result.device == bridge.name:
        hop = result.nexthop.gateway if result.nexthop is not None and result.nexthop.gateway is not None else skb.packet.dst
        return resolve(stack, bridge.name, hop)
    return bridge.mac


def _is_local(stack: Stack, bridge: Interface, mac: str) -> bool:
    if mac == bridge.mac:
        return True
    return any(port.mac == mac for port in ports(stack, bridge))


def _decide(stack: Stack, bridge: Interface, port: str, skb: Skb, mac: str | None, filtered: bool) -> End:
    """br_handle_frame_finish: up to the host, to one port, or to all."""
    if mac is not None and _is_local(stack, bridge, mac):
        yield Bridged(stack.netns, skb.packet, bridge.name, None, f"its MAC address is {bridge.name}'s own")
        return (yield from _up(stack, bridge, skb))
    if mac is not None and int(mac[:2], 16) & 1:
        return (yield from _flood(stack, bridge, port, skb, filtered, "broadcast or multicast", up=True))
    out = lookup(stack, bridge, mac) if mac is not None else None
    if out is not None:
        return (yield from _forward(stack, bridge, port, out, skb, filtered, "fdb"))
    return (yield from _flood(stack, bridge, port, skb, filtered, "no port is known for its MAC address", up=False))


def _up(stack: Stack, bridge: Interface, skb: Skb) -> End:
    """br_pass_frame_up: the frame is now the bridge interface's own."""
    if bridge.flags and not bridge.up:
        return ip.dropped(stack, skb, f"{bridge.name} is down")
    return (yield from ip.receive(stack, bridge.name, skb))


def lookup(stack: Stack, bridge: Interface, mac: str) -> str | None:
    """The forwarding database: learned in this replay, captured, or known from the other end of a port's veth pair."""
    learned = stack.learned.get((bridge.name, mac))
    if learned is not None:
        return learned
    for entry in stack.namespace.fdb or ():
        if entry.mac == mac and not entry.local and not entry.self_:
            held = stack.interface(entry.device)
            if held is not None and held.master == bridge.name:
                return entry.device
    for port in ports(stack, bridge):
        peer = _peer(stack, port)
        if peer is not None and peer.mac == mac:
            return port.name
    return None


def _peer(stack: Stack, port: Interface) -> Interface | None:
    other = stack.machine.stack(port.peer_netns) if port.peer_netns is not None else None
    return other.interface(port.peer_name or "") if other is not None else None


def _forward(stack: Stack, bridge: Interface, port: str | None, out: str, skb: Skb, filtered: bool, why: str) -> End:
    """br_forward: from port to port. Its TTL stays, and FORWARD sees the bridge as both interfaces."""
    refused = _refused(stack, bridge, port, out)
    if refused is not None:
        yield Bridged(stack.netns, skb.packet, bridge.name, None, refused)
        return ip.dropped(stack, skb, refused, at=f"bridge {bridge.name}")
    hairpin = " (hairpin)" if port == out else ""
    yield Bridged(stack.netns, skb.packet, bridge.name, out, why + hairpin)
    if filtered and port is not None:
        ended = yield from traverse(stack, Hook.FORWARD, skb, bridge.name, bridge.name, port, out, bridged=True)
        if ended is not None:
            return ended
        ended = yield from traverse(stack, Hook.POSTROUTING, skb, None, bridge.name, port, out, bridged=True)
        if ended is not None:
            return ended
    return (yield from _out(stack, out, skb))


def _refused(stack: Stack, bridge: Interface, port: str | None, out: str) -> str | None:
    """should_deliver: no way back by the same port without hairpin mode, none between isolated ports."""
    leaving = _port(stack, out)
    if leaving.state != "forwarding":
        return f"bridge port {out} is {leaving.state}"
    if port is None:
        return None
    if port == out and leaving.hairpin is not True:
        return f"it would leave {bridge.name} by the port that it came from, and hairpin mode is off on {out}"
    if port != out and leaving.isolated and _port(stack, port).isolated:
        return f"{port} and {out} are isolated ports"
    return None


def _out(stack: Stack, out: str, skb: Skb) -> End:
    yield Sent(stack.netns, skb.packet, out)
    interface = stack.interface(out)
    if interface is None:
        return device.leave(stack, out, skb)
    return (yield from device.over(stack, interface, skb))


def _flood(stack: Stack, bridge: Interface, port: str | None, skb: Skb, filtered: bool, why: str, up: bool) -> End:
    """To every other port. The path follows the copy that reaches the addressee; the other copies are told as begotten."""
    outs = [p for p in ports(stack, bridge) if p.name != port or _port(stack, p.name).hairpin is True]
    wanted = next((p for p in outs if _owns(stack, p, skb.packet.dst)), None)
    if up or (wanted is None and not outs):
        for other in outs:
            yield Begot(stack.netns, skb.packet, "flood", skb.packet, f"a copy to {other.name}: {why}", other.name)
        if up:
            yield Bridged(stack.netns, skb.packet, bridge.name, None, why)
            return (yield from _up(stack, bridge, skb))
        return ip.dropped(stack, skb, f"{why}, and {bridge.name} has no other port", at=f"bridge {bridge.name}")
    chosen = wanted or outs[0]
    if wanted is None:
        skb.journey.doubts.note(f"bridge {bridge.name}", f"{why}: the frame is flooded to {len(outs)} port(s), and which one leads "
                                f"to {skb.packet.dst} is not known", chosen.name, "bridge fdb, or the capture", weak=len(outs) > 1, visible=True)
    for other in outs:
        if other is not chosen:
            yield Begot(stack.netns, skb.packet, "flood", skb.packet, f"a copy to {other.name}: {why}", other.name)
    return (yield from _forward(stack, bridge, port, chosen.name, skb, filtered, f"flood: {why}"))


def _owns(stack: Stack, port: Interface, address: IPAddress) -> bool:
    peer = _peer(stack, port)
    return peer is not None and any(held.local == address for held in peer.addresses)


def send(stack: Stack, bridge: Interface, skb: Skb) -> End:
    """A packet of the host's own, or routed by it, leaves by the bridge interface (br_dev_xmit): no iptables hook here."""
    hop = device.next_hop(stack, skb)
    if skb.packet.dst.is_multicast or skb.packet.dst in {a.broadcast for a in bridge.addresses}:
        return (yield from _flood(stack, bridge, None, skb, False, "broadcast or multicast", up=False))
    mac = resolve(stack, bridge.name, hop)
    if mac is None:
        state = _neighbour_state(stack, bridge.name, hop)
        outs = ports(stack, bridge)
        if not outs:
            return ip.dropped(stack, skb, f"{bridge.name} has no port that is up", at=f"bridge {bridge.name}")
        skb.journey.doubts.note(f"bridge {bridge.name}", f"nobody known answers for {hop} on {bridge.name}"
                                + (f" (neighbour entry {state})" if state else ""), "somebody does", "ip neigh", weak=True, visible=True)
        return (yield from _flood(stack, bridge, None, skb, False, f"the MAC address of {hop} is not known", up=False))
    skb.packet = _with_macs(skb.packet, bridge.mac, mac)
    out = lookup(stack, bridge, mac)
    if out is None:
        return (yield from _flood(stack, bridge, None, skb, False, "no port is known for its MAC address", up=False))
    return (yield from _forward(stack, bridge, None, out, skb, False, "fdb"))


def _with_macs(packet: Packet, source: str | None, destination: str | None) -> Packet:
    return replace(packet, src_mac=source, dst_mac=destination)


def _neighbour_state(stack: Stack, name: str, address: IPAddress) -> str | None:
    return next((n.state for n in stack.namespace.neighbours or () if n.device == name and n.address == address), None)


def resolve(stack: Stack, name: str, address: IPAddress) -> str | None:
    """The MAC address of a neighbour on interface `name`: who on that link was captured, else the captured neighbour table."""
    for other in stack.machine.stacks():
        for interface in other.namespace.interfaces.values():
            if interface.mac is not None and any(held.local == address for held in interface.addresses) and _linked(
                    stack, name, other, interface):
                return interface.mac
    for neighbour in stack.namespace.neighbours or ():
        if neighbour.device == name and neighbour.address == address and neighbour.mac is not None:
            return neighbour.mac
    return None


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
    if interface.kind == "bridge":
        return {(stack.netns, name)}
    if interface.peer_netns is None or interface.peer_name is None:
        return {(stack.netns, name)}
    other = stack.machine.stack(interface.peer_netns)
    peer = other.interface(interface.peer_name) if other is not None else None
    if peer is None:
        return {(stack.netns, name)}
    if peer.master is not None:
        return {(interface.peer_netns, peer.master)}
    return {(interface.peer_netns, interface.peer_name)}


def _guess_mac(stack: Stack, bridge: Interface, port: str, skb: Skb) -> str | None:
    """The destination MAC that the sender must have written, where the capture did not keep it (SLL, SLL2).

    Known from the sender's own routing where its namespace was captured; else the bridge's own subnets tell who is on-link.
    """
    interface = stack.interface(port)
    peer = _peer(stack, interface) if interface is not None else None
    if interface is not None and peer is not None and interface.peer_netns is not None and peer.master is None:
        sender = stack.machine.stack(interface.peer_netns)
        assert sender is not None
        result = sender.fib[skb.packet.family].lookup(Query(skb.packet.dst, skb.packet.src))
        if result.type is RouteType.UNICAST and result.nexthop is not None and result.device == peer.name:
            hop = result.nexthop.gateway or skb.packet.dst
            return resolve(sender, peer.name, hop)
    if skb.packet.dst.is_multicast:
        return "01:00:5e:00:00:01" if skb.packet.family == 4 else "33:33:00:00:00:01"
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
