"""Packets that the kernel makes because of another one: ICMP errors and REJECT's answers (icmp.c, nf_reject_ipv4.c)."""


from dataclasses import replace

from snapshot.host.link import IPAddress
from snapshot.host.routing import RouteType
from visualize.datapath import ip, outgoing, telling
from visualize.datapath.conntrack import UNTRACKED, Tracking
from visualize.datapath.incoming import Decision
from visualize.datapath.routing import KERNEL_UID, Query
from visualize.datapath.skb import Skb
from visualize.datapath.source import select_source
from visualize.datapath.stack import Stack
from visualize.netfilter.outcome import Begets
from visualize.netfilter.target.TEE import CLONING
from visualize.packet.packet import ACK, RST, SYN, Packet, Protocol
from visualize.path import Path

_MANY = frozenset({RouteType.BROADCAST, RouteType.MULTICAST})
# --reject-with -> ICMP type and code (ipt_REJECT, ip6t_REJECT)
_CODES4 = {"icmp-net-unreachable": 0, "icmp-host-unreachable": 1, "icmp-proto-unreachable": 2, "icmp-port-unreachable": 3,
           "icmp-net-prohibited": 9, "icmp-host-prohibited": 10, "icmp-admin-prohibited": 13}
_CODES6 = {"icmp6-no-route": 0, "no-route": 0, "icmp6-adm-prohibited": 1, "adm-prohibited": 1, "icmp6-addr-unreachable": 3,
           "addr-unreach": 3, "icmp6-port-unreachable": 4, "port-unreach": 4, "icmp6-policy-fail": 5, "policy-fail": 5,
           "icmp6-reject-route": 6, "reject-route": 6}


def _attached(skb: Skb) -> Tracking | None:
    """nf_ct_attach: the answer belongs to the connection, as RELATED of the other direction."""
    if skb.tracking is None or skb.tracking.connection is None:
        return None
    return Tracking(skb.tracking.connection, "RELATED", not skb.tracking.reply, "made by the kernel about this connection")


def _emit(stack: Stack, skb: Skb, packet: Packet, route: Decision) -> bool:
    """Send the new packet from this namespace by a route, and keep its way as a child of the journey. False where the route is no way out."""
    if route.refused:
        return False
    skb.journey.children.append(stack.machine.child(stack, packet, skb.journey.now, _attached(skb), route))
    return True


def _mark(stack: Stack, packet: Packet) -> int:
    """IP4_REPLY_MARK: the mark goes over to the answer only with fwmark_reflect."""
    return packet.mark if stack.setting(f"net.ipv{packet.family}.fwmark_reflect") else 0


def icmp_error(stack: Stack, skb: Skb, kind: int, code: int) -> bool:
    """icmp_send, icmpv6_send: tell the sender. Returns False where the kernel stays silent."""
    packet = skb.packet
    if packet.is_icmp_error or packet.fragment_offset > 0 or packet.dst.is_multicast or packet.src.is_multicast:
        return False
    if int(packet.src) == 0 or skb.packet_type != "unicast" or (skb.route is not None and skb.route.type in _MANY):
        return False
    if skb.local_origin and packet.icmp_type in (0, 129):
        return False  # the kernel's own echo reply: icmp_xmit_lock is held while it is sent, so nothing answers it
    own = packet.dst if stack.fib[packet.family].type_of(packet.dst) is RouteType.LOCAL else None
    route = _error_route(stack, packet, own)
    lent = _input_source(stack, skb, route) if own is None else None
    if lent is not None:
        own, route = lent, _error_route(stack, packet, lent)
    source = own or route.source
    if source is None or route.refused or not telling.error_told(stack, skb, kind, code, route.result):
        return False
    protocol = Protocol.ICMP if packet.family == 4 else Protocol.ICMPV6
    tos = 0xC0 | packet.tos & 0x1E if packet.family == 4 else 0
    quoted = min(packet.length, 576 - 28) if packet.family == 4 else min(packet.length, 1280 - 48)
    answer = Packet(source, packet.src, protocol, 64, tos,
                    length=(28 if packet.family == 4 else 48) + quoted, icmp_type=kind, icmp_code=code, inner=packet, mark=_mark(stack, packet))
    return _emit(stack, skb, answer, route)


