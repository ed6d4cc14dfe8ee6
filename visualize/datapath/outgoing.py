"""What routing makes of a packet of the host's own (ip_route_output_key_hash_rcu, ip6_route_output)."""

from dataclasses import replace
from ipaddress import IPv4Address

from snapshot.host.link import IPAddress
from snapshot.host.routing import NextHop, RouteType
from visualize.datapath.incoming import Decision
from visualize.datapath.routing import Query, Result
from visualize.datapath.source import lent_source, select_source
from visualize.datapath.stack import Stack

_ALL_ONES = IPv4Address("255.255.255.255")


def route_output(stack: Stack, query: Query, any_source: bool = True) -> Decision:
    """The decision for a packet sent here. `any_source`: the sender may use addresses that are not the host's (IP_TRANSPARENT)."""
    if query.destination.version == 6:
        result = stack.fib[6].lookup(query)
        return Decision(result, _no_way(result, query), query.source or lent_source(stack.namespace, result, query.destination))
    return _route_output4(stack, query, any_source)


def _route_output4(stack: Stack, query: Query, any_source: bool) -> Decision:
    source, destination = query.source, query.destination
    if source is not None and int(source) != 0:
        if source.is_multicast or source == _ALL_ONES:
            return Decision(None, f"{source} can't be a source address")
        owner = _owner(stack, source)
        if query.outgoing is None and (destination.is_multicast or destination == _ALL_ONES):
            if owner is None:
                return Decision(None, f"{source} is no address of this host: nothing tells which interface {destination} is meant for")
            return _made(stack, _of_owners(stack, source, owner), query)
        if owner is None and not any_source:
            return Decision(None, f"{source} is no address of this host")
    if query.outgoing is not None:
        interface = stack.interface(query.outgoing)
        if interface is not None and interface.flags and not interface.up:
            return Decision(None, f"{query.outgoing} is down")
        if int(destination) >> 8 == 0xE00000 or destination == _ALL_ONES or query.protocol == 2:
            return _made(stack, _on_link(query.outgoing), query)
        if source is None and destination.is_multicast:
            query = replace(query, source=select_source(stack.namespace, query.outgoing, None))
    if int(destination) == 0:
        lent = select_source(stack.namespace, query.outgoing, None, "host") if query.outgoing is not None else None
        own = source if source is not None and int(source) else lent or IPv4Address("127.0.0.1")
        return replace(_made(stack, Result(RouteType.LOCAL, None, NextHop("lo")), replace(query, destination=own, source=own)), source=own)
    result = stack.fib[4].lookup(query)
    if not result.found and query.outgoing is not None and (destination.is_multicast or stack.fib[4].l3_master(query.outgoing) is None):
        result = _on_link(query.outgoing)  # "apparently, routing tables are wrong: assume that it is on-link"
    return _made(stack, result, query)


def _on_link(device: str) -> Result:
    return Result(RouteType.UNICAST, None, NextHop(device))


def _owner(stack: Stack, address: IPAddress) -> str | None:
    """__ip_dev_find: the interface that holds the address, else the one that a local route names."""
    owner = stack.owner(address)
    if owner is not None:
        return owner.name
    local = stack.fib[4].local(address)
    return local.device if local is not None and local.type is RouteType.LOCAL else None


def _of_owners(stack: Stack, source: IPAddress, first: str) -> Result:
    """Through the interface that holds the source address; of several, the one that got it last (inet_hash_insert)."""
    names = [i.name for i in stack.namespace.interfaces.values() if any(held.local == source for held in i.addresses)]
    if len(names) < 2:
        return _on_link(first)
    return replace(_on_link(names[-1]), doubts=(f"{source} stands on {', '.join(names)}: the kernel takes the one that got it last",))


def _made(stack: Stack, result: Result, query: Query) -> Decision:
    """__mkroute_output: broadcasts and multicasts are called by their name, 127.0.0.0/8 stays in."""
    refused = _no_way(result, query)
    if refused:
        return Decision(result, refused)
    out = out_device(stack, result)
    if query.source is not None and query.source.is_loopback and out != "lo" and stack.flag(4, "route_localnet", out) != 1:
        return Decision(result, f"{query.source} can't leave by {out} (route_localnet is 0)")
    decision = Decision(result, source=query.source or lent_source(stack.namespace, result, query.destination))
    if query.destination == _ALL_ONES or result.type is RouteType.BROADCAST:
        return replace(decision, result=replace(result, type=RouteType.BROADCAST, nexthop=_without_gateway(result)))
    if query.destination.is_multicast:
        broad = result.route is None or result.route.destination.prefixlen < 4
        return replace(decision, result=replace(result, type=RouteType.MULTICAST, nexthop=_without_gateway(result) if broad else result.nexthop))
    return decision


def _without_gateway(result: Result) -> NextHop:
    """Broadcasts, and multicasts of a default route, are meant for the link itself."""
    return NextHop(result.device)


def _no_way(result: Result, query: Query) -> str:
    if result.found:
        return ""
    what = result.type.value + " route" if result.route is not None or result.rule is not None else "no route"
    return f"{what} to {query.destination}: the sending process gets an error"


def out_device(stack: Stack, result: Result) -> str:
    """The interface that a packet leaves by: `lo` (the VRF device in a VRF) for what is local, and for the kernel's own anycast."""
    anycast = result.type is RouteType.ANYCAST and result.route is not None and result.route.protocol == "kernel"
    if result.type is not RouteType.LOCAL and not anycast:
        return result.device or ""
    return stack.fib[4].l3_master(result.device) or "lo"
