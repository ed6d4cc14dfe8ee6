"""Routing: policy rules choose tables, the longest prefix chooses the route (fib_rules.c, fib_trie.c, ip6_fib.c)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from snapshot.host import Namespace
from snapshot.host.link import Interface, IPAddress, IPNetwork
from snapshot.host.routing import (
    TABLE_LOCAL,
    NextHop,
    PolicyRule,
    Route,
    RouteType,
    default_rules,
)

_FATAL = {RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT}
_RULE_FATAL = {"blackhole": RouteType.BLACKHOLE, "unreachable": RouteType.UNREACHABLE, "prohibit": RouteType.PROHIBIT}


@dataclass(frozen=True, slots=True)
class Query:
    """What a lookup is asked (struct flowi). Interfaces None: not given; `incoming` None means locally generated (iif lo)."""

    destination: IPAddress
    source: IPAddress | None = None
    incoming: str | None = None
    outgoing: str | None = None
    mark: int = 0
    tos: int = 0
    protocol: int | None = None
    sport: int | None = None
    dport: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The route chosen. `type` is the route's (or UNREACHABLE without one, then `route` is None)."""

    type: RouteType
    route: Route | None
    nexthop: NextHop | None
    rule: PolicyRule | None = None
    doubts: tuple[str, ...] = ()

    @property
    def device(self) -> str | None:
        """The outgoing interface."""
        return self.nexthop.device if self.nexthop else None


class _Table:
    """One routing table: routes by prefix length, the longest first; within a prefix by TOS, then metric."""

    def __init__(self) -> None:
        self.by_length: dict[int, dict[int, list[Route]]] = {}
        self.lengths: list[int] = []

    def add(self, route: Route) -> None:
        length = route.destination.prefixlen
        bucket = self.by_length.setdefault(length, {})
        bucket.setdefault(int(route.destination.network_address), []).append(route)

    def finish(self) -> None:
        self.lengths = sorted(self.by_length, reverse=True)
        for bucket in self.by_length.values():
            for routes in bucket.values():
                routes.sort(key=lambda r: (-r.tos, r.metric))

    def matching(self, address: IPAddress) -> Iterable[Route]:
        """Routes whose prefix holds the address, the longest first."""
        bits, value = address.max_prefixlen, int(address)
        for length in self.lengths:
            key = value >> (bits - length) << (bits - length) if length else 0
            yield from self.by_length[length].get(key, ())


