"""The IP layer of one namespace: receive, route, deliver, forward, send (ip_input.c, ip_forward.c, ip_output.c, route.c)."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from snapshot.host.routing import RouteType, table_name
from visualize.datapath import beget, device, incoming, outgoing, telling
from visualize.datapath.conntrack import UNTRACKED
from visualize.datapath.megaflow import Answering, Realm, Requested
from visualize.datapath.routing import KERNEL_UID, Query, Result
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.datapath.traverse import Way, traverse
from visualize.netfilter.hook import Hook
from visualize.packet.packet import Packet, Protocol, but
from visualize.path import Ended, Received, Rewritten, Routed, Step, Verdict, changed_fields

End = Generator[Step, None, Ended]


def dropped(stack: Stack, skb: Skb, why: str, at: str = "") -> Ended:
    """The end of a packet that the kernel dropped without a rule."""
    return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, why, at=at or "kernel")


def query_for(skb: Skb, bound: str | None = None, uid: int | None = None) -> Query:
    """The lookup key of a packet sent here; `bound` is the interface that its sender is bound to."""
    packet = skb.packet
    return Query(packet.dst, packet.src, None, bound, packet.mark, packet.tos, packet.protocol, packet.sport, packet.dport, uid,
                 bound=bound is not None)


def routed(stack: Stack, skb: Skb, result: Result, why: str = "") -> Routed:
    """The step that tells a routing decision."""
    route, hop = result.route, result.nexthop
    table = table_name(route.table) if route is not None else ""
    text = route.text if route is not None else (result.rule.text if result.rule else "no route")
    out = outgoing.out_device(stack, result)
    return Routed(stack.netns, skb.packet, table, text, result.type.value, out or None,
                  str(hop.gateway) if hop is not None and hop.gateway is not None else None,
                  result.rule.text if result.rule else "", why, route.file if route else "", route.line if route else 0)


def _doubt_routes(stack: Stack, skb: Skb, result: Result) -> None:
    fib = stack.fib[skb.packet.family]
    doubts = skb.journey.doubts
    for why in result.doubts:
        doubts.note("routing", why, _assumed(why), "the capture", weak="did not answer" not in why and "may each lend" not in why)
    for text in fib.unknown_hops:
        doubts.note("routing", f"route {text!r} names a next hop object that was not captured", "it can't be used", "ip nexthop", weak=True)
    if fib.invented:
        doubts.note("routing", f"routes of IPv{fib.family} were not captured in {stack.netns}: only those that follow from the "
                    "addresses are known", "no other route", "ip route show table all")
    skb.journey.read.update(fib.reads)


def _assumed(why: str) -> str:
    if "next hops" in why or "default routes" in why:
        return "the first"
    if why.startswith("gateway"):
        return "it is used"
    return "it does not apply" if why.startswith("ip rule") else "so it is still"


# -- receive ----------------------------------------------------------------------------------------------------------


def receive(stack: Stack, name: str, skb: Skb) -> End:
    """A packet handed up by interface `name` (ip_rcv, ipv6_rcv): PREROUTING, then routing."""
    skb.in_device = name
    family = skb.packet.family
    if skb.packet_type == "otherhost":
        return dropped(stack, skb, f"its frame was addressed to another machine's MAC address than {name}'s")
    early = incoming.early6(stack, name, skb.packet) if family == 6 else ""
    if early:
        return dropped(stack, skb, early)
    if skb.prerouted:
        skb.prerouted = False  # br_netfilter ran PREROUTING at the bridge port (ip_sabotage_in)
    else:
        ended = yield from traverse(stack, Hook.PREROUTING, skb, name, None, physin=skb.physin)
        if ended is not None:
            return ended
    domain = stack.fib[family].l3_master(name)
    if domain is not None and domain != name:  # l3mdev_ip_rcv: the packet is the VRF's from here on, and runs the hook once more
        name = skb.in_device = domain
        ended = yield from traverse(stack, Hook.PREROUTING, skb, name, None, physin=skb.physin)
        if ended is not None:
            return ended
    return (yield from (_input4(stack, name, skb) if family == 4 else _input6(stack, name, skb)))


def _input4(stack: Stack, name: str, skb: Skb) -> End:
    packet = skb.packet
    if name == "lo" and skb.local_origin and skb.route is not None and skb.route.type is RouteType.LOCAL and (
            skb.route.route is not None and packet.dst in skb.route.route.destination):
        return (yield from _deliver(stack, name, skb))  # it carries the route that it was sent with
    if packet.dst.is_multicast:
        refused = incoming.multicast_refused4(stack, name, packet)
        return dropped(stack, skb, refused) if refused else (yield from _multicast(stack, name, skb))
    decision = incoming.route_input(stack, name, packet)
    result = decision.result
    if result is None:
        return dropped(stack, skb, decision.refused) if decision.refused else (yield from _deliver(stack, name, skb))
    yield from _decided(stack, skb, result)
    if not result.found:
        return (yield from _no_route(stack, name, skb, result))
    local = result.type in (RouteType.BROADCAST, RouteType.LOCAL)
    if not local and not forwards(stack, name, skb):
        return dropped(stack, skb, f"it is for another host, and forwarding is off on {name} (net.ipv4.ip_forward)")
    if decision.refused:
        return dropped(stack, skb, decision.refused)
    return (yield from (_deliver(stack, name, skb) if local else _forward(stack, name, skb, result)))


def _decided(stack: Stack, skb: Skb, result: Result) -> Iterator[Step]:
    """The routing decision, kept with the packet and told."""
    _doubt_routes(stack, skb, result)
    skb.route = result
    _note_realm(stack, skb, result)
    yield routed(stack, skb, result)


def _note_realm(stack: Stack, skb: Skb, result: Result) -> None:
    """The route's realm, for `-m realm`. Not modelled: a rule's realm, and a source's (fib_combine_itag), which mix with it."""
    plain = not any(rule.realm for rule in stack.fib[4].rules) and not stack.fib[4].invented
    realm = Realm(stack, (result.route.realm or 0 if result.route is not None else 0) if plain else None)
    realm.again(skb.packet, skb.journey)
    skb.journey.asked.append(realm)


