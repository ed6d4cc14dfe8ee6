"""Files of /proc/net as they are: `route`, `ipv6_route`, `if_inet6`, `fib_trie`, `arp` (net/ipv4/fib_trie.c, net/ipv6/route.c, net/ipv6/addrconf.c).

Iface   Destination     Gateway         Flags   RefCnt  Use     Metric  Mask            MTU     Window  IRTT
eth0    00000000        0200090A        0003    0       0       0       00000000        0       0       0
"""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.link import Address, Interface
from snapshot.host.neighbour import Neighbour
from snapshot.host.routing import TABLE_LOCAL, TABLE_MAIN, NextHop, Route, RouteType
from snapshot.host.socket import Listener
from snapshot.parse.ip_route import describe
from snapshot.parse.lines import records

_RTF_GATEWAY, _RTF_REJECT, _RTF_LOCAL, _RTF_ANYCAST = 0x2, 0x200, 0x80000000, 0x100000
_SCOPES6 = {0x00: "global", 0x10: "host", 0x20: "link", 0x40: "site"}
_FLAGS6 = ((0x01, "temporary"), (0x02, "nodad"), (0x08, "dadfailed"), (0x20, "deprecated"), (0x40, "tentative"), (0x80, "permanent"))
_LEAF, _KIND = re.compile(r"^\s*\|-- ([\d.]+)\s*$"), re.compile(r"^\s*/(\d+) (\w+) ([A-Z]+)\s*$")


def _rows(text: str, file: str, make: Callable[[list[str]], Route | None]) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    def row(words: list[str], number: int) -> Route | None:
        made = make(words) if words[0] != "Iface" else None
        return replace(made, file=file, line=number, text=describe(made)) if made is not None else None

    return records(text, file, "a route", row)


def _address4(text: str) -> IPv4Address:
    """`0200090A` is 10.9.0.2: the number as the (little-endian) host has it. Raises ValueError."""
    return IPv4Address(int.from_bytes(bytes.fromhex(text), "little"))


def _is_mask(number: int) -> bool:
    """Whether its ones come first."""
    rest = number ^ 0xFFFFFFFF
    return not rest & (rest + 1)


def route(text: str, file: str = "", family: int = 4) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    """/proc/net/route: IPv4's main table. A big-endian host writes its addresses the other way round, which the masks tell."""
    masks = [words[7] for line in text.splitlines() if len(words := line.split()) > 8 and re.fullmatch(r"[0-9A-Fa-f]{8}", words[7])]
    big = any(_is_mask(int(mask, 16)) and not _is_mask(int(_address4(mask))) for mask in masks)
    address = (lambda word: IPv4Address(int(word, 16))) if big else _address4

    def make(words: list[str]) -> Route | None:
        net = IPv4Network((address(words[1]), str(address(words[7]))))
        flags = int(words[3], 16)
        if flags & _RTF_REJECT:
            return Route(net, RouteType.UNREACHABLE, TABLE_MAIN)
        gateway = address(words[2]) if flags & _RTF_GATEWAY else None
        return Route(net, RouteType.UNICAST, TABLE_MAIN, (NextHop(words[0], gateway),), int(words[6]), "link" if gateway is None else None)

    return _rows(text, file, make)


def ipv6_route(text: str, file: str = "", family: int = 6) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    """/proc/net/ipv6_route: all tables in one, as the kernel prints them."""

    def make(words: list[str]) -> Route | None:
        net = IPv6Network((int(words[0], 16), int(words[1], 16)))
        flags, metric, gateway = int(words[8], 16), int(words[5], 16), int(words[4], 16)
        if flags & _RTF_LOCAL:
            return Route(net, RouteType.LOCAL, TABLE_LOCAL, (NextHop(words[9]),), metric)
        if flags & _RTF_ANYCAST:
            return Route(net, RouteType.ANYCAST, TABLE_LOCAL, (NextHop(words[9]),), metric)
        if flags & _RTF_REJECT:
            return None if metric == 0xFFFFFFFF else Route(net, RouteType.UNREACHABLE, TABLE_MAIN, (), metric)
        if net == IPv6Network("ff00::/8"):
            return Route(net, RouteType.MULTICAST, TABLE_LOCAL, (NextHop(words[9]),), metric)
        return Route(net, RouteType.UNICAST, TABLE_MAIN, (NextHop(words[9], IPv6Address(gateway) if gateway else None),), metric)

    return _rows(text, file, make)


