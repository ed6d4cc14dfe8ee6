"""The IP layer of one namespace: receive, route, deliver, forward, send (ip_input.c, ip_forward.c, ip_output.c, route.c)."""

from collections.abc import Generator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from snapshot.host.routing import RouteType, table_name
from visualize.datapath import beget, device
from visualize.datapath.hopbyhop import refused
from visualize.datapath.routing import Query, Result
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.datapath.traverse import Way, traverse
from visualize.netfilter.hook import Hook
from visualize.packet.packet import Packet, Protocol
from visualize.path import Ended, Rewritten, Routed, Step, Verdict

End = Generator[Step, None, Ended]


def dropped(stack: Stack, skb: Skb, why: str, at: str = "") -> Ended:
    """The end of a packet that the kernel dropped without a rule."""
    return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, why, at=at or "kernel")


def query_for(skb: Skb, incoming: str | None, outgoing: str | None = None) -> Query:
    """The lookup key of a packet."""
    packet = skb.packet
    return Query(packet.dst, packet.src, incoming, outgoing, packet.mark, packet.tos, packet.protocol, packet.sport,
                 packet.dport)


def routed(stack: Stack, skb: Skb, result: Result, why: str = "") -> Routed:
    """The step that tells a routing decision."""
    route, hop = result.route, result.nexthop
    table = table_name(route.table) if route is not None else ""
    text = route.text if route is not None else (result.rule.text if result.rule else "no route")
    out = "lo" if result.type is RouteType.LOCAL else result.device
    return Routed(stack.netns, skb.packet, table, text, result.type.value, out,
                  str(hop.gateway) if hop is not None and hop.gateway is not None else None,
                  result.rule.text if result.rule else "", why, route.file if route else "", route.line if route else 0)


def _doubt_routes(stack: Stack, skb: Skb, result: Result) -> None:
    fib = stack.fib[skb.packet.family]
    doubts = skb.journey.doubts
    for why in result.doubts:
        doubts.note("routing", why, "the first" if "next hops" in why else "it does not apply", "the capture", weak=True)
    if fib.invented:
        doubts.note("routing", f"routes of IPv{fib.family} were not captured in {stack.netns}: only those that follow from the "
                    "addresses are known", "no other route", "ip route show table all")
    skb.journey.read.update(("dst", "src") if fib.custom_rules else ("dst",))


# -- receive ----------------------------------------------------------------------------------------------------------


def receive(stack: Stack, name: str, skb: Skb) -> End:
    """A packet handed up by interface `name` (ip_rcv, ipv6_rcv): PREROUTING, then routing."""
    skb.in_device = name
    family = skb.packet.family
    loopback = name == "lo"
    if skb.packet_type == "otherhost":
        return dropped(stack, skb, f"its frame was addressed to another machine's MAC address than {name}'s")
    early = _early6(skb.packet, loopback, stack.setting("net.ipv6.max_hbh_opts_number")) if family == 6 else None
    if early is not None:
        return dropped(stack, skb, early)
    if skb.prerouted:
        skb.prerouted = False  # br_netfilter ran PREROUTING at the bridge port (ip_sabotage_in)
    else:
        ended = yield from traverse(stack, Hook.PREROUTING, skb, name, None, physin=skb.physin)
        if ended is not None:
            return ended
    if family == 6 and not loopback and stack.flag(6, "disable_ipv6", name) == 1:
        return dropped(stack, skb, f"IPv6 is disabled on {name} (disable_ipv6)")
    return (yield from (_input4(stack, name, skb) if family == 4 else _input6(stack, name, skb)))


def _early6(packet: Packet, loopback: bool, options: int | None) -> str | None:
    """What ipv6_rcv refuses before any hook."""
    if packet.src.is_multicast:
        return "an IPv6 source address can't be a multicast address"
    if (packet.dst.is_loopback or packet.src.is_loopback) and not loopback:
        return "::1 never comes from a wire"
    return refused(packet, 8 if options is None else options)


