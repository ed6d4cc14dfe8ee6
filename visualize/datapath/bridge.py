"""A Linux bridge: which port a frame leaves by, and what br_netfilter lets iptables see of it (br_input.c, br_netfilter_hooks.c)."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from snapshot.host.link import BridgePort, Interface, IPAddress
from snapshot.host.neighbour import FdbEntry
from snapshot.host.routing import RouteType
from visualize.datapath import bridge_vlan, device, incoming, ip, native, neighbour
from visualize.datapath.lasting import lasting
from visualize.datapath.megaflow import Found, Learned
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.datapath.traverse import Way, traverse
from visualize.netfilter.hook import Hook
from visualize.packet.packet import but
from visualize.path import Begot, Bridged, Ended, PolicyApplied, RuleMatched, Sent, Step

End = Generator[Step, None, Ended]
_DEFAULT_PORT = BridgePort()
_BROADCAST = "ff:ff:ff:ff:ff:ff"


def _port(stack: Stack, name: str) -> BridgePort:
    interface = stack.interface(name)
    return interface.port if interface is not None and interface.port is not None else _DEFAULT_PORT


def ports(stack: Stack, bridge: Interface) -> list[Interface]:
    """The bridge's ports that are up, in the order of their index."""
    return _ports(stack, bridge.name)


@lasting
def _ports(stack: Stack, name: str) -> list[Interface]:
    found = [i for i in stack.namespace.interfaces.values() if i.master == name and (i.up or not i.flags)]
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


def _filtered(stack: Stack, bridge: Interface, skb: Skb) -> bool:
    """Whether iptables sees the frame as it is now: one with a VLAN tag only where bridge-nf-filter-vlan-tagged says so."""
    if skb.vlan and not stack.setting("net.bridge.bridge-nf-filter-vlan-tagged"):
        return False
    return calls_iptables(stack, bridge, skb)


def _logical(stack: Stack, bridge: Interface, skb: Skb) -> str:
    """brnf_get_logical_dev: what `-i` sees; the bridge, or its VLAN device where bridge-nf-pass-vlan-input-dev says so."""
    if not skb.vlan or not stack.setting("net.bridge.bridge-nf-pass-vlan-input-dev"):
        return bridge.name
    return next((i.name for i in stack.namespace.interfaces.values() if i.parent == bridge.name and i.vlan_id == skb.vlan), bridge.name)


def receive(stack: Stack, bridge: Interface, port: str, skb: Skb) -> End:
    """A frame came in by a port (br_handle_frame, br_handle_frame_finish)."""
    held = _port(stack, port)
    if held.state not in ("forwarding", "learning"):
        return ip.dropped(stack, skb, f"bridge port {port} is {held.state}")
    if skb.packet_type == "otherhost":
        skb.packet_type = "unicast"  # the bridge takes every frame (nf_bridge->pkt_otherhost)
    native.note_bridge(stack, Hook.PREROUTING, skb)
    if skb.packet.dst_mac is None:
        destination = neighbour.guess_mac(stack, bridge, port, skb)
        if destination is not None:
            skb.packet = but(skb.packet, dst_mac=destination)
    filtered = _filtered(stack, bridge, skb)
    if filtered:
        ended = yield from _prerouting(stack, bridge, port, skb)
        if ended is not None:
            return ended
    refused = bridge_vlan.enter(stack, bridge, port, skb) or _locked(stack, bridge, port, held, skb)
    if refused:
        return ip.dropped(stack, skb, refused, at=f"bridge {bridge.name}")
    _learn(stack, bridge, port, held, skb)
    if held.state == "learning":
        return ip.dropped(stack, skb, f"bridge port {port} is learning: it takes note of the sender, and forwards nothing yet")
    return (yield from _decide(stack, bridge, port, skb, skb.packet.dst_mac, filtered))


