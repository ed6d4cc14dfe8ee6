"""Routing: policy rules choose tables, tables choose routes (fib_rules_lookup, fib_lookup, fib6_rule_lookup)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from operator import attrgetter

from snapshot.host import Namespace
from snapshot.host.link import Interface, IPAddress, IPNetwork
from snapshot.host.quick import quick
from snapshot.host.routing import (
    TABLE_DEFAULT,
    TABLE_LOCAL,
    TABLE_MAIN,
    NextHop,
    PolicyRule,
    Route,
    RouteType,
    default_rules,
)
from visualize.datapath.fib import FATAL, Found, Table, Way
from visualize.datapath.lasting import lasting

_RULE_FATAL = {"blackhole": RouteType.BLACKHOLE, "unreachable": RouteType.UNREACHABLE, "prohibit": RouteType.PROHIBIT}
_VALID = {"PERMANENT", "NOARP", "REACHABLE", "PROBE", "STALE", "DELAY"}
_MOST = 65536  # answers kept
KERNEL_UID = 0  # packets from a wire, and the kernel's own, are looked up as root's (sock_net_uid)


@quick
@dataclass(frozen=True, slots=True)
class Query:
    """What a lookup is asked (struct flowi). Interfaces None: not given; `incoming` None means locally generated (iif lo).

    `uid` None: not known (a process that no snapshot tells). `bound`: the sender's socket is bound to `outgoing`.
    """

    destination: IPAddress
    source: IPAddress | None = None
    incoming: str | None = None
    outgoing: str | None = None
    mark: int = 0
    tos: int = 0
    protocol: int | None = None
    sport: int | None = None
    dport: int | None = None
    uid: int | None = None
    bound: bool = False
    domain: str | None = None  # the VRF, where it is known beforehand (flowi_l3mdev)


@quick
@dataclass(frozen=True, slots=True)
class Result:
    """The route chosen. `type` is the route's (or UNREACHABLE without one, then `route` is None)."""

    type: RouteType
    route: Route | None
    nexthop: NextHop | None
    rule: PolicyRule | None = None
    doubts: tuple[str, ...] = ()
    nexthops: tuple[NextHop, ...] = ()  # all that may carry it, of a multipath route

    @property
    def device(self) -> str | None:
        """The outgoing interface."""
        return self.nexthop.device if self.nexthop else None

    @property
    def found(self) -> bool:
        """fib_lookup returned 0: there is a way, be it to the host itself."""
        return self.nexthop is not None

    @property
    def same(self) -> tuple[object, ...]:
        """What two results must have in common to lead a packet the same way."""
        return (self.type, self.route, self.nexthop, self.nexthops)


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
        self.rules = tuple(sorted(rules if rules else default_rules(family), key=lambda r: r.priority))
        self.custom_rules = [_bare(r) for r in self.rules] != [_bare(r) for r in default_rules(family)]
        self.asks_ports = any(r.protocol is not None or r.source_ports is not None or r.destination_ports is not None for r in self.rules)
        self.unknown_hops = tuple(r.text for r in routes or () if r.nexthop_id is not None and not r.nexthops and r.type is RouteType.UNICAST)
        self.reads = _reads(self.rules if self.custom_rules else (), routes or ())
        self._by_source = family == 6 or self.custom_rules or "src" in self.reads
        self._others = attrgetter(*("mark", "tos", "uid", *(("protocol", "sport", "dport") if self.asks_ports else ())))
        self._known: dict[tuple[object, ...], Result] = {}
        self.has_tclassid = any(r.realm for r in routes or ())
        every = [*(routes or ()), *self._implied(routes)]
        self.custom_local_routes = any(r.type is RouteType.LOCAL and r.protocol not in (None, "kernel") for r in every)
        self.tables: dict[int, Table] = {}
        self._merged = Table()  # IPv4 without custom rules: local and main are one trie (fib_trie_table)
        for route in every:
            self.tables.setdefault(route.table, Table()).add(route)
            if route.table in (TABLE_LOCAL, TABLE_MAIN):
                self._merged.add(route)
        for table in (*self.tables.values(), self._merged):
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
                    made.append(Route(address.network, nexthops=(NextHop(interface.name),), scope="link", protocol="kernel",
                                      text=f"{address.network} dev {interface.name} (from its address)"))
        if not have_local and self.family == 4:
            loopback = IPv4Network("127.0.0.0/8")
            made.append(Route(loopback, RouteType.LOCAL, TABLE_LOCAL, (NextHop("lo"),), protocol="kernel", text="local 127.0.0.0/8 dev lo"))
        return made

    # -- rules ------------------------------------------------------------------------------------------------------------

    def lookup(self, query: Query, ignore_linkdown: bool = True) -> Result:
        """The route for a packet (fib_lookup, fib6_rule_lookup). Without any: type UNREACHABLE, route None.

        `ignore_linkdown` False is FIB_LOOKUP_IGNORE_LINKSTATE: routes without a carrier count, whatever the sysctl says.
        """
        key = self._asked(query, ignore_linkdown)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            flow = _Flow(query, *self._l3_domain(query), ignore_linkdown)
            known = self._known[key] = self._by_rules(0, flow) if self.custom_rules else self._plain(flow)
        return known

    def _asked(self, query: Query, ignore_linkdown: bool) -> tuple[object, ...]:
        """What of a query the rules and routes of this table can tell apart: queries that agree on it get one answer."""
        return (query.destination, query.source if self._by_source else query.source is None, query.incoming, query.outgoing, query.bound,
                query.domain, ignore_linkdown, *(self._others(query) if self.custom_rules else (query.tos,)))

    def _plain(self, flow: "_Flow") -> Result:
        """Without rules of anybody's own: IPv4 looks local and main up as one table, IPv6 one after the other."""
        tables = [self._merged, self.tables.get(TABLE_DEFAULT)] if self.family == 4 else [
            self.tables.get(TABLE_LOCAL), self.tables.get(TABLE_MAIN)]
        for table in tables:
            found = self._in_table(table, flow)
            if found is not None and found.type is not RouteType.THROW:
                assert found.route is not None
                rule = next((r for r in self.rules if r.table == found.route.table), None)
                return replace(found, rule=rule)
        return Result(RouteType.UNREACHABLE, None, None)

    def _by_rules(self, position: int, flow: "_Flow") -> Result:
        """fib_rules_lookup from a rule on. A rule that nobody can tell of is a doubt where it makes a difference."""
        while position < len(self.rules):
            rule = self.rules[position]
            position += 1
            applies, doubt = self._applies(rule, flow)
            if doubt:
                without = self._by_rules(position, flow)
                with_it = self._apply(rule, position, flow)
                with_it = with_it if isinstance(with_it, Result) else self._by_rules(with_it, flow)
                return without if without.same == with_it.same else replace(without, doubts=(doubt, *without.doubts))
            if applies:
                outcome = self._apply(rule, position, flow)
                if isinstance(outcome, Result):
                    return outcome
                position = outcome
        return Result(RouteType.UNREACHABLE, None, None)

    def _apply(self, rule: PolicyRule, position: int, flow: "_Flow") -> "Result | int":
        """What a rule that applies does: a result, or the position of the rule to go on with."""
        match rule.action:
            case "goto":
                target = next((i for i, r in enumerate(self.rules) if r.priority == rule.goto_priority), None)
                return target if target is not None and target >= position else position
            case "nop":
                return position
            case "blackhole" | "unreachable" | "prohibit":
                return Result(_RULE_FATAL[rule.action], None, None, rule)
            case _:
                number = self._vrf_table(flow.l3_master) if rule.l3mdev else rule.table
                found = self._in_table(self.tables.get(number if number is not None else -1), flow)
                if found is None or found.type is RouteType.THROW or self._suppressed(rule, found):
                    return position
                return replace(found, rule=rule)

    def _suppressed(self, rule: PolicyRule, result: Result) -> bool:
        """fib4_rule_suppress, fib6_rule_suppress: a result too broad, or through an interface of a group, counts as none."""
        if result.route is None or result.type in FATAL:
            return False
        if rule.suppress_prefix_length is not None and result.route.destination.prefixlen <= rule.suppress_prefix_length:
            return True
        first = result.route.nexthops[0].device if result.route.nexthops else None
        interface = self.namespace.interfaces.get(first or "")
        return rule.suppress_interface_group is not None and interface is not None and (
            _group(interface.group) == _group(rule.suppress_interface_group))

    def _applies(self, rule: PolicyRule, flow: "_Flow") -> tuple[bool, str]:
        """Whether a policy rule applies, and a doubt where that can't be known (fib_rule_match, fib4_rule_match, fib6_rule_match)."""
        query = flow.query
        matched = (self._interfaces_match(rule, flow) and _prefixes_match(rule, query) and self._tos_matches(rule, query)
                   and not (rule.mark is not None and (rule.mark ^ query.mark) & rule.mark_mask)
                   and not (rule.l3mdev and self._vrf_table(flow.l3_master) is None)
                   and (rule.protocol is None or rule.protocol == query.protocol)
                   and _port_matches(rule.source_ports, query.sport) and _port_matches(rule.destination_ports, query.dport))
        if not matched:
            return rule.negated, ""
        if rule.unknown:
            return False, f"ip rule {rule.text!r}: {', '.join(rule.unknown)} is not understood"
        if rule.uid_range is not None:
            uid = query.uid if query.incoming is None else KERNEL_UID
            if uid is None:
                return False, f"ip rule {rule.text!r} asks for the sender's uid, which no snapshot holds"
            matched = rule.uid_range[0] <= uid <= rule.uid_range[1]
        return matched != rule.negated, ""

    def _interfaces_match(self, rule: PolicyRule, flow: "_Flow") -> bool:
        incoming = flow.query.incoming if flow.query.incoming is not None else "lo"
        for wanted, held, through_domain in ((rule.in_interface, incoming, not flow.by_outgoing),
                                             (rule.out_interface, flow.query.outgoing, flow.by_outgoing)):
            if wanted is None:
                continue
            interface = self.namespace.interfaces.get(wanted)
            if interface is not None and interface.kind == "vrf":  # fib_rule_iif_match: a VRF stands for all of its domain
                if not (through_domain and flow.l3_master == wanted):
                    return False
            elif wanted != held:
                return False
        return True

    def _tos_matches(self, rule: PolicyRule, query: Query) -> bool:
        if rule.dscp is not None:
            return not (rule.dscp ^ (query.tos >> 2)) & rule.dscp_mask
        if not rule.tos:
            return True
        return rule.tos == query.tos & (0x1C if self.family == 4 else 0xFC)

    # -- layer 3 domains --------------------------------------------------------------------------------------------------

    def _l3_domain(self, query: Query) -> tuple[str | None, bool]:
        """l3mdev_update_flow: the VRF that the outgoing (else the incoming) interface belongs to, and whether the outgoing one told."""
        if query.outgoing is not None:
            return query.domain or self.l3_master(query.outgoing), query.domain is None
        if query.domain is not None:
            return query.domain, False
        incoming = query.incoming if query.incoming not in (None, "lo") else None
        return (self.l3_master(incoming) if incoming is not None else None), False

    @lasting
    def l3_master(self, name: str | None) -> str | None:
        """The VRF device of an interface (itself, where it is one)."""
        interface = self.namespace.interfaces.get(name or "")
        if interface is None or interface.kind == "vrf":
            return interface.name if interface is not None else None
        master = self.namespace.interfaces.get(interface.master or "")
        return master.name if master is not None and master.kind == "vrf" else None

    def _vrf_table(self, name: str | None) -> int | None:
        interface = self.namespace.interfaces.get(name or "")
        return interface.vrf_table if interface is not None else None

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _in_table(self, table: Table | None, flow: "_Flow") -> Result | None:
        """The route that one table has; a THROW is told as such, a missing one is None."""
        found = table.lookup(flow.query.destination, self._way(flow)) if table is not None else None
        if found is None:
            return None
        if found.route.type in FATAL or found.route.type is RouteType.THROW or not found.nexthops:
            return Result(found.route.type, found.route, None)
        hops = found.nexthops if flow.query.outgoing is None or self.family == 6 else found.nexthops[:1]
        hops, unsure = self._gateways(hops)
        doubts = (*_doubts(found, hops, flow.query), *((unsure,) if unsure else ()))
        return Result(found.route.type, found.route, hops[0], doubts=doubts, nexthops=hops)

    def _gateways(self, hops: tuple[NextHop, ...]) -> tuple[tuple[NextHop, ...], str]:
        """A gateway that is the host's own address is none: the destination is on the link (fib_check_nh_v4_gw, rt_set_nexthop).

        That was decided when the route was made, so a local route of somebody's own, perhaps younger, is a doubt.
        """
        found, doubt = [], ""
        for hop in hops:
            local = self._local_gateway(hop)
            if local is not None and local.protocol == "kernel":
                hop = replace(hop, gateway=None)
            elif local is not None:
                doubt = f"gateway {hop.gateway} lies in {local.text!r}: if that route is the older one, the gateway is not used"
            found.append(hop)
        return tuple(found), doubt

    def _local_gateway(self, hop: NextHop) -> Route | None:
        table = self.tables.get(TABLE_LOCAL)
        if hop.gateway is None or hop.gateway.version != 4 or "onlink" in hop.flags or table is None:
            return None
        found = table.lookup(hop.gateway, Way(None, 0, lambda other: True, hop.device))
        return found.route if found is not None and found.route.type is RouteType.LOCAL else None

    def _way(self, flow: "_Flow") -> Way:
        query = flow.query
        outgoing = query.outgoing if query.outgoing != flow.l3_master else None  # a VRF directs the lookup, it is no next hop's device
        if self.family == 4:
            return Way(query.source, query.tos, lambda hop: self._usable(hop, flow), outgoing)
        destination = query.destination
        strict = query.bound or destination.is_multicast or destination.is_link_local or destination.is_loopback or (
            outgoing is not None and query.source is None)
        device = outgoing if query.incoming is None else query.incoming
        return Way(query.source, query.tos, lambda hop: self._usable(hop, flow), device, strict,
                   self._conf("all", "forwarding") == 0, self._answers)

    def _usable(self, hop: NextHop, flow: "_Flow") -> bool:
        """fib_lookup_good_nhc, find_match: neither dead nor without a carrier where that counts."""
        if "dead" in hop.flags:
            return False
        if "linkdown" in hop.flags and flow.ignore_linkdown and self._ignores_linkdown(hop.device):
            return False
        interface = self.namespace.interfaces.get(hop.device or "")
        return interface is None or not interface.flags or interface.up

    def _ignores_linkdown(self, device: str | None) -> bool:
        return self._conf(device or "", "ignore_routes_with_linkdown") == 1

    def _conf(self, device: str, name: str) -> int | None:
        text = self.namespace.sysctl(f"net.ipv{self.family}.conf.{device.replace('.', '/')}.{name}")
        return int(text) if text is not None and text.isdigit() else None

    def _answers(self, hop: NextHop) -> bool:
        """rt6_check_neigh: false only for a neighbour that is known not to answer."""
        return not any(n.device == hop.device and n.address == hop.gateway and n.state == "FAILED" for n in self.namespace.neighbours or ())

    # -- addresses --------------------------------------------------------------------------------------------------------

    def type_of(self, address: IPAddress, device: str | None = None) -> RouteType:
        """What kind of address this is to the host (__inet_dev_addr_type): by the local table, which main is part of without custom rules."""
        if isinstance(address, IPv4Address):
            if address.is_multicast:
                return RouteType.MULTICAST
            if int(address) in (0, 0xFFFFFFFF):
                return RouteType.BROADCAST
        elif address.is_multicast:
            return RouteType.MULTICAST
        found = self.local(address)
        if found is None or not found.found or (device is not None and found.device != device):
            return RouteType.UNICAST
        return found.type

    @lasting
    def local(self, address: IPAddress) -> Result | None:
        """What the local table says of an address (IPv4 without custom rules: local and main as one)."""
        table = self._merged if self.family == 4 and not self.custom_rules else self.tables.get(TABLE_LOCAL)
        return self._in_table(table, _Flow(Query(address), None, False, True))