class Fib:
    """All routing of one family in one namespace.

    Where routes were not captured, connected and local routes are made from the addresses (`invented` is then true).
    """

    def __init__(self, namespace: Namespace, family: int) -> None:
        self.family = family
        self.namespace = namespace
        routes = namespace.routes4 if family == 4 else namespace.routes6
        rules = namespace.rules4 if family == 4 else namespace.rules6
        self.invented = routes is None
        self.rules_captured = rules is not None
        self.rules = tuple(sorted(rules if rules else default_rules(family), key=lambda r: r.priority))
        plain = {(r.priority, r.table) for r in default_rules(family)}
        self.custom_rules = any((r.priority, r.table) not in plain or r.source or r.destination or r.mark is not None
                                for r in self.rules)
        self.tables: dict[int, _Table] = {}
        self.has_tclassid = any(r.realm for r in routes or ())
        for route in [*(routes or ()), *self._implied(routes)]:
            self.tables.setdefault(route.table, _Table()).add(route)
        for table in self.tables.values():
            table.finish()

    def _implied(self, routes: tuple[Route, ...] | None) -> list[Route]:
        """Local routes (and, with no routes at all, connected ones) that follow from the addresses."""
        have_local = any(r.table == TABLE_LOCAL for r in routes or ())
        made: list[Route] = []
        for interface in self.namespace.interfaces.values():
            for address in interface.addresses:
                if address.family != self.family:
                    continue
                if not have_local:
                    made += _local_routes(interface, address.local, address.network, self.family)
                if routes is None and address.network.prefixlen < address.local.max_prefixlen and interface.up:
                    made.append(Route(address.network, nexthops=(NextHop(interface.name),), scope="link",
                                      text=f"{address.network} dev {interface.name} (from its address)"))
        if not have_local and self.family == 4:
            loopback = IPv4Network("127.0.0.0/8")
            made.append(Route(loopback, RouteType.LOCAL, TABLE_LOCAL, (NextHop("lo"),), text="local 127.0.0.0/8 dev lo"))
        return made

    def lookup(self, query: Query, ignore_dead: bool = True) -> Result:
        """The route for a packet (fib_lookup, fib6_rule_lookup). Without any: type UNREACHABLE, route None."""
        position = 0
        doubts: tuple[str, ...] = ()
        while position < len(self.rules):
            rule = self.rules[position]
            position += 1
            applies, doubt = _applies(rule, query)
            if doubt:
                doubts = (*doubts, doubt)
            if not applies:
                continue
            if rule.action == "goto" and rule.goto_priority is not None:
                position = next((i for i, r in enumerate(self.rules) if r.priority >= (rule.goto_priority or 0)),
                                len(self.rules))
                continue
            if rule.action in _RULE_FATAL:
                return Result(_RULE_FATAL[rule.action], None, None, rule, doubts)
            found = self._table_lookup(rule, query)
            if found is not None:
                return replace(found, rule=rule, doubts=doubts + found.doubts)
        return Result(RouteType.UNREACHABLE, None, None, None, doubts)

    def _table_of(self, rule: PolicyRule, query: Query) -> int | None:
        if not rule.l3mdev:
            return rule.table
        for name in (query.outgoing, query.incoming):
            interface = self.namespace.interfaces.get(name or "")
            if interface is None:
                continue
            vrf = interface if interface.vrf_table else self.namespace.interfaces.get(interface.master or "")
            if vrf is not None and vrf.vrf_table:
                return vrf.vrf_table
        return None

    def _table_lookup(self, rule: PolicyRule, query: Query) -> Result | None:
        number = self._table_of(rule, query)
        table = self.tables.get(number if number is not None else -1)
        if table is None:
            return None
        for route in table.matching(query.destination):
            if self.family == 4 and route.tos and route.tos != (query.tos & 0x1C):
                continue
            if route.source is not None and (query.source is None or query.source not in route.source):
                continue
            if route.type is RouteType.THROW:
                return None
            if route.type in _FATAL:
                return Result(route.type, route, None)
            if "dead" in route.flags:
                continue
            usable = [hop for hop in route.nexthops if self._usable(hop, query)]
            if not usable:
                continue
            if rule.suppress_prefix_length is not None and route.destination.prefixlen <= rule.suppress_prefix_length:
                return None
            doubts: tuple[str, ...] = ()
            if len(usable) > 1:
                total = sum(hop.weight for hop in usable)
                ways = ", ".join(f"{hop.device} {hop.weight}/{total}" for hop in usable)
                doubts = (f"several next hops ({ways}): which one a flow takes is the kernel's hash",)
            return Result(route.type, route, usable[0], doubts=doubts)
        return None

    def _usable(self, hop: NextHop, query: Query) -> bool:
        if "dead" in hop.flags:
            return False
        interface = self.namespace.interfaces.get(hop.device or "")
        if "linkdown" in hop.flags and self._ignores_linkdown(hop.device):
            return False
        if interface is not None and interface.flags and not interface.up:
            return False
        return query.outgoing is None or hop.device == query.outgoing

    def _ignores_linkdown(self, device: str | None) -> bool:
        base = f"net.ipv{self.family}.conf"
        return any(self.namespace.sysctl(f"{base}.{name}.ignore_routes_with_linkdown") == "1" for name in (device, "all"))

    def type_of(self, address: IPAddress, device: str | None = None) -> RouteType:
        """What kind of address this is to the host (inet_addr_type: the local table only, so that all else is unicast)."""
        if isinstance(address, IPv4Address):
            if address.is_multicast:
                return RouteType.MULTICAST
            if int(address) in (0, 0xFFFFFFFF):
                return RouteType.BROADCAST
        elif address.is_multicast:
            return RouteType.MULTICAST
        table = self.tables.get(TABLE_LOCAL)
        for route in table.matching(address) if table else ():
            if device is None or any(hop.device == device for hop in route.nexthops):
                return route.type
        return RouteType.UNICAST

    def local_interface(self, address: IPAddress) -> str | None:
        """The interface whose address this is."""
        owner = self.namespace.owner(address)
        return owner.name if owner else None


def _local_routes(interface: Interface, local: IPAddress, network: IPNetwork, family: int) -> list[Route]:
    own: IPNetwork = IPv4Network(int(local)) if isinstance(local, IPv4Address) else IPv6Network(int(local))
    hop = (NextHop(interface.name),)
    made = [Route(own, RouteType.LOCAL, TABLE_LOCAL, hop, scope="host", text=f"local {local} dev {interface.name}")]
    if family == 4 and network.prefixlen < 31 and "BROADCAST" in interface.flags:
        last = IPv4Network(int(network.broadcast_address))
        made.append(Route(last, RouteType.BROADCAST, TABLE_LOCAL, hop, scope="link",
                          text=f"broadcast {network.broadcast_address} dev {interface.name}"))
    return made