def _prerouting(stack: Stack, bridge: Interface, port: str, skb: Skb) -> Generator[Step, None, Ended | None]:
    """br_nf_pre_routing and br_nf_pre_routing_finish."""
    before = skb.packet
    skb.physin = port
    skb.in_device = name = _logical(stack, bridge, skb)
    ended = yield from traverse(stack, Hook.PREROUTING, skb, name, None, physin=port)
    if ended is not None:
        return ended
    skb.prerouted = True
    if skb.packet.dst != before.dst:
        return _after_dnat(stack, bridge, skb)
    return None


def _after_dnat(stack: Stack, bridge: Interface, skb: Skb) -> Ended | None:
    """A new destination on this same bridge is bridged there, any other goes up to be routed; what routing refuses is dropped here.

    Where the bridge does not forward IPv4, nothing is bridged there either: the packet goes up, and ends.
    """
    decision = incoming.route_input(stack, bridge.name, skb.packet)
    result = decision.result
    if decision.refused or result is None or (skb.packet.family == 6 and not result.found):
        return ip.dropped(stack, skb, decision.refused or f"no route to {skb.packet.dst}", at=f"bridge {bridge.name}")
    mac = bridge.mac
    if result.type is RouteType.UNICAST and result.device == bridge.name and (skb.packet.family == 6 or ip.forwards(stack, bridge.name, skb)):
        hop = result.nexthop.gateway if result.nexthop is not None and result.nexthop.gateway is not None else skb.packet.dst
        mac = neighbour.resolve(stack, bridge.name, hop)
    skb.packet = but(skb.packet, dst_mac=mac)
    return None


def _locked(stack: Stack, bridge: Interface, port: str, held: BridgePort, skb: Skb) -> str:
    """BR_PORT_LOCKED: only senders that the forwarding database has at this port."""
    source = skb.packet.src_mac
    if not held.locked or source is None:
        return ""
    known = any(e.device == port for e in _entries(stack, bridge, source, skb.vid))
    return "" if known else f"{port} is locked, and the forwarding database does not have {source} there"


# -- the forwarding database ------------------------------------------------------------------------------------------


def _learn(stack: Stack, bridge: Interface, port: str, held: BridgePort, skb: Skb) -> None:
    """br_fdb_update; a bridge's own address is never learned."""
    source = skb.packet.src_mac
    if source is not None and held.learning and not _is_local(stack, bridge, source, skb.vid):
        key = (bridge.name, source, skb.vid)
        stack.learned[key] = (port, skb.journey.now)
        skb.journey.asked.append(Learned(stack, key, port))


def _entries(stack: Stack, bridge: Interface, mac: str, vid: int) -> list[FdbEntry]:
    """Captured entries of the bridge for a MAC address in a VLAN (0: none)."""
    found = []
    for entry in stack.namespace.fdb or ():
        if entry.mac == mac and not entry.self_ and (entry.vlan or 0) == vid:
            held = stack.interface(entry.device)
            if held is not None and bridge.name in (held.master, held.name):
                found.append(entry)
    return found


def _is_local(stack: Stack, bridge: Interface, mac: str, vid: int) -> bool:
    """BR_FDB_LOCAL: the bridge's own address, those of its ports, and entries added as `permanent`."""
    return _is_own(stack, bridge.name, mac, vid)


@lasting
def _is_own(stack: Stack, name: str, mac: str, vid: int) -> bool:
    bridge = stack.namespace.interfaces[name]
    if mac == bridge.mac or any(port.mac == mac for port in ports(stack, bridge)):
        return True
    return any(entry.local for entry in _entries(stack, bridge, mac, vid))


def _found(stack: Stack, bridge: Interface, mac: str, skb: Skb) -> str | None:
    """The port that the forwarding database tells, which the next packet may find changed."""
    vid = skb.vid
    out = lookup(stack, bridge, mac, vid, skb.journey.now)
    skb.journey.asked.append(Found(lambda now: lookup(stack, bridge, mac, vid, now), out))
    return out