@quick
@dataclass(frozen=True, slots=True)
class _Flow:
    """A query with what follows from it: its layer 3 domain, and whether the outgoing interface told of it."""

    query: Query
    l3_master: str | None
    by_outgoing: bool
    ignore_linkdown: bool


def _doubts(found: Found, hops: tuple[NextHop, ...], query: Query) -> Iterator[str]:
    if len({(hop.device, hop.gateway) for hop in hops}) > 1:
        total = sum(hop.weight for hop in hops)
        ways = ", ".join(f"{hop.device} {hop.weight}/{total}" for hop in hops)
        yield f"several next hops ({ways}): which one a flow takes is the kernel's hash"
    if query.destination.version == 6 and query.source is None and len(found.route.nexthops) > 1:
        yield "the next hops of an IPv6 multipath route may each lend a source of their own, which `ip route` does not show"
    if found.rivals and query.incoming is None and query.outgoing is None:
        ways = ", ".join(str(r.nexthops[0].gateway) for r in (found.route, *found.rivals) if r.nexthops)
        yield f"several default routes of one metric ({ways}): the kernel takes the first whose gateway it has reached of late"
    if found.passed_over:
        yield f"{found.passed_over[0].gateway} did not answer when the snapshot was taken, so another route is taken"


def _reads(rules: tuple[PolicyRule, ...], routes: tuple[Route, ...]) -> frozenset[str]:
    """The fields of a packet that routing looks at here (its source is judged besides, where rp_filter is on)."""
    found = {"dst"}
    if rules or any(r.source is not None for r in routes):
        found.add("src")
    if any(r.mark is not None for r in rules):
        found.add("mark")
    if any(r.tos or r.dscp is not None for r in rules) or any(r.tos for r in routes):
        found.add("tos")
    if any(r.protocol is not None for r in rules):
        found.add("protocol")
    if any(r.source_ports is not None or r.destination_ports is not None for r in rules):
        found |= {"sport", "dport"}
    return frozenset(found)