def _applies(rule: PolicyRule, query: Query) -> tuple[bool, str]:
    """Whether a policy rule applies, and a doubt where that can't be known (fib_rule_match, fib4_rule_match)."""
    doubt = ""
    matched = True
    incoming = query.incoming if query.incoming is not None else "lo"
    if rule.in_interface is not None and rule.in_interface != incoming:
        matched = False
    if rule.out_interface is not None and rule.out_interface != query.outgoing:
        matched = False
    if rule.mark is not None and (rule.mark ^ query.mark) & rule.mark_mask:
        matched = False
    if rule.source is not None and (query.source is None or query.source not in rule.source):
        matched = matched and rule.source.prefixlen == 0
    if rule.destination is not None and query.destination not in rule.destination:
        matched = False
    if rule.tos is not None and rule.tos != (query.tos & 0xFC):
        matched = False
    if rule.protocol is not None and rule.protocol != query.protocol:
        matched = False
    for ports, port in ((rule.source_ports, query.sport), (rule.destination_ports, query.dport)):
        if ports is not None and (port is None or not ports[0] <= port <= ports[1]):
            matched = False
    if matched and rule.uid_range is not None:
        if query.incoming is not None:
            matched = False
        else:
            doubt, matched = f"ip rule {rule.text!r} asks for the sender's uid, which no snapshot holds", False
    if matched and rule.unknown:
        doubt, matched = f"ip rule {rule.text!r}: {', '.join(rule.unknown)} is not understood", False
    return matched != rule.negated, doubt


def select_source(namespace: Namespace, device: str, toward: IPAddress | None) -> IPAddress | None:
    """The address that `device` lends to packets for `toward` (inet_select_addr; for IPv6 a short form of RFC 6724).

    IPv4: the first primary address whose subnet holds `toward`, else the first primary of global scope, else one of another
    interface.
    """
    interface = namespace.interfaces.get(device)
    family = toward.version if toward is not None else 4
    if family == 6:
        return _select_source6(namespace, device, toward)
    fallback: IPAddress | None = None
    for held in interface.addresses if interface else ():
        if held.family != 4 or held.secondary or held.scope not in ("global", "site", "link"):
            continue
        if held.scope == "link" and toward is None:
            continue
        if toward is not None and toward in held.network:
            return held.local
        if fallback is None:
            fallback = held.local
    if fallback is not None:
        return fallback
    for other in namespace.interfaces.values():
        for held in other.addresses:
            if held.family == 4 and held.scope == "global" and not held.secondary:
                return held.local
    return None


# Labels of RFC 6724 as the kernel has them (ip6addrlbl_init_table); the longest prefix decides
_LABELS = tuple((IPv6Network(prefix), label) for prefix, label in (
    ("::1/128", 0), ("2001:10::/28", 7), ("::ffff:0:0/96", 4), ("::/96", 3), ("2001::/32", 6), ("2002::/16", 2), ("fec0::/10", 11),
    ("3ffe::/16", 12), ("fc00::/7", 5), ("::/0", 1)))


def _label(address: IPv6Address) -> int:
    return next(label for prefix, label in _LABELS if address in prefix)


def _scope6(address: IPv6Address) -> int:
    """The scope by RFC 4007's numbers (__ipv6_addr_type)."""
    if address.is_multicast:
        return int(address) >> 112 & 0xF
    return 2 if address.is_link_local or address.is_loopback else 5 if address.is_site_local else 14


def _select_source6(namespace: Namespace, device: str, toward: IPAddress | None) -> IPAddress | None:
    """ipv6_dev_get_saddr: the rules of RFC 6724 over the addresses of every interface, those of `device` first where all else is equal.

    Among equals the first in the interface's list wins, which is the order that `ip addr` prints.
    """
    if not isinstance(toward, IPv6Address):
        return None
    wide = not toward.is_multicast and _scope6(toward) > 2
    best: tuple[tuple[int, ...], IPAddress] | None = None
    for interface in namespace.interfaces.values():
        if interface.name != device and not wide:
            continue
        for held in interface.addresses:
            if not isinstance(held.local, IPv6Address) or {"tentative", "dadfailed"} & held.flags:
                continue
            rank = _rank6(held.local, held.network.prefixlen, "deprecated" not in held.flags, interface.name == device, toward)
            if best is None or rank > best[0]:
                best = rank, held.local
    return best[1] if best is not None else None


def _rank6(address: IPv6Address, length: int, preferred: bool, leaving: bool, toward: IPv6Address) -> tuple[int, ...]:
    """ipv6_get_saddr_eval: same address, scope, not deprecated, outgoing interface, label, longest common prefix."""
    scope = _scope6(address)
    common = min(length, 128 - (int(address) ^ int(toward)).bit_length())
    return (address == toward, -scope if scope >= _scope6(toward) else scope - 128, preferred, leaving, _label(address) == _label(toward), common)