def _martian4(stack: Stack, name: str, packet: Packet) -> str | None:
    """Sources and destinations that ip_route_input_slow refuses before it looks at any route."""
    source, destination = packet.src, packet.dst
    broadcast = IPv4Address("255.255.255.255")
    localnet = stack.flag(4, "route_localnet", name) == 1
    if source.is_multicast or source == broadcast:
        return f"martian source {source}"
    if destination == broadcast or (int(source) == 0 and int(destination) == 0):
        return None
    if int(source) >> 24 == 0:
        return f"martian source {source}"
    if int(destination) >> 24 == 0:
        return f"martian destination {destination}"
    if name == "lo":
        return None
    if destination.is_loopback and not localnet:
        return f"martian destination: {destination} from a wire (route_localnet is 0 on {name})"
    if source.is_loopback and not localnet:
        return f"martian source: {source} from a wire (route_localnet is 0 on {name})"
    return None


def _input4(stack: Stack, name: str, skb: Skb) -> End:
    packet = skb.packet
    martian = _martian4(stack, name, packet)
    if martian is not None:
        return dropped(stack, skb, martian)
    if name == "lo" and skb.local_origin and skb.route is not None and skb.route.type is RouteType.LOCAL and (
            skb.route.route is not None and packet.dst in skb.route.route.destination):
        return (yield from _deliver(stack, name, skb))  # it carries the route that it was sent with
    if packet.dst.is_multicast:
        return (yield from _multicast(stack, name, skb))
    fib = stack.fib[4]
    if packet.dst == IPv4Address("255.255.255.255"):
        return (yield from _deliver(stack, name, skb))
    result = fib.lookup(query_for(skb, _logical(stack, name)))
    _doubt_routes(stack, skb, result)
    skb.route = result
    stack.set_realm(result.route.realm if result.route else None)
    yield routed(stack, skb, result)
    forwarding = stack.flag(4, "forwarding", name, combine="own")
    match result.type:
        case RouteType.BROADCAST:
            return (yield from _deliver(stack, name, skb))
        case RouteType.LOCAL:
            refused = _source_refused(stack, name, skb, None)
            if refused is not None:
                return dropped(stack, skb, refused)
            return (yield from _deliver(stack, name, skb))
        case RouteType.UNICAST if result.route is not None:
            if not _forwards(stack, name, skb, forwarding):
                return dropped(stack, skb, f"it is for another host, and forwarding is off on {name} (net.ipv4.ip_forward)")
            refused = _source_refused(stack, name, skb, result.device)
            if refused is not None:
                return dropped(stack, skb, refused)
            return (yield from _forward(stack, name, skb, result))
        case _:
            return (yield from _no_route(stack, name, skb, result))


def _logical(stack: Stack, name: str) -> str:
    """The VRF that an interface belongs to stands as the incoming interface in lookups."""
    interface = stack.interface(name)
    master = stack.interface(interface.master) if interface is not None and interface.master else None
    return master.name if master is not None and master.kind == "vrf" else name


def _forwards(stack: Stack, name: str, skb: Skb, own: int) -> bool:
    family = skb.packet.family
    if stack.namespace.sysctls is None:
        skb.journey.doubts.note("routing", "sysctls were not captured: whether this namespace forwards is not known",
                                "it forwards", f"sysctl net.ipv{family}", weak=False)
        return True
    if family == 6:
        return stack.flag(6, "forwarding", "all", combine="own") == 1
    general = stack.setting("net.ipv4.ip_forward")
    known = stack.namespace.sysctl(f"net.ipv4.conf.{name}.forwarding") is not None
    return bool(own) if known else bool(general)


def _source_refused(stack: Stack, name: str, skb: Skb, out: str | None) -> str | None:
    """fib_validate_source: rp_filter, and sources that are the host's own."""
    source = skb.packet.src
    if name == "lo":
        return None
    mode = stack.flag(4, "rp_filter", name, combine="max")
    accept_local = stack.flag(4, "accept_local", name) == 1
    fib = stack.fib[4]
    if int(source) == 0:
        return f"rp_filter: {source} has no way back" if mode and out is not None else None
    if mode == 0 and not fib.custom_rules:
        if not accept_local and stack.namespace.owner(source) is not None:
            return f"martian source: {source} is this host's own address (accept_local is 0)"
        return None
    mark = skb.packet.mark if stack.flag(4, "src_valid_mark", name) else 0
    back = fib.lookup(Query(source, skb.packet.dst, incoming=out if out is not None else "lo", mark=mark, tos=skb.packet.tos,
                            protocol=skb.packet.protocol, sport=skb.packet.dport, dport=skb.packet.sport))
    if back.type is RouteType.UNREACHABLE and back.route is None and back.rule is None:
        return f"rp_filter {mode}: there is no route back to {source}" if mode else None
    if back.type in (RouteType.UNREACHABLE, RouteType.PROHIBIT):
        return f"rp_filter {mode}: the way back to {source} is {back.type.value}" if mode else None
    if back.type is RouteType.BLACKHOLE:
        return f"the way back to {source} is {back.type.value}"
    if back.type is not RouteType.UNICAST and not (back.type is RouteType.LOCAL and accept_local):
        return f"martian source: {source} is a {back.type.value} address here"
    hops = back.route.nexthops if back.route is not None else ()
    if any(hop.device == name for hop in hops):
        return None
    if mode == 1:
        return f"rp_filter 1 on {name}: the way back to {source} is by {back.device}"
    return None