def _error_route(stack: Stack, packet: Packet, own: IPAddress | None) -> Decision:
    """The way back (icmp_route_lookup, icmpv6_route_lookup): looked up without a source, where that is not the packet's destination."""
    protocol = Protocol.ICMP if packet.family == 4 else Protocol.ICMPV6
    tos = 0xC0 | packet.tos & 0x1E if packet.family == 4 else 0
    return outgoing.route_output(stack, Query(packet.src, own, mark=_mark(stack, packet), tos=tos, protocol=protocol, uid=KERNEL_UID))


def _input_source(stack: Stack, skb: Skb, route: Decision) -> IPAddress | None:
    """IPv6: where the way back has no source of its own, the interface that the packet came in by lends one (icmpv6_rt_has_prefsrc)."""
    prefers = route.result is not None and route.result.route is not None and route.result.route.preferred_source is not None
    if skb.packet.family == 4 or prefers or skb.in_device is None or skb.local_origin or skb.prerouted:
        return None
    return select_source(stack.namespace, skb.in_device, skb.packet.src)


def reject(stack: Stack, skb: Skb, begets: Begets) -> bool:
    """Carry out a REJECT. Returns False where no answer is sent: a wrong checksum gets none (nf_send_unreach, nf_reject_ip_tcphdr_get)."""
    if skb.journey.broken or skb.journey.unsummed:
        return False
    if begets.kind == "tcp-reset":
        return _reset(stack, skb)
    packet = skb.packet
    if packet.family == 4:
        code = _CODES4.get(begets.kind)
        return code is not None and icmp_error(stack, skb, 3, code)
    code = _CODES6.get(begets.kind)
    return code is not None and icmp_error(stack, skb, 1, code)


def clone(stack: Stack, skb: Skb, begets: Begets) -> None:
    """TEE's clone: untracked, sent as the host's own, to the gateway and not where it is addressed (nf_dup_ipv4)."""
    assert begets.clone is not None
    assert begets.gateway is not None
    route = outgoing.route_output(stack, Query(begets.gateway))
    if route.refused or route.result is None or route.result.nexthop is None:
        return
    hop = replace(route.result.nexthop, gateway=route.result.nexthop.gateway or begets.gateway)
    stack.memory[CLONING] = True
    skb.journey.children.append(stack.machine.child(stack, begets.clone, skb.journey.now, UNTRACKED, Decision(replace(route.result, nexthop=hop))))
    stack.memory[CLONING] = False


def _reset(stack: Stack, skb: Skb) -> bool:
    """nf_send_reset: a RST from the packet's destination. For a frame from a bridge port it goes out without any hook."""
    packet = skb.packet
    flags = packet.tcp_flags or 0
    if packet.protocol != Protocol.TCP or flags & RST or packet.sport is None or packet.dport is None:
        return False
    payload = packet.transport_length or 0
    if flags & ACK:
        seq, ack, answer_flags = packet.ack or 0, 0, RST
    else:
        seq, ack, answer_flags = 0, ((packet.seq or 0) + payload + (1 if flags & SYN else 0)) & 0xFFFFFFFF, RST | ACK
    header = 20 if packet.family == 4 else 40
    mark = _mark(stack, packet)
    answer = Packet(packet.dst, packet.src, Protocol.TCP, 64, 0, length=header + 20, sport=packet.dport, dport=packet.sport,
                    tcp_flags=answer_flags, seq=seq, ack=ack, window=0, dont_fragment=packet.family == 4, transport_length=0, mark=mark)
    if skb.physin is not None:
        skb.journey.children.append(_unhooked(stack, skb, answer, skb.physin))
        return True
    query = ip.again_query(answer) if packet.family == 4 else ip.query_for(Skb(answer, skb.journey), None, KERNEL_UID)  # nf_send_reset6 names ports
    return _emit(stack, skb, answer, outgoing.route_output(stack, query))


def _unhooked(stack: Stack, skb: Skb, answer: Packet, port: str) -> Path:
    """nf_send_reset with nf_bridge: straight out of the port that the packet came in by, past the bridge and all hooks."""
    return stack.machine.child_out(stack, answer, skb.journey.now, port)