def if_inet6(text: str, file: str = "") -> tuple[tuple[Interface, ...], tuple[Finding, ...]]:
    """/proc/net/if_inet6: IPv6 addresses (address, ifindex, prefix length, scope, flags, name)."""
    def make(words: list[str], number: int) -> tuple[Interface, Address]:
        flags = frozenset(name for bit, name in _FLAGS6 if int(words[4], 16) & bit)
        scope = _SCOPES6.get(int(words[3], 16), "global")
        address = Address(IPv6Address(int(words[0], 16)), int(words[2], 16), scope, flags=flags)
        return Interface(words[5], int(words[1], 16)), address

    told, findings = records(text, file, "an address", make)
    found: dict[str, Interface] = {}
    for interface, address in told:
        held = found.get(interface.name, interface)
        found[interface.name] = replace(held, addresses=(*held.addresses, address))
    return tuple(found.values()), findings


def fib_trie(text: str, file: str = "", family: int = 4) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    """/proc/net/fib_trie: the local table's addresses (it names no interfaces, so its other routes lead nowhere)."""
    found: dict[tuple[str, str], Route] = {}
    leaf = ""
    for number, line in enumerate(text.splitlines(), 1):
        if (head := _LEAF.match(line)) is not None:
            leaf = head[1]
        elif (kind := _KIND.match(line)) is not None and leaf and kind[3] in ("LOCAL", "BROADCAST"):
            try:
                net = IPv4Network(f"{leaf}/{kind[1]}")
            except ValueError as error:
                return tuple(found.values()), (Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a prefix can't be read: {error}"),)
            made = Route(net, RouteType(kind[3].lower()), TABLE_LOCAL, (), 0, kind[2])
            found.setdefault((str(net), kind[3]), replace(made, file=file, line=number, text=describe(made)))
    return tuple(found.values()), ()


def arp(text: str, file: str = "") -> tuple[tuple[Neighbour, ...], tuple[Finding, ...]]:
    """/proc/net/arp."""
    return records(text, file, "a neighbour", _neighbour)


def _neighbour(words: list[str], number: int) -> Neighbour | None:
    if words[0] == "IP":
        return None
    flags = int(words[2], 16)
    state = "PERMANENT" if flags & 4 else "REACHABLE" if flags & 2 else "INCOMPLETE"
    return Neighbour(ip_address(words[0]), words[5], words[3].lower() if flags & 2 else None, state)


def sockets(text: str, file: str = "", protocol: str = "tcp") -> tuple[tuple[Listener, ...], tuple[Finding, ...]]:
    """/proc/net/tcp, tcp6, udp, udp6: TCP sockets in LISTEN (state 0A), UDP sockets without a peer (07). An address is words of 32 bits."""
    state, name = ("0A", "LISTEN") if protocol.startswith("tcp") else ("07", "UNCONN")

    def row(words: list[str], number: int) -> Listener | None:
        if words[0] == "sl":
            return None
        host, _, port = words[1].partition(":")
        if words[3] != state or int(words[2].partition(":")[2], 16):
            return None
        address = _words(host)
        family = None if address.version == 6 and not int(address) else address.version
        return Listener(protocol.removesuffix("6"), int(port, 16), address if int(address) else None, family, None, None, name)

    return records(text, file, "a socket", row)


def _words(text: str) -> IPv4Address | IPv6Address:
    """`0100007F` is 127.0.0.1 (of a little-endian host, as nearly all are); IPv6 is four such words. Raises ValueError."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw)
