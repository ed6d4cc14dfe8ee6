"""What hosts without iproute2 print: `ifconfig -a`, `route -n` and `netstat -rn`, `arp -an`, `netstat -tulpn`, of net-tools and busybox.

    eth0      Link encap:Ethernet  HWaddr 00:0c:29:c2:c8:63                 eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
              inet addr:192.0.2.1  Bcast:192.0.2.255  Mask:255.255.255.0            inet 192.0.2.1  netmask 255.255.255.0  broadcast 192.0.2.255
              UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1                    ether 00:0c:29:c2:c8:63  txqueuelen 1000  (Ethernet)

What they do not know: kinds of links, veth pairs, policy routing, tables but main.  net-tools show only one address an interface, and more
under names like eth0:1.
"""

import re
from dataclasses import replace
from ipaddress import IPv4Network, ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.link import Address, Interface
from snapshot.host.neighbour import Neighbour
from snapshot.host.routing import TABLE_LOCAL, TABLE_MAIN, NextHop, Route, RouteType
from snapshot.host.socket import Listener
from snapshot.parse.ip_route import describe, prefix
from snapshot.parse.lines import records

_HEAD = re.compile(r"^(\S+?):?\s+(?:flags=\d+<([^>]*)>\s+mtu (\d+)|Link encap:(.*))$")
_OLD_FLAGS = re.compile(r"^\s+((?:[A-Z]+ )+)\s*MTU:(\d+)")
_MAC = re.compile(r"(?:HWaddr|ether)\s+([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})")
_INET = re.compile(r"inet (?:addr:)?\s*([\d.]+).*?(?:Mask:|netmask )(\S+)")
_PEER = re.compile(r"(?:P-t-P:|destination )\s*([\d.]+)")
_BROADCAST = re.compile(r"(?:Bcast:|broadcast )\s*([\d.]+)")
_INET6 = re.compile(r"inet6 (?:addr:)?\s*([0-9a-fA-F:.]+)(?:/(\d+)|\s+prefixlen (\d+)).*?(?:Scope:(\w+)|scopeid 0x[0-9a-f]+<(\w+)>)")
_ARP_BSD = re.compile(r"^\S+ \(([\d.]+)\) at (\S+)(.*?) on (\S+)")


def ifconfig(text: str, file: str = "") -> tuple[tuple[Interface, ...], tuple[Finding, ...]]:
    """Interfaces with their addresses; `eth0:1` is one more address of eth0."""
    found: dict[str, Interface] = {}
    findings: list[Finding] = []
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = _HEAD.match(line) if line[:1].strip() else None
        if head is not None:
            name = head[1]
            base = name.partition(":")[0]
            held = found.setdefault(base, Interface(base))
            flags = frozenset(head[2].split(",")) - {""} if head[2] else held.flags
            found[base] = replace(held, flags=_lower_up(flags) if flags else held.flags, mtu=int(head[3]) if head[3] else held.mtu)
        if not name:
            if line.strip() and not findings:
                findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not what `ifconfig` prints"))
            continue
        base = name.partition(":")[0]
        try:
            found[base] = _with_line(found[base], line, name)
        except ValueError as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"an address can't be read: {error}"))
    return tuple(found.values()), tuple(findings)


def _lower_up(flags: frozenset[str]) -> frozenset[str]:
    """net-tools' RUNNING is what `ip` shows as LOWER_UP."""
    return flags | {"LOWER_UP"} if "RUNNING" in flags else flags


def _with_line(held: Interface, line: str, name: str) -> Interface:
    """Raises ValueError."""
    if (mac := _MAC.search(line)) is not None:
        held = replace(held, mac=mac[1].lower())
    if (flags := _OLD_FLAGS.match(line)) is not None:
        held = replace(held, flags=_lower_up(frozenset(flags[1].split())), mtu=int(flags[2]))
    if (four := _INET.search(line)) is not None:
        length = IPv4Network(f"0.0.0.0/{four[2]}").prefixlen
        cast = _BROADCAST.search(line)
        broadcast = ip_address(cast[1]) if cast is not None and int(ip_address(cast[1])) else None
        other = _PEER.search(line)
        peer = ip_address(other[1]) if other is not None and other[1] != four[1] else None
        local = ip_address(four[1])
        scope = "host" if local.is_loopback else "global"
        return replace(held, addresses=(*held.addresses, Address(local, length, scope, broadcast, peer, name)))
    if (six := _INET6.search(line)) is not None:
        scope = (six[4] or six[5] or "global").lower()
        return replace(held, addresses=(*held.addresses, Address(ip_address(six[1]), int(six[2] or six[3]), scope)))
    return held


def route(text: str, file: str = "", family: int = 4) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    """Routes of the main table; IPv6's own listing holds the local ones too."""
    found: list[Route] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if len(words) > 7 and family == 4 and "G" in words[3] and not re.fullmatch(r"[\d.]+", words[1]):
            findings.append(Finding(Kind.AMBIGUOUS, file, number, line.strip()[:120], f"listed without -n: the gateway {words[1]} is a name"))
        if not words or words[0] in ("Kernel", "Destination", "Iface") or words[0].startswith("#"):
            continue
        try:
            made = _route4(words) if family == 4 else _route6(words)
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a route can't be read: {error}"))
            continue
        if made is not None:
            found.append(replace(made, file=file, line=number, text=describe(made)))
    return tuple(found), tuple(findings)