def _no_route(stack: Stack, name: str, skb: Skb, result: Result) -> End:
    """ip_error: the sender is told, unless forwarding is off or the route is a blackhole."""
    what = f"{result.type.value} route" if result.route is not None or result.rule is not None else "no route"
    why = f"{what} to {skb.packet.dst}"
    if result.type in (RouteType.BLACKHOLE, RouteType.THROW) or not _forwards(
            stack, name, skb, stack.flag(4, "forwarding", name, combine="own")):
        return dropped(stack, skb, why)
    code = {RouteType.PROHIBIT: 13}.get(result.type, 1 if result.route is not None or result.rule is not None else 0)
    yield from ()
    return _told(stack, skb, beget.icmp_error(stack, skb, name, 3, code), f"{why}: the sender is told by ICMP", why, "routing")


def _told(stack: Stack, skb: Skb, sent: bool, why: str, silent: str, at: str) -> Ended:
    """Rejected where the sender is told; dropped where the kernel stays silent (no ICMP error answers another)."""
    if sent:
        return Ended(stack.netns, skb.packet, Verdict.REJECTED, None, why, at=at)
    return dropped(stack, skb, f"{silent}; nothing answers it", at)


def _multicast(stack: Stack, name: str, skb: Skb) -> End:
    """Multicast: delivered where a socket has joined the group, which no snapshot tells but for the all-hosts group."""
    if str(skb.packet.dst) not in ("224.0.0.1", "ff02::1", "ff01::1"):
        skb.journey.doubts.note("routing", f"whether a process has joined {skb.packet.dst} is not captured", "it has",
                                "ip maddr", weak=True)
    return (yield from _deliver(stack, name, skb))


def _input6(stack: Stack, name: str, skb: Skb) -> End:
    packet = skb.packet
    if packet.dst.is_multicast:
        return (yield from _multicast(stack, name, skb))
    result = stack.fib[6].lookup(query_for(skb, _logical(stack, name)))
    _doubt_routes(stack, skb, result)
    skb.route = result
    yield routed(stack, skb, result)
    if result.type in (RouteType.LOCAL, RouteType.ANYCAST):
        return (yield from _deliver(stack, name, skb))
    if not _forwards(stack, name, skb, 0):
        return dropped(stack, skb, "it is for another host, and IPv6 forwarding is off (net.ipv6.conf.all.forwarding)")
    if result.type is not RouteType.UNICAST or result.route is None:
        why = f"no route to {packet.dst}" if result.route is None else f"{result.type.value} route to {packet.dst}"
        if result.type is RouteType.BLACKHOLE:
            return dropped(stack, skb, why)
        sent = beget.icmp_error(stack, skb, name, 1, 1 if result.type is RouteType.PROHIBIT else 0)
        return _told(stack, skb, sent, f"{why}: the sender is told by ICMPv6", why, "routing")
    return (yield from _forward(stack, name, skb, result))


# -- deliver, forward -------------------------------------------------------------------------------------------------