def forwards(stack: Stack, name: str, skb: Skb) -> bool:
    """Whether what comes in by an interface for others is passed on (IN_DEV_FORWARD, net.ipv6.conf.all.forwarding)."""
    family = skb.packet.family
    if stack.namespace.sysctls is None:
        skb.journey.doubts.note("routing", "sysctls were not captured: whether this namespace forwards is not known",
                                "it forwards", f"sysctl net.ipv{family}", weak=False)
        return True
    if family == 6:
        return stack.flag(6, "forwarding", "all", combine="own") == 1 or stack.flag(6, "force_forwarding", name, combine="own") == 1
    if stack.namespace.sysctl(f"net.ipv4.conf.{name.replace('.', '/')}.forwarding") is not None:
        return stack.flag(4, "forwarding", name, combine="own") == 1
    return bool(stack.setting("net.ipv4.ip_forward"))


def _no_route(stack: Stack, name: str, skb: Skb, result: Result) -> End:
    """ip_error: the sender is told, unless forwarding is off or the route is a blackhole."""
    what = f"{result.type.value} route" if result.route is not None or result.rule is not None else "no route"
    why = f"{what} to {skb.packet.dst}"
    if result.type is RouteType.BLACKHOLE or not forwards(stack, name, skb):
        return dropped(stack, skb, why)
    code = 13 if result.type is RouteType.PROHIBIT else 1 if result.route is not None else 0  # an `unreachable` rule: ENETUNREACH
    yield from ()
    sent = telling.route_error_told(stack, skb) and beget.icmp_error(stack, skb, 3, code)
    return _told(stack, skb, sent, f"{why}: the sender is told by ICMP", why, "routing")


def _told(stack: Stack, skb: Skb, sent: bool, why: str, silent: str, at: str) -> Ended:
    """Rejected where the sender is told; dropped where the kernel stays silent (no ICMP error answers another, and none comes too often)."""
    if sent:
        return Ended(stack.netns, skb.packet, Verdict.REJECTED, None, why, at=at)
    return dropped(stack, skb, f"{silent}; nothing answers it", at)


def _multicast(stack: Stack, name: str, skb: Skb) -> End:
    """Multicast: delivered where the interface has joined the group (ip_check_mc_rcu, ipv6_chk_mcast_addr), else no hook sees it again."""
    group = skb.packet.dst
    joined = incoming.joined(stack, name, group)
    if joined is False:
        return dropped(stack, skb, f"{name} has not joined {group}, and multicast routing is not modelled")
    if joined is None and incoming.is_of_routers(group):
        skb.journey.doubts.note("routing", f"whether a process has joined {group} is not captured; the kernel does not, where it does not forward",
                                "nobody has", "ip maddr")
        return dropped(stack, skb, f"{name} has not joined {group}")
    if joined is None:
        skb.journey.doubts.note("routing", f"whether a process has joined {group} is not captured", "it has", "ip maddr", weak=True)
    return (yield from _deliver(stack, name, skb))


