"""Which of its addresses a host lends to a packet: IPv4 by scope and subnet, IPv6 by RFC 6724 as the kernel follows it.

inet_select_addr (net/ipv4/devinet.c), ipv6_dev_get_saddr (net/ipv6/addrconf.c), ipv6_addr_label (net/ipv6/addrlabel.c).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from snapshot.host import Namespace
from snapshot.host.link import Address, Interface, IPAddress
from snapshot.host.routing import RouteType
from visualize.datapath.routing import Result

_SCOPES = {"global": 0, "universe": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
_LINK, _HOST = 253, 254
# RFC 6724's table as the kernel starts with it (ip6addrlbl_init_table)
_LABELS = tuple((IPv6Network(prefix), label) for prefix, label in (
    ("::1/128", 0), ("::ffff:0:0/96", 4), ("::/96", 3), ("2001::/32", 6), ("2001:10::/28", 7), ("2002::/16", 2), ("3ffe::/16", 12),
    ("fec0::/10", 11), ("fc00::/7", 5), ("::/0", 1)))
_ORCHID = IPv6Network("2001:10::/28")


def scope_number(name: str | None) -> int:
    """`link` -> 253; a number as it is; what is not named is global."""
    if name is None:
        return 0
    return int(name) if name.isdigit() else _SCOPES.get(name, 0)


def select_source(namespace: Namespace, device: str, toward: IPAddress | None, scope: str | None = "global") -> IPAddress | None:
    """The address that `device` lends to packets for `toward`, in routes of `scope`. None where there is none to lend."""
    if toward is not None and toward.version == 6:
        assert isinstance(toward, IPv6Address)
        return _select6(namespace, device, toward)
    return _select4(namespace, device, toward, scope_number(scope))


def lent_source(namespace: Namespace, result: Result, destination: IPAddress) -> IPAddress | None:
    """The source of a packet that names none: the route's own, the destination where that is local, else what its interface lends.

    fib_result_prefsrc (the next hop's address counts there, not the destination), ip6_route_get_saddr.
    """
    if result.nexthop is None:
        return None
    if result.route is None:
        return IPv4Address("127.0.0.1") if result.type is RouteType.LOCAL else select_source(namespace, result.nexthop.device or "", None, "link")
    if result.route.preferred_source is not None:
        return result.route.preferred_source
    if result.type is RouteType.LOCAL and destination.version == 4:
        return destination
    if destination.version == 6:
        return select_source(namespace, result.nexthop.device or "", destination)
    gateway = result.nexthop.gateway
    scope = result.route.scope
    if result.route.nexthop_id is not None:  # cached with the next hop object's own scope, until some address of the host changes
        scope = "252" if gateway is not None else "253"  # nh_create_ipv4: one less than the scope of the next hop itself
    return select_source(namespace, result.nexthop.device or "", gateway if gateway is not None and gateway.version == 4 else None, scope)


# -- IPv4 -------------------------------------------------------------------------------------------------------------


def _select4(namespace: Namespace, device: str, toward: IPAddress | None, scope: int) -> IPAddress | None:
    interface = namespace.interfaces.get(device)
    lowered = _LINK if _conf(namespace, 4, device, "route_localnet") or _conf(namespace, 4, "all", "route_localnet") else _HOST
    first: IPAddress | None = None
    for held in _held4(interface):
        if min(scope_number(held.scope), lowered) > scope:
            continue
        if toward is None or toward in held.network:
            return held.local
        first = first or held.local
    return first or _select4_elsewhere(namespace, interface, scope)


def _select4_elsewhere(namespace: Namespace, interface: Interface | None, scope: int) -> IPAddress | None:
    """Of the VRF, then of all interfaces of the same domain, the first address that is not of link scope."""
    master = _l3_master(namespace, interface)
    others = sorted(namespace.interfaces.values(), key=lambda i: (i.name != master, i.index or 0))
    for other in others:
        if other.name != master and _l3_master(namespace, other) != master:
            continue
        for held in _held4(other):
            if scope_number(held.scope) != _LINK and scope_number(held.scope) <= scope:
                return held.local
    return None


def _held4(interface: Interface | None) -> Iterator[Address]:
    return (a for a in (interface.addresses if interface is not None else ()) if a.family == 4 and not a.secondary)


def _l3_master(namespace: Namespace, interface: Interface | None) -> str | None:
    master = namespace.interfaces.get(interface.master or "") if interface is not None else None
    if interface is not None and interface.kind == "vrf":
        return interface.name
    return master.name if master is not None and master.kind == "vrf" else None


def _conf(namespace: Namespace, family: int, device: str, name: str) -> int:
    text = namespace.sysctl(f"net.ipv{family}.conf.{device.replace('.', '/')}.{name}") or ""
    return int(text) if text.lstrip("-").isdigit() else 0


# -- IPv6 -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a source address is wanted for."""

    namespace: Namespace
    toward: IPv6Address
    device: str
    scope: int
    label: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    address: IPv6Address
    held: Address
    interface: Interface


def _select6(namespace: Namespace, device: str, toward: IPv6Address) -> IPAddress | None:
    wish = _Wish(namespace, toward, device, _scope6(toward), _label(namespace, toward, device))
    own = namespace.interfaces.get(device)
    only_own = toward.is_multicast or wish.scope <= 2 or _conf(namespace, 6, device, "use_oif_addrs_only")
    master = _l3_master(namespace, own)
    groups: list[list[Interface]] = [[own] if own is not None else []]
    if not only_own:
        everywhere = sorted(namespace.interfaces.values(), key=lambda i: i.index or 0)
        same = [i for i in everywhere if _l3_master(namespace, i) == master]
        groups = [[i for i in same if i.name in (device, master)], same] if master is not None else [same]
    best: _Candidate | None = None
    for group in groups:
        for interface in group:
            best = _best_of(interface, wish, best)
        if best is not None and _scope_distance(best, wish) <= 0:
            break
    return best.address if best is not None else None


def _best_of(interface: Interface, wish: _Wish, best: _Candidate | None) -> _Candidate | None:
    """__ipv6_dev_get_saddr: rule by rule, the first that tells two addresses apart decides; the one found first stays else."""
    for held in interface.addresses:
        if not isinstance(held.local, IPv6Address) or ("tentative" in held.flags and "optimistic" not in held.flags) or "dadfailed" in held.flags:
            continue
        candidate = _Candidate(held.local, held, interface)
        if best is None or _wins(candidate, best, wish):
            best = candidate
    return best


def _wins(new: _Candidate, old: _Candidate, wish: _Wish) -> bool:
    for rule in _RULES:
        ours, theirs = rule(new, wish), rule(old, wish)
        if ours != theirs:
            return ours > theirs
    return False


def _scope_distance(c: _Candidate, wish: _Wish) -> int:
    scope = _scope6(c.address)
    return -scope if scope >= wish.scope else scope - 128


def _preferred(c: _Candidate, wish: _Wish) -> int:
    return int(c.address.is_loopback or not {"deprecated", "optimistic"} & c.held.flags)


def _privacy(c: _Candidate, wish: _Wish) -> int:
    prefers_temporary = _conf(wish.namespace, 6, c.interface.name, "use_tempaddr") >= 2
    return int(("temporary" not in c.held.flags) != prefers_temporary)


def _prefix(c: _Candidate, wish: _Wish) -> int:
    common = 128 - (int(c.address) ^ int(wish.toward)).bit_length()
    return min(common, c.held.prefix_length)


# the order of enum ipv6_saddr_rule
_RULES: tuple[Callable[[_Candidate, _Wish], int], ...] = (
    lambda c, w: int(c.address == w.toward),
    _scope_distance,
    _preferred,
    lambda c, w: int("home" in c.held.flags),
    lambda c, w: int(c.interface.name == w.device),
    lambda c, w: int(_label(w.namespace, c.address, c.interface.name) == w.label),
    _privacy,
    lambda c, w: int((c.address in _ORCHID) == (w.toward in _ORCHID)),
    _prefix,
    lambda c, w: int("optimistic" not in c.held.flags),
)


def _scope6(address: IPv6Address) -> int:
    """__ipv6_addr_src_scope: 1 interface, 2 link, 5 site, 14 global; of a multicast address its own."""
    if address.is_multicast:
        return address.packed[1] & 15
    if address.is_loopback or address.is_link_local:
        return 2
    return 5 if address.is_site_local else 14


def _label(namespace: Namespace, address: IPv6Address, device: str) -> int:
    """The label of the longest prefix: as captured, else as the kernel starts with them."""
    if namespace.address_labels is not None:
        return next((one.label for one in namespace.address_labels if address in one.prefix and one.device in (None, device)), 0xFFFFFFFF)
    return next(label for prefix, label in _LABELS if address in prefix)