def _deliver(stack: Stack, name: str, skb: Skb) -> End:
    """ip_local_deliver: INPUT, then the socket."""
    ended = yield from traverse(stack, Hook.INPUT, skb, name, None, physin=skb.physin)
    if ended is not None:
        return ended
    if skb.packet.protocol == Protocol.ICMPV6 and skb.journey.broken:
        return dropped(stack, skb, "its checksum is wrong: no socket sees it, raw ones included (rawv6_rcv, icmpv6_rcv)")
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
        return _told(stack, skb, beget.icmp_error(stack, skb, name, kind, code),
                     f"{expired}: the sender is told by ICMP (time exceeded); no FORWARD rule sees it", expired, "TTL")
    out = result.device or ""
    if packet.family == 6 and packet.src.is_link_local:
        return dropped(stack, skb, f"{packet.src} is a link-local address, which no router forwards")  # not modelled: ICMPv6 1/2 to it
    if _too_big(stack, name, out, packet):
        kind, code = (3, 4) if packet.family == 4 else (2, 0)
        large = f"{packet.length} bytes are more than the MTU of {out}, and it must not be fragmented"
        return _told(stack, skb, beget.icmp_error(stack, skb, name, kind, code), f"{large}: the sender is told by ICMP", large, "MTU")
    skb.packet = replace(packet, ttl=packet.ttl - 1)
    yield Rewritten(stack.netns, skb.packet, "FORWARD", "TTL", "kernel", {"ttl": packet.ttl}, {"ttl": packet.ttl - 1})
    ended = yield from traverse(stack, Hook.FORWARD, skb, name, out, physin=skb.physin)
    if ended is not None:
        return ended
    return (yield from output(stack, skb, out))


def _too_big(stack: Stack, name: str, out: str, packet: Packet) -> bool:
    """ip_exceeds_mtu. A TCP packet larger than its incoming interface's MTU was put together on receive (GRO): its parts fit."""
    incoming, outgoing = stack.interface(name), stack.interface(out)
    if outgoing is None or (packet.family == 4 and not packet.dont_fragment):
        return False
    size = packet.length
    if incoming is not None and size > incoming.mtu:
        size = incoming.mtu
    return size > outgoing.mtu


# -- send -------------------------------------------------------------------------------------------------------------


def output(stack: Stack, skb: Skb, out: str) -> End:
    """ip_output: POSTROUTING, then the interface."""
    ended = yield from traverse(stack, Hook.POSTROUTING, skb, skb.in_device, out, physin=skb.physin)
    if ended is not None:
        return ended
    if skb.packet.dst_mac is not None or skb.packet.src_mac is not None:
        skb.packet = replace(skb.packet, src_mac=None, dst_mac=None)  # a new frame, with this host's own MAC addresses
    return (yield from device.transmit(stack, out, skb))


def send(stack: Stack, skb: Skb, outgoing: str | None = None, why: str = "") -> End:
    """A packet of this namespace's own (ip_queue_xmit, __ip_local_out): routed first, then OUTPUT, then POSTROUTING."""
    skb.local_origin = True
    result = stack.fib[skb.packet.family].lookup(query_for(skb, None, outgoing))
    _doubt_routes(stack, skb, result)
    skb.route = result
    yield routed(stack, skb, result, why)
    refused = _output_refused(stack, skb, result)
    if refused is not None:
        return dropped(stack, skb, refused, at="routing")
    out = _out_device(result)
    ended = yield from traverse(stack, Hook.OUTPUT, skb, None, out)
    if ended is not None:
        return ended
    assert skb.route is not None
    return (yield from output(stack, skb, _out_device(skb.route)))


def _out_device(result: Result) -> str:
    return "lo" if result.type is RouteType.LOCAL else result.device or ""


def _output_refused(stack: Stack, skb: Skb, result: Result) -> str | None:
    packet = skb.packet
    if result.type in (RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT, RouteType.THROW):
        if packet.dst.is_multicast or packet.dst == IPv4Address("255.255.255.255"):
            return None if result.device else f"no route to {packet.dst}"
        what = result.type.value + " route" if result.route is not None else "no route"
        return f"{what} to {packet.dst}: the sending process gets an error"
    out = _out_device(result)
    if packet.src == IPv6Address("::1") or (packet.family == 4 and packet.src.is_loopback):
        if out != "lo" and stack.flag(4, "route_localnet", out) != 1:
            return f"{packet.src} can't leave by {out} (route_localnet is 0)"
    return None


def route_again(stack: Stack, skb: Skb, why: str) -> Way:
    """ip_route_me_harder: after OUTPUT changed what routing looks at."""
    result = stack.fib[skb.packet.family].lookup(query_for(skb, None))
    _doubt_routes(stack, skb, result)
    skb.route = result
    yield routed(stack, skb, result, why)
    refused = _output_refused(stack, skb, result)
    return dropped(stack, skb, refused, at="routing") if refused is not None else None