def _bare(rule: PolicyRule) -> PolicyRule:
    return replace(rule, text="", line=0, file="")


def _group(name: str) -> str:
    return "0" if name == "default" else name


def _prefixes_match(rule: PolicyRule, query: Query) -> bool:
    if rule.destination is not None and query.destination not in rule.destination:
        return False
    if rule.source is None or rule.source.prefixlen == 0:
        return True
    return query.source is not None and query.source in rule.source


def _port_matches(ports: tuple[int, int] | None, port: int | None) -> bool:
    return ports is None or (port is not None and ports[0] <= port <= ports[1])


def _local_routes(interface: Interface, local: IPAddress, network: IPNetwork, family: int) -> list[Route]:
    own: IPNetwork = IPv4Network(int(local)) if isinstance(local, IPv4Address) else IPv6Network(int(local))
    hop = (NextHop(interface.name),)
    made = [Route(own, RouteType.LOCAL, TABLE_LOCAL, hop, scope="host", protocol="kernel", text=f"local {local} dev {interface.name}")]
    if family == 4 and network.prefixlen < 31 and "BROADCAST" in interface.flags:
        last = IPv4Network(int(network.broadcast_address))
        made.append(Route(last, RouteType.BROADCAST, TABLE_LOCAL, hop, scope="link", protocol="kernel",
                          text=f"broadcast {network.broadcast_address} dev {interface.name}"))
    return made