def _input6(stack: Stack, name: str, skb: Skb) -> End:
    packet = skb.packet
    if packet.dst.is_multicast:
        return (yield from _multicast(stack, name, skb))
    result = incoming.route_input(stack, name, packet).result
    assert result is not None
    yield from _decided(stack, skb, result)
    if result.type in (RouteType.LOCAL, RouteType.ANYCAST):
        return (yield from _deliver(stack, name, skb))
    if not result.found:
        why = f"no route to {packet.dst}" if result.route is None else f"{result.type.value} route to {packet.dst}"
        if result.type is RouteType.BLACKHOLE:
            return dropped(stack, skb, why)
        sent = beget.icmp_error(stack, skb, 1, 1 if result.type is RouteType.PROHIBIT else 0)  # forwarding or not
        return _told(stack, skb, sent, f"{why}: the sender is told by ICMPv6", why, "routing")
    if not forwards(stack, name, skb):
        return dropped(stack, skb, "it is for another host, and IPv6 forwarding is off (net.ipv6.conf.all.forwarding)")
    return (yield from _forward(stack, name, skb, result))


# -- deliver, forward -------------------------------------------------------------------------------------------------


def _deliver(stack: Stack, name: str, skb: Skb) -> End:
    """ip_local_deliver: INPUT, then the socket."""
    ended = yield from traverse(stack, Hook.INPUT, skb, name, None, physin=skb.physin)
    if ended is not None:
        return ended
    if skb.packet.protocol == Protocol.ICMPV6 and skb.journey.broken:
        return dropped(stack, skb, "its checksum is wrong: no socket sees it, raw ones included (rawv6_rcv, icmpv6_rcv)")
    if skb.packet.protocol == Protocol.ICMPV6 and skb.packet.icmp_type == 128:
        request = Requested(stack, (skb.packet.src, skb.packet.icmp_id), name)
        request.again(skb.packet, skb.journey)
        skb.journey.asked.append(request)
    socket = listener(stack, skb.packet)
    why = f"delivered to {_who(stack)}" + (f": {socket}" if socket else "")
    return Ended(stack.netns, skb.packet, Verdict.DELIVERED, name, why, socket=socket)


def _who(stack: Stack) -> str:
    if stack.netns == "host":
        return "the host itself"
    return f"container {stack.netns}" if stack.netns in stack.namespace.containers else f"namespace {stack.netns}"


def listener(stack: Stack, packet: Packet) -> str | None:
    """The socket that would take the packet, as `ss` showed it: `docker-proxy on 0.0.0.0:8080`."""
    kind = {Protocol.TCP: "tcp", Protocol.UDP: "udp"}.get(Protocol(packet.protocol)) if packet.protocol in (6, 17) else None
    for held in stack.namespace.listeners or ():
        if held.protocol != kind or held.port != packet.dport:
            continue
        if held.address is not None and held.address != packet.dst:
            continue
        if held.family == 4 and packet.family == 6:
            continue
        where = str(held.address) if held.address is not None else "*"
        return f"{held.process or 'a process'} on {where}:{held.port}"
    return None


def _forward(stack: Stack, name: str, skb: Skb, result: Result) -> End:
    """ip_forward, ip6_forward: TTL and size are judged before FORWARD sees the packet."""
    packet = skb.packet
    if packet.ttl <= 1:
        kind, code = (11, 0) if packet.family == 4 else (3, 0)
        expired = f"its TTL is {packet.ttl}"
        return _told(stack, skb, beget.icmp_error(stack, skb, kind, code),
                     f"{expired}: the sender is told by ICMP (time exceeded); no FORWARD rule sees it", expired, "TTL")
    out = result.device or ""
    scope = _source_scope6(packet, out, name) if packet.family == 6 else None
    if scope is not None:
        sent = scope.startswith("link") and beget.icmp_error(stack, skb, 1, 2)
        why = f"{packet.src} is a {scope} address, which may not leave its link"
        return _told(stack, skb, sent, f"{why}: the sender is told by ICMPv6", why, "forwarding")
    if _too_big(stack, name, result, skb):
        kind, code = (3, 4) if packet.family == 4 else (2, 0)
        large = f"{packet.length} bytes are more than the MTU of {out} ({_mtu(stack, result)}), and it must not be fragmented"
        return _told(stack, skb, beget.icmp_error(stack, skb, kind, code), f"{large}: the sender is told by ICMP", large, "MTU")
    skb.packet = but(packet, ttl=packet.ttl - 1)
    yield Rewritten(stack.netns, skb.packet, "FORWARD", "TTL", "kernel", {"ttl": packet.ttl}, {"ttl": packet.ttl - 1})
    ended = yield from traverse(stack, Hook.FORWARD, skb, name, out, physin=skb.physin)
    if ended is not None:
        return ended
    return (yield from output(stack, skb, out))


