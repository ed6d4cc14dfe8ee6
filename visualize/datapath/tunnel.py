"""Tunnel devices: the packet goes into another one, which the host sends (vxlan_core.c, geneve.c, ip_tunnel.c, sit.c).

The packet's own path ends at the device. The outer packet is a path of its own, begotten by it.
"""

from snapshot.host.link import Interface, IPAddress, Tunnel
from visualize.datapath import neighbour
from visualize.datapath.outgoing import route_output
from visualize.datapath.routing import KERNEL_UID, Query
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.packet.packet import Packet, Protocol
from visualize.path import Ended, Verdict

_PROTOCOLS = {"gre": 47, "gretap": 47, "erspan": 47, "ip6gre": 47, "ip6gretap": 47, "ipip": 4, "sit": 41, "ip6tnl": 41, "vti": 50}
_UDP_KINDS = ("vxlan", "geneve")
_HEADERS = {"vxlan": 8 + 8 + 14, "geneve": 8 + 8 + 14, "gre": 4, "gretap": 4 + 14, "ip6gre": 4, "ip6gretap": 4 + 14, "erspan": 8 + 14}


def send(stack: Stack, interface: Interface, skb: Skb) -> Ended:
    """Out of a tunnel device: the end of this packet's path, and the beginning of the outer packet's."""
    assert interface.tunnel is not None
    remote, why = _remote(stack, interface, interface.tunnel, skb)
    if remote is None:
        return Ended(stack.netns, skb.packet, Verdict.FORWARDED, interface.name, f"leaves by {interface.name}: {why}")
    outer = _outer(stack, interface, interface.tunnel, remote, skb)
    if outer is None:
        return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, f"{interface.name} finds no way to its other end {remote}", at="routing")
    query = Query(outer.dst, outer.src, None, interface.tunnel.device, outer.mark, outer.tos, outer.protocol, outer.sport, outer.dport, KERNEL_UID)
    skb.journey.children.append(stack.machine.child(stack, outer, skb.journey.now, None, route_output(stack, query)))
    return Ended(stack.netns, skb.packet, Verdict.FORWARDED, interface.name, f"leaves by {interface.name}, inside a packet to {remote}")


def _remote(stack: Stack, interface: Interface, told: Tunnel, skb: Skb) -> tuple[IPAddress | None, str]:
    """The other end: by the device's own forwarding database (vxlan), else the one that it was made with."""
    if interface.kind == "vxlan":
        hop = skb.route.nexthop.gateway if skb.route is not None and skb.route.nexthop is not None else None
        mac = skb.packet.dst_mac or neighbour.resolve(stack, interface.name, hop or skb.packet.dst)
        held = [e for e in stack.namespace.fdb or () if e.device == interface.name and e.remote is not None]
        for wanted in (mac, "00:00:00:00:00:00"):
            found = [e.remote for e in held if e.mac == wanted]
            if len(set(found)) == 1:
                return found[0], ""
            if found:
                return None, f"it is sent to {len(found)} tunnel ends"
    if told.remote is not None and not told.remote.is_multicast:
        return told.remote, ""
    return None, "which tunnel end gets it is not captured"


def _outer(stack: Stack, interface: Interface, told: Tunnel, remote: IPAddress, skb: Skb) -> Packet | None:
    local = told.local
    if local is None:
        decision = route_output(stack, Query(remote, None, outgoing=told.device, uid=KERNEL_UID))
        if decision.refused or decision.source is None:
            return None
        local = decision.source
    kind = interface.kind or ""
    header = 20 if remote.version == 4 else 40
    plain = Packet(local, remote, int(Protocol.UDP) if kind in _UDP_KINDS else _PROTOCOLS.get(kind, 4), told.ttl or 64,
                   length=header + _HEADERS.get(kind, 0) + skb.packet.length, header_length=header)
    if kind not in _UDP_KINDS:
        return plain
    skb.journey.doubts.note(interface.name, "the outer packet's source port is a hash of the inner packet", "0", "the capture", by_chance=True)
    return Packet(local, remote, int(Protocol.UDP), told.ttl or 64, length=plain.length, header_length=header, sport=0, dport=told.port)
