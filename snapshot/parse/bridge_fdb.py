"""`bridge [-d] [-j] fdb`: behind which port a MAC address is.

    02:42:ac:11:00:02 dev veth4bb8afe master docker0
    2e:f6:62:41:4c:a5 dev veth4bb8afe vlan 1 master docker0 permanent
    33:33:00:00:00:01 dev docker0 self permanent
"""

import re
from ipaddress import ip_address
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.link import IPAddress
from snapshot.host.neighbour import FdbEntry
from snapshot.parse.ip_link import each, is_json, load_json

_MAC = re.compile(r"^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$")


def _of_line(words: list[str]) -> FdbEntry:
    master = words[words.index("master") + 1] if "master" in words else None
    vlan = words[words.index("vlan") + 1] if "vlan" in words else None
    return FdbEntry(words[0].lower(), words[words.index("dev") + 1], master, int(vlan) if vlan and vlan.isdigit() else None,
                    "permanent" in words, "self" in words and master is None,
                    _remote(words[words.index("dst") + 1]) if "dst" in words[:-1] else None)


def _remote(text: object) -> IPAddress | None:
    try:
        return ip_address(str(text)) if text else None
    except ValueError:
        return None


def _of_json(item: dict[str, Any]) -> FdbEntry:
    flags, state, master = item.get("flags") or [], item.get("state", ""), item.get("master")
    return FdbEntry(str(item["mac"]).lower(), str(item["ifname"]), master, item.get("vlan"), state == "permanent",
                    "self" in flags and master is None, _remote(item.get("dst")))


def parse(text: str, file: str = "") -> tuple[tuple[FdbEntry, ...], tuple[Finding, ...]]:
    """All entries."""
    if is_json(text):
        items, findings = load_json(text, file)
        named = [item for item in items if "mac" in item and "ifname" in item]
        return each(named, _of_json, file, "an entry", findings), tuple(findings)
    entries: list[FdbEntry] = []
    problems: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if not _MAC.match(words[0]) or "dev" not in words[:-1]:
            problems.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not an entry of `bridge fdb`"))
            continue
        try:
            entries.append(_of_line(words))
        except IndexError:
            problems.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "an entry of `bridge fdb` that is cut off"))
    return tuple(entries), tuple(problems)
