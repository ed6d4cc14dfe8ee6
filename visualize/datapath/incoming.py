"""What routing makes of a packet that came in by an interface (ip_route_input_slow, fib_validate_source, ip6_route_input).

Every question is answered here, and nothing is done: delivering, forwarding and answering are `ip`'s.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from snapshot.host.link import IPAddress
from snapshot.host.quick import quick
from snapshot.host.routing import RouteType
from visualize.datapath.hopbyhop import refused
from visualize.datapath.routing import KERNEL_UID, Query, Result
from visualize.datapath.stack import Stack
from visualize.packet.packet import Packet

_ALL_ONES = IPv4Address("255.255.255.255")


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """The route found (None where none was looked for), and why the packet is dropped all the same, or ""."""

    result: Result | None
    refused: str = ""
    source: IPAddress | None = None  # of a packet sent here that names none: the address lent


def route_input(stack: Stack, device: str, packet: Packet) -> Decision:
    """The decision for a unicast or broadcast packet; `device` is the VRF where its interface belongs to one."""
    return _route_input4(stack, device, packet) if packet.family == 4 else _route_input6(stack, device, packet)


def decide(stack: Stack, device: str, packet: Packet) -> Decision:
    """The whole decision, forwarding included: what `ip route get ... iif` tells."""
    if packet.family == 4 and packet.dst.is_multicast:
        return Decision(None, multicast_refused4(stack, device, packet))
    decision = route_input(stack, device, packet)
    if packet.family == 4 and not decision.refused and decision.result is not None and decision.result.type is RouteType.UNICAST and (
            stack.flag(4, "forwarding", device, combine="own") != 1):
        return Decision(decision.result, f"forwarding is off on {device}")
    return decision


def query_in(stack: Stack, device: str, packet: Packet) -> Query:
    """The lookup key of a packet from a wire. Ports are read only where some rule asks for them (fib4_rules_early_flow_dissect)."""
    return Query(packet.dst, packet.src, device, None, packet.mark, packet.tos, packet.protocol, packet.sport, packet.dport, KERNEL_UID)


# -- IPv4 -------------------------------------------------------------------------------------------------------------


def _route_input4(stack: Stack, device: str, packet: Packet) -> Decision:
    martian = _martian4(stack, device, packet)
    if martian:
        return Decision(None, martian)
    if packet.dst == _ALL_ONES or (int(packet.src) == 0 and int(packet.dst) == 0):
        return Decision(None, _source_refused(stack, device, packet, None, broadcast=True))
    result = stack.fib[4].lookup(query_in(stack, device, packet))
    if not result.found:
        return Decision(result)
    match result.type:
        case RouteType.BROADCAST:
            if _conf(stack, device, "bc_forwarding", both=True):
                return Decision(result, "bc_forwarding is on: broadcasts that are forwarded are not modelled")
            return Decision(result, _source_refused(stack, device, packet, None, broadcast=True))
        case RouteType.LOCAL:
            return Decision(result, _source_refused(stack, device, packet, None))
        case RouteType.UNICAST:
            return Decision(result, _source_refused(stack, device, packet, result.device))
        case _:
            return Decision(result, f"martian destination: {packet.dst} is a {result.type.value} address in the routing tables")


def _martian4(stack: Stack, device: str, packet: Packet) -> str:
    """Sources and destinations that are refused before any route is looked at."""
    source, destination = packet.src, packet.dst
    if source.is_multicast or source == _ALL_ONES:
        return f"martian source {source}"
    if destination == _ALL_ONES or (int(source) == 0 and int(destination) == 0):
        return ""
    if int(source) == 0:
        return f"martian source {source}"
    if int(destination) == 0:
        return f"martian destination {destination}"
    if device == "lo" or stack.flag(4, "route_localnet", device) == 1:
        return ""
    if destination.is_loopback:
        return f"martian destination: {destination} from a wire (route_localnet is 0 on {device})"
    if source.is_loopback:
        return f"martian source: {source} from a wire (route_localnet is 0 on {device})"
    return ""


def multicast_refused4(stack: Stack, device: str, packet: Packet) -> str:
    """ip_mc_validate_source: why a multicast packet is dropped for its source, or ""."""
    source = packet.src
    if source.is_multicast or source == _ALL_ONES:
        return f"martian source {source}"
    if device == "lo":
        return ""
    if source.is_loopback and stack.flag(4, "route_localnet", device) != 1:
        return f"martian source: {source} from a wire (route_localnet is 0 on {device})"
    if int(source) == 0:
        local_group = int(packet.dst) >> 8 == 0xE00000
        return "" if local_group or packet.protocol == 2 else f"martian source {source}"
    return _source_refused(stack, device, packet, None, broadcast=True)


def is_of_routers(group: IPAddress) -> bool:
    """All-routers groups, which the kernel joins where it forwards (dev_forward_change)."""
    return str(group) in ("ff01::2", "ff02::2", "ff05::2")


def joined(stack: Stack, device: str, group: IPAddress) -> bool | None:
    """Whether an interface has joined a group; None where that was not captured and the kernel does not join it by itself."""
    interface = stack.interface(device)
    if interface is not None and interface.groups is not None:
        return group in interface.groups
    if str(group) in ("224.0.0.1", "ff02::1", "ff01::1"):
        return True
    if is_of_routers(group) and stack.flag(6, "forwarding", device, combine="own") == 1:
        return True  # dev_forward_change
    asked = int(group) & 0xFFFFFF
    solicited = group.version == 6 and int(group) >> 24 == int(IPv6Address("ff02::1:ff00:0")) >> 24
    if solicited and interface is not None and any(a.family == 6 and int(a.local) & 0xFFFFFF == asked for a in interface.addresses):
        return True
    return None


def _source_refused(stack: Stack, device: str, packet: Packet, out: str | None, broadcast: bool = False) -> str:
    """fib_validate_source: rp_filter, and sources that are the host's own. "" where the source may pass."""
    if device == "lo" or (broadcast and int(packet.src) == 0):
        return ""
    mode = stack.flag(4, "rp_filter", device, combine="max")
    fib = stack.fib[4]
    if mode == 0 and not fib.has_tclassid and (device != out or not _conf(stack, device, "send_redirects", both=True, default=1)):
        if stack.flag(4, "accept_local", device) == 1:
            return ""
        if not fib.custom_local_routes and not fib.custom_rules:
            own = stack.owner(packet.src) is not None
            return f"martian source: {packet.src} is this host's own address (accept_local is 0)" if own else ""
    return _way_back_refused(stack, device, packet, out, mode, broadcast)


