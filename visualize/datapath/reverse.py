"""The way back to a packet's source, as `-m rpfilter` looks for it (ipt_rpfilter.c, ip6t_rpfilter.c). Routing's own rp_filter is elsewhere."""

from ipaddress import IPv4Address

from snapshot.host.link import IPAddress
from snapshot.host.routing import RouteType
from visualize.datapath.routing import Fib, Query, Result
from visualize.packet.packet import Packet


def way_back(fib: Fib, packet: Packet, in_interface: str, mark: int, loose: bool, accept_local: bool) -> bool:
    """Whether the way to the source leads out of `in_interface`; with `loose`, whether there is one."""
    query = Query(packet.src, _asked_from(packet.dst), "lo", None, mark, packet.tos, packet.protocol)
    if packet.family == 6:
        return _way_back6(fib, query, in_interface, loose, accept_local)
    found = fib.lookup(query)
    if found.type is not RouteType.UNICAST and not (found.type is RouteType.LOCAL and accept_local):
        return False
    return loose or any(hop.device == in_interface for hop in (found.route.nexthops if found.route else ()))


def _asked_from(destination: IPAddress) -> IPAddress | None:
    """The source of the lookup (rpfilter_get_saddr, rpfilter_addr_unicast): the packet's destination, if it is one machine's."""
    if isinstance(destination, IPv4Address):
        one = not (destination.is_multicast or destination.packed[0] == 0 or int(destination) == 0xFFFFFFFF)
    else:
        one = not (destination.is_multicast or int(destination) == 0)
    return destination if one else None


def _way_back6(fib: Fib, query: Query, in_interface: str, loose: bool, accept_local: bool) -> bool:
    link_local = query.destination.is_link_local
    found = fib.lookup(Query(query.destination, query.source, "lo", in_interface if link_local else None, query.mark, query.tos, query.protocol))
    if found.type is RouteType.LOCAL:
        return accept_local
    if found.type is not RouteType.UNICAST:
        return False
    return loose or found.device == in_interface or _beside(fib, found, in_interface)


def _beside(fib: Fib, found: Result, in_interface: str) -> bool:
    """A route to the same prefix leads out of `in_interface` (rt6_device_match looks at all of them, whatever their metric)."""
    if found.route is None:
        return False
    routes = fib.tables[found.route.table].beside(found.route)
    return any(hop.device == in_interface for route in routes for hop in route.nexthops)