def lookup(stack: Stack, bridge: Interface, mac: str, vid: int = 0, now: int | None = None) -> str | None:
    """br_fdb_find_rcu, in a VLAN (0: none): learned in this replay, captured, or known from the other end of a port's veth pair."""
    learned = stack.learned.get((bridge.name, mac, vid))
    if learned is not None and not _aged(bridge, learned[1], now):
        return learned[0]
    for entry in _entries(stack, bridge, mac, vid):
        if not entry.local:
            return entry.device
    for port in ports(stack, bridge):
        far = neighbour.peer(stack, port)
        if far is not None and far.mac == mac:
            return port.name
    return None


def _aged(bridge: Interface, since: int | None, now: int | None) -> bool:
    if since is None or now is None or bridge.bridge is None:
        return False
    return now - since > bridge.bridge.ageing_seconds * 1_000_000_000


# -- forwarding -------------------------------------------------------------------------------------------------------


def _decide(stack: Stack, bridge: Interface, port: str, skb: Skb, mac: str | None, filtered: bool) -> End:
    """br_handle_frame_finish: up to the host, to one port, or to all."""
    if mac is not None and _is_local(stack, bridge, mac, skb.vid):
        yield Bridged(stack.netns, skb.packet, bridge.name, None, f"its MAC address is {bridge.name}'s own")
        return (yield from _up(stack, bridge, skb))
    if mac is not None and int(mac[:2], 16) & 1:
        return (yield from _flood(stack, bridge, port, skb, filtered, "broadcast or multicast", up=True))
    out = _found(stack, bridge, mac, skb) if mac is not None else None
    if out is not None:
        return (yield from _forward(stack, bridge, port, out, skb, filtered, "fdb"))
    return (yield from _flood(stack, bridge, port, skb, filtered, "no port is known for its MAC address", up=False))


def _up(stack: Stack, bridge: Interface, skb: Skb) -> End:
    """br_pass_frame_up: the frame is now the bridge interface's own, or that of a VLAN device on it."""
    if bridge.flags and not bridge.up:
        return ip.dropped(stack, skb, f"{bridge.name} is down")
    native.note_bridge(stack, Hook.INPUT, skb)
    refused = bridge_vlan.refused(stack, bridge, None, skb)
    if refused:
        return ip.dropped(stack, skb, refused, at=f"bridge {bridge.name}")
    bridge_vlan.leave(stack, bridge, None, skb)
    return (yield from device.accept(stack, bridge.name, skb))


def _forward(stack: Stack, bridge: Interface, port: str | None, out: str, skb: Skb, filtered: bool, why: str) -> End:
    """br_forward: from port to port. Its TTL stays, and FORWARD sees the bridge as both interfaces."""
    refused = _refused(stack, bridge, port, out, skb)
    if refused:
        yield Bridged(stack.netns, skb.packet, bridge.name, None, refused)
        return ip.dropped(stack, skb, refused, at=f"bridge {bridge.name}")
    hairpin = " (hairpin)" if port == out else ""
    yield Bridged(stack.netns, skb.packet, bridge.name, out, why + hairpin)
    bridge_vlan.leave(stack, bridge, out, skb)
    native.note_bridge(stack, Hook.FORWARD if port is not None else Hook.OUTPUT, skb)
    native.note_bridge(stack, Hook.POSTROUTING, skb)
    if filtered and port is not None and _filtered(stack, bridge, skb):
        name = _logical(stack, bridge, skb)
        ended = yield from traverse(stack, Hook.FORWARD, skb, name, bridge.name, port, out, bridged=True)
        if ended is not None:
            return ended
        ended = yield from traverse(stack, Hook.POSTROUTING, skb, None, bridge.name, port, out, bridged=True)
        if ended is not None:
            return ended
    return (yield from _out(stack, out, skb))


