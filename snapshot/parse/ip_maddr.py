"""`ip [-j] maddr`: the multicast groups that each interface has joined (link-layer ones are left out).

    3:      eth0
            link  01:00:5e:00:00:01
            inet  224.0.0.1
            inet6 ff02::1:ff00:5
"""

from dataclasses import dataclass
from ipaddress import ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.link import IPAddress
from snapshot.parse.ip_link import is_json, load_json


@dataclass(frozen=True, slots=True)
class GroupsRecord:
    """The groups of one interface."""

    name: str
    groups: frozenset[IPAddress]


def parse(text: str, file: str = "") -> tuple[tuple[GroupsRecord, ...], tuple[Finding, ...]]:
    """One record for each interface."""
    findings: list[Finding] = []
    found: dict[str, set[IPAddress]] = {}
    for name, line, address in _json(text, file, findings) if is_json(text) else _text(text):
        held = found.setdefault(name, set())
        try:
            if address:
                held.add(ip_address(address))
        except ValueError as error:
            findings.append(Finding(Kind.SYNTAX, file, line, address[:120], f"a group can't be read: {error}"))
    return tuple(GroupsRecord(name, frozenset(groups)) for name, groups in found.items()), tuple(findings)


def _json(text: str, file: str, findings: list[Finding]) -> list[tuple[str, int, str]]:
    items, problems = load_json(text, file)
    findings += problems
    return [(str(item.get("ifname", "")), 0, str(held.get("address", ""))) for item in items
            for held in [{}, *(one for one in item.get("maddr") or () if isinstance(one, dict))]]


def _text(text: str) -> list[tuple[str, int, str]]:
    found, name = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if len(words) >= 2 and words[0].endswith(":") and words[0][:-1].isdigit():
            name = words[1]
            found.append((name, number, ""))
        elif len(words) >= 2 and words[0] in ("inet", "inet6") and name:
            found.append((name, number, words[1]))
    return found