def _source_scope6(packet: Packet, out: str, name: str) -> str | None:
    """ip6_forward: sources that are not sent on. A packet that goes back where it came from is let pass (a redirect tells its sender)."""
    if out == name:
        return None
    if int(packet.src) == 0 or packet.src.is_loopback:
        return "host"
    return "link-local" if packet.src.is_link_local else None


def _mtu(stack: Stack, result: Result) -> int:
    """ip_dst_mtu_maybe_forward: the route's own MTU counts more than its interface's."""
    outgoing_interface = stack.interface(result.device or "")
    if result.route is not None and result.route.mtu:
        return result.route.mtu
    return outgoing_interface.mtu if outgoing_interface is not None else 65535


def _too_big(stack: Stack, name: str, result: Result, skb: Skb) -> bool:
    """ip_exceeds_mtu. A TCP packet larger than its incoming interface's MTU was put together on receive (GRO): its parts fit."""
    packet, interface = skb.packet, stack.interface(name)
    if packet.family == 4 and not packet.dont_fragment:
        return False
    fits = _mtu(stack, result)
    if interface is None or interface.mtu > fits:
        skb.journey.longest = min(fits, skb.journey.longest or fits)
    size = packet.length if interface is None else min(packet.length, interface.mtu)
    return size > fits


# -- send -------------------------------------------------------------------------------------------------------------


def output(stack: Stack, skb: Skb, out: str) -> End:
    """ip_output, ip_mc_output: POSTROUTING, then the interface; a copy of the host's own broadcasts and multicasts comes back in."""
    if not _comes_back(skb, out):
        return (yield from _leave(stack, skb, out))
    before, copy = skb.packet, replace(skb)
    back = yield from _copied(stack, copy, out)
    yield from _as(stack, copy.packet, before, "the packet itself goes on")
    left = yield from _leave(stack, skb, out)
    if back.verdict is not Verdict.DELIVERED:
        return left
    yield from _as(stack, left.packet, copy.packet, "the copy that was delivered")
    return replace(back, why=f"{back.why}, as a copy; the packet itself: {left.why}")


def _as(stack: Stack, old: Packet, new: Packet, why: str) -> Iterator[Step]:
    before, after = changed_fields(old, new)
    if before:
        yield Rewritten(stack.netns, new, "", "COPY", "kernel", before, after, why)


def _comes_back(skb: Skb, out: str) -> bool:
    """Whether the kernel loops a copy back: of a broadcast always, of a multicast where the interface has joined the group."""
    if not skb.local_origin or skb.packet.family == 6 or skb.route is None or out == "lo":
        return False
    if skb.route.type is RouteType.MULTICAST and str(skb.packet.dst) != "224.0.0.1":
        skb.journey.doubts.note("routing", f"whether {out} has joined {skb.packet.dst}, and so a copy comes back, is not captured", "it has not",
                                "ip maddr", weak=False)
        return False
    return skb.route.type in (RouteType.BROADCAST, RouteType.MULTICAST)


def _copied(stack: Stack, copy: Skb, out: str) -> End:
    """ip_mc_finish_output, dev_loopback_xmit: through POSTROUTING, and in again by the same interface, unseen by captures."""
    ended = yield from traverse(stack, Hook.POSTROUTING, copy, None, out)
    if ended is not None:
        return ended
    copy.forget_invalid()
    copy.in_device = out
    yield Received(stack.netns, copy.packet, out, local=True)
    ended = yield from traverse(stack, Hook.PREROUTING, copy, out, None)
    return ended if ended is not None else (yield from _deliver(stack, out, copy))


def _leave(stack: Stack, skb: Skb, out: str) -> End:
    ended = yield from traverse(stack, Hook.POSTROUTING, skb, skb.in_device, out, physin=skb.physin)
    if ended is not None:
        return ended
    if skb.packet.dst_mac is not None or skb.packet.src_mac is not None:
        skb.packet = but(skb.packet, src_mac=None, dst_mac=None)  # a new frame, with this host's own MAC addresses
    return (yield from device.transmit(stack, out, skb))