def _refused(stack: Stack, bridge: Interface, port: str | None, out: str, skb: Skb) -> str:
    """should_deliver: no way back by the same port without hairpin mode, none between isolated ports, none out of its VLAN."""
    leaving = _port(stack, out)
    if port == out and leaving.hairpin is not True:
        return f"it would leave {bridge.name} by the port that it came from, and hairpin mode is off on {out}"
    if leaving.state != "forwarding":
        return f"bridge port {out} is {leaving.state}"
    if port is not None and port != out and leaving.isolated and _port(stack, port).isolated:
        return f"{port} and {out} are isolated ports"
    return bridge_vlan.refused(stack, bridge, out, skb)


def _out(stack: Stack, out: str, skb: Skb) -> End:
    """dev_queue_xmit of the port; a port may be a device on another one."""
    interface = stack.interface(out)
    if interface is not None and interface.kind in (*neighbour.STACKED, "bond", "team", "vxlan", "geneve", "gretap"):
        return (yield from device.transmit(stack, out, skb))
    yield Sent(stack.netns, skb.packet, out)
    if interface is None:
        return device.leave(stack, out, skb)
    return (yield from device.over(stack, interface, skb))


def _flooded(stack: Stack, bridge: Interface, port: str | None, skb: Skb) -> list[Interface]:
    """br_flood: the ports that get a copy. Which traffic a port takes unasked is a setting of its own, but for what the host sends."""
    mac = skb.packet.dst_mac
    found = []
    for one in ports(stack, bridge):
        held = _port(stack, one.name)
        if mac == _BROADCAST:
            wants = held.broadcast_flood or port is None
        elif mac is not None and int(mac[:2], 16) & 1:
            wants = held.multicast_flood or port is None
        else:
            wants = held.flood
        if wants and not _refused(stack, bridge, port, one.name, skb):
            found.append(one)
    return found


def _flood(stack: Stack, bridge: Interface, port: str | None, skb: Skb, filtered: bool, why: str, up: bool) -> End:
    """To every port that wants it. The path follows the copy that reaches the addressee; the other copies are told as begotten."""
    outs = _snooped(bridge, skb, _flooded(stack, bridge, port, skb))
    wanted = next((p for p in outs if _owns(stack, p, skb.packet.dst)), None)
    if up or not outs:
        for other in reversed(outs):
            yield from _copy(stack, bridge, port, other, skb, filtered, why)
        if up:
            yield Bridged(stack.netns, skb.packet, bridge.name, None, why)
            return (yield from _up(stack, bridge, skb))
        return ip.dropped(stack, skb, f"{why}, and {bridge.name} has no other port that takes it", at=f"bridge {bridge.name}")
    chosen = wanted or outs[0]
    if wanted is None:
        skb.journey.doubts.note(f"bridge {bridge.name}", f"{why}: the frame is flooded to {len(outs)} port(s), and which one leads "
                                f"to {skb.packet.dst} is not known", chosen.name, "bridge fdb, or the capture", weak=len(outs) > 1, visible=True)
    for other in reversed(outs):
        if other is not chosen:
            yield from _copy(stack, bridge, port, other, skb, filtered, why)
    return (yield from _forward(stack, bridge, port, chosen.name, skb, filtered, f"flood: {why}"))


def _copy(stack: Stack, bridge: Interface, port: str | None, other: Interface, skb: Skb, filtered: bool, why: str) -> Iterator[Step]:
    """A copy to another port: its rules are told where it passes any (ports added last come first); its way beyond the port is not followed."""
    yield Begot(stack.netns, skb.packet, "flood", skb.packet, f"a copy to {other.name}: {why}", other.name)
    copy = replace(skb)
    bridge_vlan.leave(stack, bridge, other.name, copy)
    if not filtered or port is None or not _filtered(stack, bridge, copy):
        return
    name = _logical(stack, bridge, copy)
    ways = (traverse(stack, Hook.FORWARD, copy, name, bridge.name, port, other.name, bridged=True),
            traverse(stack, Hook.POSTROUTING, copy, None, bridge.name, port, other.name, bridged=True))
    for way in ways:
        if (yield from _rules_only(way, skb)) is not None:
            return


