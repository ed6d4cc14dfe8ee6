"""`-m addrtype`: what routing says of an address (addrtype_mt_v1, addrtype_mt6 in xt_addrtype.c).

    -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER

IPv4 asks whether the type is in the list. IPv6 asks for each of UNICAST, MULTICAST and UNSPEC in the list that the address is
that, and for one of the others that the route says so.
"""

from ipaddress import IPv6Address

from snapshot.host.firewall import Clause, Option
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, Truth, no, unknown, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, words
from visualize.packet.packet import Packet

TYPES = frozenset({"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
                   "THROW", "NAT", "XRESOLVE"})
ROUTED6 = frozenset({"LOCAL", "ANYCAST", "UNREACHABLE"})
_REJECTING = frozenset({"BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW"})


def _not_known(address: IPAddress) -> Answer:
    return unknown(f"the type of {address} is not known: routes were not captured", False, "capture `ip route show table all`")


def _match4(address: IPAddress, wanted: frozenset[str], device: str | None, here: Here) -> Answer:
    found = here.world.address_type(address, device)
    if found is None:
        return _not_known(address)
    return Answer(Truth.YES if found in wanted else Truth.NO, f"{address} is {found}")


def _match6(address: IPv6Address, wanted: frozenset[str], device: str | None, here: Here) -> Answer:
    unspecified = int(address) == 0
    unicast = not (unspecified or address.is_multicast or address.ipv4_mapped)
    for name, holds in (("MULTICAST", address.is_multicast), ("UNICAST", unicast), ("UNSPEC", unspecified)):
        if name in wanted and not holds:
            return no(f"{address} is not {name}")
    if not wanted & ROUTED6:
        return yes(f"{address} is {'/'.join(sorted(wanted))}")
    found = here.world.address_type(address, device)
    if found is None:
        return _not_known(address)
    held = ("UNREACHABLE" if found in _REJECTING else found) in wanted & ROUTED6
    return Answer(Truth.YES if held else Truth.NO, f"{address} is {found}")


def _check(option: Option, limit: str | None) -> Check:
    source = option.name == "--src-type"
    wanted = frozenset(name.upper() for name in words(option))
    if not wanted <= TYPES:
        raise BindError(f"address type {','.join(sorted(wanted - TYPES))} is not known")

    def check(packet: Packet, here: Here) -> Answer:
        address = packet.src if source else packet.dst
        device = {"in": here.in_interface, "out": here.out_interface}.get(limit or "")
        if isinstance(address, IPv6Address):
            return _match6(address, wanted, device, here).negate(option.negated)
        return _match4(address, wanted, device, here).negate(option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m addrtype`."""
    limit = next((option.name[14:] for option in clause.options if option.name in ("--limit-iface-in", "--limit-iface-out")), None)
    checks = []
    for option in clause.options:
        if option.name in ("--src-type", "--dst-type"):
            checks.append(_check(option, limit))
        elif not option.name.startswith("--limit-iface-"):
            raise not_known(option)
    return All(checks)