def _hop(device: str, gateway: str) -> NextHop:
    """A gateway printed as a name (without -n) is left out: the interface is what routing decides."""
    text = gateway.strip("[]")
    try:
        return NextHop(device, None if text in ("0.0.0.0", "*", "-", "::") else ip_address(text))
    except ValueError:
        return NextHop(device)


def _route4(words: list[str]) -> Route | None:
    """`0.0.0.0 10.0.0.2 0.0.0.0 UG 0 0 0 eth0`; netstat has MSS, Window and irtt where route has metric. Raises ValueError."""
    if len(words) < 8:
        raise ValueError("a row with fewer columns than the head line")
    destination = "0.0.0.0" if words[0] == "default" else words[0]
    net = IPv4Network(f"{destination}/{words[2]}")
    device, flags = words[7] if not words[7].isdigit() or len(words) == 8 else words[-1], words[3]
    if "!" in flags:
        return Route(net, RouteType.UNREACHABLE, TABLE_MAIN)
    metric = int(words[4]) if words[4].isdigit() and len(words) in (8, 11) else 0
    return Route(net, RouteType.UNICAST, TABLE_MAIN, (_hop(device, words[1]),), metric, None if "G" in flags else "link")


def _route6(words: list[str]) -> Route | None:
    """`fd00::/64 :: U 256 2 0 eth0`; `Un` are the host's own addresses. Raises ValueError."""
    if len(words) < 7:
        raise ValueError("a row with fewer columns than the head line")
    text = words[0].replace("[", "").replace("]", "")
    net = prefix(text if ":" in text or "/" not in text else f"::{text}", 6)  # `::/96` is printed as 0.0.0.0/96
    flags, device = words[2], words[-1]
    if "!" in flags:
        return Route(net, RouteType.UNREACHABLE, TABLE_MAIN, (), 1024) if net.prefixlen else None  # the kernel's own last entry
    if "n" in flags:
        return Route(net, RouteType.LOCAL, TABLE_LOCAL, (NextHop(device),))
    if net == prefix("ff00::/8", 6):
        return Route(net, RouteType.MULTICAST, TABLE_LOCAL, (NextHop(device),), int(words[3]))
    return Route(net, RouteType.UNICAST, TABLE_MAIN, (_hop(device, words[1]),), int(words[3]))


def arp(text: str, file: str = "") -> tuple[tuple[Neighbour, ...], tuple[Finding, ...]]:
    """Neighbours, from the table form and from `arp -a`. A neighbour printed as a name (without -n) is left out and told."""
    return records(text, file, "a neighbour", _neighbour)


def _neighbour(words: list[str], number: int) -> Neighbour | None:
    """Raises ValueError, IndexError."""
    line = " ".join(words)
    if words[0] in ("Address", "Entries:") or "no entry" in line.lower():
        return None
    bsd = _ARP_BSD.match(line)
    if bsd is not None:
        mac = bsd[2].lower() if ":" in bsd[2] else None
        return Neighbour(ip_address(bsd[1]), bsd[4], mac, "INCOMPLETE" if mac is None else "PERMANENT" if "PERM" in bsd[3] else "REACHABLE")
    if "(incomplete)" in words:
        return Neighbour(ip_address(words[0]), words[-1], None, "INCOMPLETE")
    if len(words) < 5:
        raise ValueError("a row with fewer columns than the head line")
    return Neighbour(ip_address(words[0]), words[-1], words[2].lower(), "PERMANENT" if "M" in words[3] else "REACHABLE")


def netstat(text: str, file: str = "") -> tuple[tuple[Listener, ...], tuple[Finding, ...]]:
    """Listening TCP sockets and bound, unconnected UDP ones. Without -n names stand there for addresses and ports: such a socket is told."""
    return records(text, file, "a socket", _socket)


def _socket(words: list[str], number: int) -> Listener | None:
    if len(words) < 5 or not re.fullmatch(r"(tcp|udp)6?", words[0]):
        return None
    waiting = words[0].startswith("tcp") and len(words) > 5 and words[5] == "LISTEN"
    bound = words[0].startswith("udp") and words[4].endswith(":*")
    return _listener(words) if waiting or bound else None


def _listener(words: list[str]) -> Listener:
    """Raises ValueError."""
    host, _, port = words[3].rpartition(":")
    host, _, device = host.strip("[]").partition("%")
    address = ip_address(host or "::")
    process = re.search(r"\s\d+/(\S+)", " ".join(words))
    family = None if address.version == 6 and not int(address) else address.version
    return Listener(
        words[0].removesuffix("6"),
        int(port),
        address if int(address) else None,
        family,
        device or None,
        process[1].rstrip(":") if process else None,
        "LISTEN" if words[0].startswith("tcp") else "UNCONN",
    )
