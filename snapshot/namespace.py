"""One namespace from its files: each fact by the best output that tells it."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from snapshot import join
from snapshot.facts import Files, Parser, every, every_if_told, first, read
from snapshot.finding import Finding
from snapshot.host import Namespace
from snapshot.host.link import Interface
from snapshot.host.neighbour import FdbEntry
from snapshot.host.routing import TABLE_LOCAL, TABLE_NAMES, PolicyRule, Route, table_name
from snapshot.host.socket import Listener
from snapshot.infer import invent_interfaces
from snapshot.native import native_of
from snapshot.parse import (
    brctl_show,
    bridge_fdb,
    bridge_link,
    bridge_vlan,
    conntrack,
    conntrack_expect,
    ip_addr,
    ip_addrlabel,
    ip_link,
    ip_maddr,
    ip_neigh,
    ip_nexthop,
    ip_route,
    ip_rule,
    ipset_save,
    net_tools,
    proc_net,
    ss,
    sysctl,
)
from snapshot.tables import nft_ruleset_of, tables_of

_ADDRESSES = (("ip-addr", ip_addr.parse), ("ifconfig", net_tools.ifconfig), ("proc-if-inet6", proc_net.if_inet6))
_LISTENERS = (("ss", ss.parse), ("netstat-l", net_tools.netstat))
_SOCKETS = tuple((f"proc-{name}", partial(proc_net.sockets, protocol=name)) for name in ("tcp", "tcp6", "udp", "udp6"))
# a folder with one of these is a namespace of its own
OF_A_NAMESPACE = {"ip-addr", "ip-link", "ip-route", "ip-rule", "ip-neigh", "iptables", "ip6tables", "iptables-list", "ip6tables-list", "ifconfig",
                   "route", "netstat-r", "conntrack", "nft"}


def namespace_of(name: str, files: Files, findings: list[Finding]) -> Namespace:
    """The namespace that its files tell of."""
    sets = first(files, (("ipset", ipset_save.parse), ("ipset-list", ipset_save.parse_list)), findings)
    neighbours = every_if_told(files, "ip-neigh", ip_neigh.parse, findings)
    if not neighbours:
        neighbours = first(files, (("arp", net_tools.arp), ("proc-arp", proc_net.arp)), findings) or neighbours
    chains = nft_ruleset_of(files, findings)
    tables4, unseen4 = tables_of(files, "iptables", "ip", chains, findings)
    tables6, unseen6 = tables_of(files, "ip6tables", "ip6", chains, findings)
    natives, replayed = native_of(files, chains, (*(tables4 or ()), *(tables6 or ())), findings)
    made = Namespace(
        name, _interfaces(files, findings), _routes(files, 4, findings), _routes(files, 6, findings),
        _rules(files, 4, findings), _rules(files, 6, findings),
        neighbours,
        _fdb(files, findings),
        tables4, tables6, natives,
        {one.name: one for one in sets} if sets is not None else None,
        every_if_told(files, "conntrack", conntrack.parse, findings), _listeners(files, findings),
        _settings(files, findings), unseen4=unseen4, unseen6=unseen6,
        expected=every_if_told(files, "conntrack-expect", conntrack_expect.parse, findings),
        nft=replayed, address_labels=first(files, (("ip-addrlabel", ip_addrlabel.parse),), findings) or None)
    made = replace(made, gaps=_gaps(made), ipsec=_ipsec(files), untold=frozenset({"conntrack"} if made.conntrack is None else ()))
    return invent_interfaces(made, any(one.addresses for one in made.interfaces.values()), findings)


# settings that every kernel has: where one is missing, only some were captured
_MARKS = ((4, "net.ipv4.ip_forward"), (4, "net.ipv4.conf.all.rp_filter"), (6, "net.ipv6.conf.all.forwarding"))


def _gaps(namespace: Namespace) -> tuple[tuple[int, str], ...]:
    """(family, what was captured in part only, so that its absence tells nothing)."""
    found = [(family, f"only some sysctls were captured ({mark} not): the kernel's defaults are assumed") for family, mark in _MARKS
             if namespace.sysctls is not None and mark not in namespace.sysctls]
    for family, routes, rules in ((4, namespace.routes4, namespace.rules4), (6, namespace.routes6, namespace.rules6)):
        if routes is None:
            continue
        if rules is None:
            found.append((family, "the policy rules (`ip rule`) were not captured: the default ones are assumed"))
        known = {route.table for route in routes}
        lacking = sorted({table_name(rule.table) for rule in rules or () if rule.table is not None and rule.table not in known | set(TABLE_NAMES)})
        if lacking and TABLE_LOCAL not in known:  # not `table all`
            found.append((family, f"routes of table {', '.join(lacking)}, which policy rules look up, were not captured"))
    return tuple(found)


def _ipsec(files: Files) -> bool | None:
    """Whether `ip xfrm policy` shows one that is not a socket's own; None where it was not captured."""
    found = [file for _, file in files.of("ip-xfrm-policy")]
    return any(re.search(r"^\s*dir (in|out|fwd)\b", file.text, re.MULTILINE) for file in found) if found else None