def _rules_only(way: Way, skb: Skb) -> Way:
    """A hook that a copy runs, as far as it concerns rules: their counters move, the packet whose path this is stays as it is."""
    while True:
        try:
            step = next(way)
        except StopIteration as stop:
            ended: Ended | None = stop.value
            return ended
        if isinstance(step, RuleMatched | PolicyApplied):
            yield replace(step, packet=skb.packet)


def _snooped(bridge: Interface, skb: Skb, outs: list[Interface]) -> list[Interface]:
    """Multicast snooping sends a group only to ports that asked for it, where a querier is about: which no snapshot tells."""
    group = skb.packet.dst
    local = str(group) == "ff02::1" or (group.version == 4 and int(group) >> 8 == 0xE00000)  # never snooped
    if group.is_multicast and not local and outs and (bridge.bridge is None or bridge.bridge.multicast_snooping is not False):
        skb.journey.doubts.note(f"bridge {bridge.name}", f"whether multicast snooping keeps {group} from some ports is not known (it does where "
                                "a querier is about)", "it is flooded to all", "bridge mdb", weak=False)
    return outs


def _owns(stack: Stack, port: Interface, address: IPAddress) -> bool:
    far = neighbour.peer(stack, port)
    return far is not None and any(held.local == address for held in far.addresses)


def send(stack: Stack, bridge: Interface, skb: Skb) -> End:
    """A packet of the host's own, or routed by it, leaves by the bridge interface (br_dev_xmit): no iptables hook here."""
    mac, why = _destination(stack, bridge, skb)
    if mac is not None:
        skb.packet = neighbour.with_macs(skb.packet, bridge.mac, mac)
    refused = bridge_vlan.enter(stack, bridge, None, skb)
    if refused:
        return ip.dropped(stack, skb, refused, at=f"bridge {bridge.name}")
    if mac is not None and int(mac[:2], 16) & 1:
        return (yield from _flood(stack, bridge, None, skb, False, "broadcast or multicast", up=False))
    if mac is not None and _is_local(stack, bridge, mac, skb.vid):
        return ip.dropped(stack, skb, f"{mac} is {bridge.name}'s own MAC address", at=f"bridge {bridge.name}")
    out = _found(stack, bridge, mac, skb) if mac is not None else None
    if out is None:
        return (yield from _flood(stack, bridge, None, skb, False, why, up=False))
    return (yield from _forward(stack, bridge, None, out, skb, False, "fdb"))


def _destination(stack: Stack, bridge: Interface, skb: Skb) -> tuple[str | None, str]:
    """The MAC address that the frame is sent to; None, with a doubt, where no neighbour is known."""
    if skb.packet.dst_mac is not None:
        return skb.packet.dst_mac, "no port is known for its MAC address"  # the frame comes from a device on the bridge
    if skb.packet.dst in {a.broadcast for a in bridge.addresses} or str(skb.packet.dst) == "255.255.255.255":
        return _BROADCAST, ""
    hop = device.next_hop(stack, skb)
    mac = neighbour.resolve(stack, bridge.name, skb.packet.dst if skb.packet.dst.is_multicast else hop)
    if mac is None and ports(stack, bridge):
        state = neighbour.state(stack, bridge.name, hop)
        skb.journey.doubts.note(f"bridge {bridge.name}", f"nobody known answers for {hop} on {bridge.name}"
                                + (f" (neighbour entry {state})" if state else ""), "somebody does", "ip neigh", weak=True, visible=True)
    return mac, f"the MAC address of {hop} is not known" if mac is None else "no port is known for its MAC address"
