"""One routing table: which of its routes a packet finds (fib_table_lookup for IPv4, fib6_table_lookup for IPv6).

Nothing here knows of policy rules; what may be used of a route (dead next hops, interfaces asked for) is asked through `Way`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

from snapshot.host.link import IPAddress
from snapshot.host.quick import quick
from snapshot.host.routing import NextHop, Route, RouteType

FATAL = frozenset({RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT})
_PREFERENCE = {"low": 1, "medium": 2, "high": 3}  # IPV6_DECODE_PREF


@quick
@dataclass(frozen=True, slots=True)
class Found:
    """A route of the table and the next hops that may carry the packet; none for a route that refuses it (blackhole, throw, ...)."""

    route: Route
    nexthops: tuple[NextHop, ...] = ()
    rivals: tuple[Route, ...] = ()  # IPv4: default routes of the same metric, among which the kernel picks by who answers
    passed_over: tuple[NextHop, ...] = ()  # IPv6: next hops left out because their neighbour did not answer


@quick
@dataclass(frozen=True, slots=True)
class Way:
    """What a lookup asks of next hops: `usable` (not dead, not ignored), `device` (flowi_oif), `answers` (the neighbour's state)."""

    source: IPAddress | None
    tos: int
    usable: Callable[[NextHop], bool]
    device: str | None = None
    strict: bool = False  # IPv6: RT6_LOOKUP_F_IFACE, the device must agree
    reachable: bool = False  # IPv6: RT6_LOOKUP_F_REACHABLE, of a host that does not forward
    answers: Callable[[NextHop], bool] = lambda hop: True


class Table:
    """Routes by prefix length, the longest first."""

    def __init__(self) -> None:
        self._by_length: dict[int, dict[int, list[Route]]] = {}
        self._lengths: list[int] = []

    def add(self, route: Route) -> None:
        """Put a route in; `finish` must follow."""
        bucket = self._by_length.setdefault(route.destination.prefixlen, {})
        bucket.setdefault(int(route.destination.network_address), []).append(route)

    def finish(self) -> None:
        """Sort: within a prefix as the kernel keeps its lists, and as it prints them where nothing else decides."""
        self._lengths = sorted(self._by_length, reverse=True)
        for bucket in self._by_length.values():
            for routes in bucket.values():
                if len(routes) > 1:
                    routes.sort(key=_order)

    def prefixes(self, address: IPAddress) -> Iterator[list[Route]]:
        """The routes of each prefix that holds the address, the longest prefix first."""
        bits, value = address.max_prefixlen, int(address)
        for length in self._lengths:
            found = self._by_length[length].get(value >> (bits - length) << (bits - length) if length else 0)
            if found is not None:
                yield found

    def beside(self, route: Route) -> list[Route]:
        """All routes to a route's prefix."""
        return self._by_length[route.destination.prefixlen][int(route.destination.network_address)]

    def lookup(self, address: IPAddress, way: Way) -> Found | None:
        """The route for an address, None where the table has none."""
        return _lookup6(self, address, way) if isinstance(address, IPv6Address) else _lookup4(self, address, way)


def _order(route: Route) -> tuple[int, ...]:
    """fib_find_alias (the local table first where it is merged with main) and fib6_add_rt2node; the sort is stable."""
    if route.destination.version == 6:
        return (-(route.source.prefixlen if route.source is not None else 0), route.metric)
    return (-route.table, -route.tos, route.metric)


def _lookup4(table: Table, address: IPAddress, way: Way) -> Found | None:
    """fib_table_lookup. A next hop object that can't be used ends the search in its leaf: routes of the same first address are left out."""
    left_out: set[int] = set()
    for routes in table.prefixes(address):
        for position, route in enumerate(routes):
            if int(route.destination.network_address) in left_out:
                break
            if route.tos and route.tos != way.tos & 0x1C:
                continue
            if route.type in FATAL or route.type is RouteType.THROW:
                return Found(route)
            usable = tuple(hop for hop in route.nexthops if way.usable(hop) and (way.device is None or hop.device == way.device))
            if usable and "dead" not in route.flags:
                return Found(route, usable, _rivals(route, routes[position + 1:], way))
            if route.nexthop_id is not None:
                left_out.add(int(route.destination.network_address))
                break
    return None


def _rivals(route: Route, others: Iterable[Route], way: Way) -> tuple[Route, ...]:
    """fib_select_default: default routes through other gateways, of the same table, TOS and metric."""
    if route.destination.prefixlen or route.type is not RouteType.UNICAST or len(route.nexthops) > 1:
        return ()
    return tuple(other for other in others if (other.table, other.tos, other.metric, other.type) == (
        route.table, route.tos, route.metric, route.type) and any(hop.gateway is not None and way.usable(hop) for hop in other.nexthops))


def _lookup6(table: Table, address: IPAddress, way: Way) -> Found | None:
    """fib6_table_lookup: node by node upwards; where nobody answers (a host, no router), once more without asking who answers."""
    for reachable in (True, False) if way.reachable else (False,):
        for node in _nodes(table, address, way.source):
            found = _select6(node, way, reachable)
            if found is not None:
                return found
    return None


def _nodes(table: Table, address: IPAddress, source: IPAddress | None) -> Iterator[list[Route]]:
    """fib6_node_lookup and fib6_backtrack: for each destination prefix, the longest source prefix (`from`) first.

    On the way down, a prefix that has `from` routes of which none fits the source is passed over whole, its plain routes too.
    """
    descending = True
    for routes in table.prefixes(address):
        nodes: list[list[Route]] = []
        for route in routes:
            if route.source is None or (source is not None and source in route.source):
                if not nodes or nodes[-1][0].source != route.source:
                    nodes.append([])
                nodes[-1].append(route)
        subtree = routes[0].source is not None
        if not nodes or (descending and subtree and nodes[0][0].source is None and routes[0].destination.prefixlen):
            continue
        descending = False
        yield from nodes


def _select6(node: list[Route], way: Way, reachable: bool) -> Found | None:
    """rt6_select: the best score among the routes of the lowest metric; without any, among all the others."""
    metric = node[0].metric
    for routes in ([r for r in node if r.metric == metric], [r for r in node if r.metric != metric]):
        best: tuple[int, Route] | None = None
        silent: list[NextHop] = []
        for route in routes:
            if route.type is RouteType.BLACKHOLE and route.nexthop_id is not None:
                return Found(route)
            score = _score6(route, way, reachable, silent)
            if score is not None and (best is None or score > best[0]):
                best = (score, route)
        if best is not None:
            return _found6(best[1], way, tuple(silent))
    return None


def _found6(route: Route, way: Way, silent: tuple[NextHop, ...]) -> Found:
    if route.type in FATAL or route.type is RouteType.THROW:
        return Found(route, passed_over=silent)
    hops = tuple(hop for hop in route.nexthops if way.usable(hop) and not (way.strict and way.device not in (None, hop.device)))
    return Found(route, hops, passed_over=silent)


def _score6(route: Route, way: Way, reachable: bool, silent: list[NextHop]) -> int | None:
    """rt6_score_route: the interface asked for counts most but one, then the router preference. None: can't be used."""
    best: int | None = None
    for hop in route.nexthops or (NextHop("lo"),):
        if not way.usable(hop):
            continue
        agrees = way.device is None or hop.device == way.device
        if way.strict and not agrees:
            continue
        if reachable and hop.gateway is not None and not way.answers(hop):
            silent.append(hop)
            continue
        score = (2 if agrees else 0) | _PREFERENCE.get(route.preference, 2) << 2
        best = score if best is None or score > best else best
    return best
