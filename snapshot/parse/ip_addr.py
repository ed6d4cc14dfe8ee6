"""`ip -d -j addr`, and plain `ip addr`: interfaces with their addresses.

    2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
        link/ether 02:00:cb:00:71:0a brd ff:ff:ff:ff:ff:ff link-netnsid 0
        inet 203.0.113.10/24 brd 203.0.113.255 scope global eth0
           valid_lft forever preferred_lft forever
        inet6 2001:db8:203::10/64 scope global nodad
"""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.link import Address, Interface
from snapshot.parse import ip_short
from snapshot.parse.ip_link import each, interface_of_json, interfaces_of_text, is_json, load_json

_FLAGS = {"secondary", "temporary", "dynamic", "tentative", "deprecated", "dadfailed", "noprefixroute", "nodad", "mngtmpaddr",
          "permanent", "home", "optimistic", "managetempaddr", "stable-privacy", "autojoin"}


def _address_of_line(words: list[str]) -> Address:
    """`inet 10.0.0.1/24 brd 10.0.0.255 scope global secondary eth0`. Raises ValueError, IndexError."""
    local, _, length = words[1].partition("/")
    peer = None
    if "peer" in words:
        other, _, length = words[words.index("peer") + 1].partition("/")
        peer = ip_address(other)
    address = ip_address(local)
    broadcast = ip_address(words[words.index("brd") + 1]) if "brd" in words else None
    scope = words[words.index("scope") + 1] if "scope" in words else "global"
    after = words[words.index("scope") + 2:] if "scope" in words else []
    flags = frozenset(word for word in after if word in _FLAGS)
    label = after[-1] if after and after[-1] not in _FLAGS and address.version == 4 else None
    return Address(address, int(length) if length else address.max_prefixlen, scope, broadcast, peer, label, flags)


def _address_of_json(item: dict[str, Any]) -> Address:
    """One member of `addr_info`. `local` is absent for a few odd links; then ValueError."""
    if "local" not in item:
        raise ValueError("an address without `local`")
    peer = item.get("address")
    flags = frozenset(name for name in _FLAGS if item.get(name) is True)
    return Address(ip_address(item["local"]), int(item["prefixlen"]), str(item.get("scope", "global")),
                   ip_address(item["broadcast"]) if "broadcast" in item else None, ip_address(peer) if peer else None,
                   item.get("label") if item.get("family") == "inet" else None, flags)


def parse(text: str, file: str = "") -> tuple[tuple[Interface, ...], tuple[Finding, ...]]:
    """Interfaces with addresses, from JSON or plain text."""
    findings: list[Finding] = []
    if is_json(text):
        items, problems = load_json(text, file)
        named = [item for item in items if "ifname" in item]
        return each(named, lambda item: _with_json(item, file, findings), file, "an interface", findings), (*problems, *findings)
    if ip_short.looks_short(text):
        return ip_short.parse(text, file, _address_of_line)
    found: list[Interface] = []
    for start, lines, interface in interfaces_of_text(text, file, findings):
        found.append(_with_lines(interface, start, lines, file, findings))
    if text.strip() and not found:
        findings.append(Finding(Kind.SYNTAX, file, 1, text.strip().splitlines()[0][:120], "not what `ip addr` prints"))
    return tuple(found), tuple(findings)


def _with_json(item: dict[str, Any], file: str, findings: list[Finding]) -> Interface:
    addresses: list[Address] = []
    for held in item.get("addr_info") or ():
        try:
            if held:
                addresses.append(_address_of_json(held))
        except (ValueError, KeyError, TypeError) as error:
            findings.append(Finding(Kind.SYNTAX, file, 0, str(held)[:120], f"{item['ifname']}: an address can't be read: {error}"))
    return replace(interface_of_json(item), addresses=tuple(addresses))


def _with_lines(interface: Interface, start: int, lines: list[str], file: str, findings: list[Finding]) -> Interface:
    addresses: list[Address] = []
    for number, line in enumerate(lines, start):
        words = line.split()
        if not words or words[0] not in ("inet", "inet6"):
            continue
        try:
            addresses.append(_address_of_line(words))
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"an address can't be read: {error}"))
    return replace(interface, addresses=tuple(addresses))