def send(stack: Stack, skb: Skb, bound: str | None = None, found: incoming.Decision | None = None) -> End:
    """A packet of this namespace's own (ip_queue_xmit, __ip_local_out): routed first (or already), then OUTPUT, then POSTROUTING."""
    skb.local_origin = True
    ended = yield from _routed_out(stack, skb, found or _process_route(stack, skb, _asked(stack, skb, query_for(skb, bound))), "")
    if ended is not None:
        return ended
    assert skb.route is not None
    out = outgoing.out_device(stack, skb.route)
    ended = yield from _vrf_output(stack, skb, out)
    if ended is None:
        ended = yield from traverse(stack, Hook.OUTPUT, skb, None, out)
    if ended is not None:
        return ended
    return (yield from output(stack, skb, outgoing.out_device(stack, skb.route)))


def _asked(stack: Stack, skb: Skb, query: Query) -> Query:
    """icmpv6_echo_reply: the kernel asks for a route by the interface that the request came by, if it can be had."""
    packet = skb.packet
    if packet.protocol != Protocol.ICMPV6 or packet.icmp_type != 129 or query.outgoing is not None:
        return query
    key = (packet.dst, packet.icmp_id)
    name = stack.requests.get(key)
    skb.journey.asked.append(Answering(stack, key, name))
    if name is not None:
        return replace(query, outgoing=name)
    fib = stack.fib[6]
    plain = fib.lookup(query)
    if any(fib.lookup(replace(query, outgoing=one.name)).same != plain.same for one in stack.namespace.interfaces.values() if one.up):
        skb.journey.doubts.note("routing", "an echo reply goes by the interface that its request came by, if it can, and no request was seen",
                                "as any packet would", "a capture of the request", weak=True)
    return query


def _vrf_output(stack: Stack, skb: Skb, out: str) -> Way:
    """l3mdev_ip_out: behind a VRF a packet first passes OUTPUT and POSTROUTING with the VRF as its interface, and untracked."""
    domain = stack.fib[skb.packet.family].l3_master(out)
    if domain is None or domain == out or skb.packet.dst.is_multicast:
        return None
    skb.tracking, held = UNTRACKED, skb.tracking
    for hook in (Hook.OUTPUT, Hook.POSTROUTING):
        ended = yield from traverse(stack, hook, skb, None, domain)
        if ended is not None:
            return ended
    skb.tracking = held
    return None


def _process_route(stack: Stack, skb: Skb, query: Query) -> incoming.Decision:
    """The route of a process's packet. A socket's lookup names protocol and ports, but a raw socket that writes its own header has none."""
    decision = outgoing.route_output(stack, query)
    if not stack.fib[skb.packet.family].asks_ports:
        return decision
    raw = outgoing.route_output(stack, replace(query, protocol=None, sport=None, dport=None))
    if raw == decision:
        return decision
    skb.journey.doubts.note("routing", "an ip rule asks for protocol or ports, which a raw socket's packets do not show to routing",
                            "a raw socket sent it, as its route would be refused otherwise" if decision.refused else "an ordinary socket sent it",
                            "what sent it", weak=False)
    return raw if decision.refused else decision


def _routed_out(stack: Stack, skb: Skb, decision: incoming.Decision, why: str) -> Way:
    """Take the route of a packet of this namespace's own; its end where there is no way."""
    if decision.result is None:
        return dropped(stack, skb, decision.refused, at="routing")
    _doubt_routes(stack, skb, decision.result)
    skb.route = decision.result
    _note_realm(stack, skb, decision.result)
    yield routed(stack, skb, decision.result, why)
    return dropped(stack, skb, decision.refused, at="routing") if decision.refused else None


def route_again(stack: Stack, skb: Skb, why: str) -> Way:
    """ip_route_me_harder: after OUTPUT changed what routing looks at. IPv4 asks it as root's, whoever sent the packet."""
    return (yield from _routed_out(stack, skb, outgoing.route_output(stack, again_query(skb.packet)), why))


def again_query(packet: Packet) -> Query:
    """The lookup of ip_route_me_harder and ip6_route_me_harder, which names neither protocol nor ports."""
    return Query(packet.dst, packet.src, mark=packet.mark, tos=packet.tos, uid=KERNEL_UID if packet.family == 4 else None)