def _routes(files: Files, family: int, findings: list[Finding]) -> tuple[Route, ...] | None:
    """The routes of a family: from `ip route`, else from what shows the main table only."""
    def of(parse: Callable[..., tuple[tuple[Route, ...], tuple[Finding, ...]]]) -> Parser[tuple[Route, ...]]:
        return lambda text, path: parse(text, path, family)
    others = (("proc-route", of(proc_net.route)),) if family == 4 else (("proc-ipv6-route", of(proc_net.ipv6_route)),)
    readers = (("ip-route", of(ip_route.parse)), ("route", of(net_tools.route)), ("netstat-r", of(net_tools.route)), *others)
    found = first(files, readers, findings, family)
    found = join.nexthops(found, first(files, (("ip-nexthop", ip_nexthop.parse),), findings) or ())
    if found is None or family == 6 or any(route.table == TABLE_LOCAL for route in found):
        return found
    return (*found, *(first(files, (("proc-fib-trie", of(proc_net.fib_trie)),), findings) or ()))


def _fdb(files: Files, findings: list[Finding]) -> tuple[FdbEntry, ...] | None:
    """`bridge fdb`; else `brctl showmacs`, whose port numbers `brctl showstp` names."""
    held = first(files, (("bridge-fdb", bridge_fdb.parse),), findings)
    if held is not None or not files.of("brctl-macs"):
        return held
    from snapshot.parse import brctl_macs
    shown = {bridge.name: bridge for bridge in every(files, "brctl-stp", brctl_show.parse_stp, findings)}
    found: list[FdbEntry] = []
    for where, file in files.of("brctl-macs"):
        bridge = next((one for name, one in shown.items() if "".join(where.words).endswith(re.sub(r"[-_.]", "", name.lower()))), None)
        found += brctl_macs.joined(read(brctl_macs.parse, file, findings), bridge, file.path, findings)
    return tuple(found)


def _listeners(files: Files, findings: list[Finding]) -> tuple[Listener, ...] | None:
    """What `ss` or netstat showed; else the four tables of /proc/net."""
    held = first(files, _LISTENERS, findings)
    if held is not None or not any(files.of(fact) for fact, _ in _SOCKETS):
        return held
    return tuple(one for fact, parse in _SOCKETS for one in every(files, fact, parse, findings))


def _rules(files: Files, family: int, findings: list[Finding]) -> tuple[PolicyRule, ...] | None:
    return first(files, (("ip-rule", lambda text, path: ip_rule.parse(text, path, family)),), findings, family)


def _settings(files: Files, findings: list[Finding]) -> dict[str, str] | None:
    """All settings told; `sysctl -a` where it was captured, /proc/sys where not."""
    held = files.of("sysctl")
    if not held:
        return None
    found: dict[str, str] = {}
    for _, file in reversed(held):
        found |= read(sysctl.parse, file, findings)
    return found if found or not any(file.data.strip() for _, file in held) else None


def _interfaces(files: Files, findings: list[Finding]) -> dict[str, Interface]:
    links = first(files, (("ip-link", ip_link.parse),), findings) or ()
    held = first(files, _ADDRESSES, findings) or ()
    with_addresses = {one.name: one for one in held}
    found: dict[str, Interface] = {}
    for one in links or held:
        other = with_addresses.get(one.name)
        found[one.name] = replace(one, addresses=other.addresses) if other is not None else one
    for one in held:
        found.setdefault(one.name, one)
    if not files.of("ip-addr") and files.of("ifconfig"):
        for one in first(files, (("proc-if-inet6", proc_net.if_inet6),), findings) or ():
            if one.name in found and not any(address.family == 6 for address in found[one.name].addresses):
                found[one.name] = replace(found[one.name], addresses=(*found[one.name].addresses, *one.addresses))
    ports = first(files, (("bridge-link", bridge_link.parse),), findings) or ()
    shown = first(files, (("brctl-show", brctl_show.parse), ("brctl-stp", brctl_show.parse_stp)), findings) or ()
    vlans = first(files, (("bridge-vlan", bridge_vlan.parse),), findings) or ()
    groups = first(files, (("ip-maddr", ip_maddr.parse),), findings)
    return join.groups(join.ports(found, ports, shown, vlans), groups)