def _way_back_refused(stack: Stack, device: str, packet: Packet, out: str | None, mode: int, broadcast: bool) -> str:
    """__fib_validate_source: the way back to the source is looked up."""
    back = stack.fib[4].lookup(_query_back(stack, device, packet, out, broadcast))
    interface = stack.interface(device)
    if not back.found:
        what = f"{back.type.value}" if back.route is not None or back.rule is not None else "missing"
        return f"rp_filter {mode} on {device}: the way back to {packet.src} is {what}" if mode else ""
    if back.type is not RouteType.UNICAST and not (back.type is RouteType.LOCAL and stack.flag(4, "accept_local", device) == 1):
        return f"martian source: {packet.src} is a {back.type.value} address here" + (
            " (accept_local is 0)" if back.type is RouteType.LOCAL else "")
    hops = back.route.nexthops if back.route is not None else ()
    if any(device in (hop.device, stack.fib[4].l3_master(hop.device)) for hop in hops):
        return ""
    if interface is not None and not any(held.family == 4 for held in interface.addresses):
        return f"rp_filter {mode} on {device}: it has no IPv4 address, and the way back to {packet.src} is by {back.device}" if mode else ""
    return f"rp_filter 1 on {device}: the way back to {packet.src} is by {back.device}" if mode == 1 else ""


def _query_back(stack: Stack, device: str, packet: Packet, out: str | None, broadcast: bool) -> Query:
    """The key of the way back. Protocol and ports (turned round) count only where some rule asks for them."""
    mark = packet.mark if stack.flag(4, "src_valid_mark", device) else 0
    toward = IPv4Address(0) if broadcast else packet.dst
    asks = stack.fib[4].asks_ports
    return Query(packet.src, toward, out, None, mark, packet.tos, packet.protocol if asks else None, packet.dport if asks else None,
                 packet.sport if asks else None, KERNEL_UID, domain=stack.fib[4].l3_master(device))


def _conf(stack: Stack, device: str, name: str, both: bool = False, default: int = 0) -> bool:
    return stack.flag(4, name, device, default, "or" if both else "own") == 1


# -- IPv6 -------------------------------------------------------------------------------------------------------------


def early6(stack: Stack, device: str, packet: Packet) -> str:
    """Why ip6_rcv_core drops a packet before any hook, or ""."""
    source, destination = packet.src, packet.dst
    assert isinstance(source, IPv6Address)
    assert isinstance(destination, IPv6Address)
    loopback = device == "lo"
    if stack.flag(6, "disable_ipv6", device, combine="own") == 1:
        return f"IPv6 is disabled on {device} (disable_ipv6)"
    if (destination.is_loopback or source.is_loopback) and not loopback:
        return "::1 never comes from a wire"
    if destination.is_multicast and destination.packed[1] & 15 == 1 and not loopback:
        return f"{destination} is of interface scope, and never comes from a wire"
    if destination.is_multicast and destination.packed[1] & 15 == 0:
        return f"{destination} is of scope 0, which is reserved"
    if source.is_multicast:
        return "an IPv6 source address can't be a multicast address"
    options = stack.setting("net.ipv6.max_hbh_opts_number")
    return refused(packet, 8 if options is None else options) or ""


def _route_input6(stack: Stack, device: str, packet: Packet) -> Decision:
    return Decision(stack.fib[6].lookup(query_in(stack, device, packet)))
