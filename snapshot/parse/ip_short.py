"""The short forms of `ip addr` and `ip link`: one line an address (`-o`), one line an interface (`-br`).

    2: eth0    inet 203.0.113.10/24 brd 203.0.113.255 scope global eth0\\       valid_lft forever preferred_lft forever
    eth0@if5         UP             203.0.113.10/24 2001:db8:203::10/64
    eth0@if5         UP             02:00:cb:00:71:0a <BROADCAST,MULTICAST,UP,LOWER_UP>
"""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_interface

from snapshot.finding import Finding, Kind
from snapshot.host.link import Address, Interface

_ONE = re.compile(r"^(\d+): +(\S+?)(?:@(\S+))? +(inet6? .*)$")
_BRIEF = re.compile(r"^(\S+?)(?:@(\S+))? +(UP|DOWN|UNKNOWN|DORMANT|LOWERLAYERDOWN|NOTPRESENT|TESTING)(?: +(.*))?$")
_MAC = re.compile(r"^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$", re.I)
_ON = frozenset({"UP", "LOWER_UP"})


def looks_short(text: str) -> bool:
    """Whether the first line is one of a short form."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _ONE.match(first) is not None or _BRIEF.match(first) is not None


def looks_brief(text: str) -> bool:
    """Whether the first line is one of `ip -br`."""
    return _BRIEF.match(next((line for line in text.splitlines() if line.strip()), "")) is not None


def parse(text: str, file: str, address: Callable[[list[str]], Address] | None = None) -> tuple[tuple[Interface, ...], tuple[Finding, ...]]:
    """Interfaces; `address` reads the words of one address. `-o` does not show whether a link is up: it is taken to be."""
    found: dict[str, Interface] = {}
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            one, brief = _ONE.match(line), _BRIEF.match(line)
            if one is not None and address is not None:
                held = found.get(one[2], _named(one[2], one[3], int(one[1]), _ON))
                found[one[2]] = replace(held, addresses=(*held.addresses, address(one[4].split("\\")[0].split())))
            elif brief is not None:
                found[brief[1]] = _brief(brief)
            elif line.strip():
                findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not a line of `ip -o` or `ip -br`"))
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"an address can't be read: {error}"))
    if any(_ONE.match(line) for line in text.splitlines()):
        findings.append(Finding(Kind.AMBIGUOUS, file, 0, "", "`ip -o addr` shows neither links without an address nor whether a link is up: "
                                "those shown are taken to be up"))
    return tuple(found.values()), tuple(findings)


def _named(name: str, other: str | None, index: int | None, flags: frozenset[str]) -> Interface:
    peer = int(other[2:]) if other is not None and re.fullmatch(r"if\d+", other) else None
    loop = frozenset({"LOOPBACK"}) if name == "lo" else frozenset()
    return Interface(name, index, flags=flags | loop, parent=other if peer is None and other != "NONE" else None, peer_index=peer)


def _brief(line: re.Match[str]) -> Interface:
    """Raises ValueError."""
    words = (line[4] or "").split()
    up = line[3] in ("UP", "UNKNOWN", "DORMANT")
    flags = next((frozenset(word.strip("<>").split(",")) for word in words if word.startswith("<")), _ON if up else frozenset({"BROADCAST"}))
    held = _named(line[1], line[2], None, flags)
    mac = next((word.lower() for word in words if _MAC.match(word)), None)
    addresses = tuple(_address(word) for word in words if "/" in word)
    return replace(held, mac=mac, addresses=addresses)


def _address(word: str) -> Address:
    """`203.0.113.10/24`; the scope follows from the address. Raises ValueError."""
    held = ip_interface(word)
    scope = "host" if held.ip.is_loopback else "link" if held.version == 6 and held.ip.is_link_local else "global"
    return Address(held.ip, held.network.prefixlen, scope)
