"""`ip [-d] [-j] nexthop`: next hop objects, for routes that name theirs by number only (sysctl nexthop_compat_mode 0).

    id 1 via 10.0.0.2 dev eth0 scope link
    id 2 blackhole
    id 10 group 1/3,2
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.routing import NextHop
from snapshot.parse.ip_link import each, is_json, load_json


@dataclass(frozen=True, slots=True)
class NextHopRecord:
    """One object: a single way, a group of others with their weights, or a blackhole."""

    id: int
    hop: NextHop | None = None
    group: tuple[tuple[int, int], ...] = ()  # (id, weight)
    blackhole: bool = False


def ways(records: Mapping[int, NextHopRecord], number: int) -> tuple[NextHop, ...]:
    """The next hops of an object; none for a blackhole or an object that was not captured."""
    record = records.get(number)
    if record is None:
        return ()
    if record.hop is not None:
        return (record.hop,)
    members = [(records[other].hop, weight) for other, weight in record.group if other in records]
    return tuple(NextHop(hop.device, hop.gateway, weight, hop.flags) for hop, weight in members if hop is not None)


def _of_json(item: dict[str, Any]) -> NextHopRecord:
    if "group" in item:
        return NextHopRecord(int(item["id"]), group=tuple((int(m["id"]), int(m.get("weight", 1))) for m in item["group"]))
    via = item.get("via") or {}
    gateway = item.get("gateway") or (via.get("host") if isinstance(via, dict) else None)
    hop = NextHop(item.get("dev"), ip_address(gateway) if gateway else None, 1, frozenset(item.get("flags", ())))
    return NextHopRecord(int(item["id"]), None if "blackhole" in item else hop, blackhole="blackhole" in item)


def _of_line(line: str) -> NextHopRecord:
    """Raises ValueError, IndexError."""
    words = line.split()
    values = dict(pairwise(words))
    number = int(values["id"])
    if "group" in values:
        members = [member.split(",") for member in values["group"].split("/")]
        return NextHopRecord(number, group=tuple((int(m[0]), int(m[1]) if len(m) > 1 else 1) for m in members))
    if "blackhole" in words:
        return NextHopRecord(number, blackhole=True)
    gateway = values.get("via")
    gateway = words[words.index("via") + 2] if gateway in ("inet", "inet6") else gateway
    flags = frozenset(words) & {"onlink", "dead", "linkdown"}
    return NextHopRecord(number, NextHop(values.get("dev"), ip_address(gateway) if gateway else None, 1, flags))


def parse(text: str, file: str = "") -> tuple[tuple[NextHopRecord, ...], tuple[Finding, ...]]:
    """All objects."""
    if is_json(text):
        items, findings = load_json(text, file)
        return each([item for item in items if "id" in item], _of_json, file, "a next hop", findings), tuple(findings)
    found: list[NextHopRecord] = []
    problems: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("id "):
            continue
        try:
            found.append(_of_line(line))
        except (ValueError, IndexError, KeyError) as error:
            problems.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a next hop can't be read: {error}"))
    return tuple(found), tuple(problems)
