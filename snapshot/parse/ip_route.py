"""`ip -4|-6 [-d] [-j] route show table all`: routes of every table.

    default via 198.51.100.1 dev eth1
    172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
    local 203.0.113.10 dev eth0 table local proto kernel scope host src 203.0.113.10
    default proto static metric 100 nexthop via 10.0.0.1 dev eth0 weight 1 nexthop via 10.0.1.1 dev eth1 weight 2
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.link import IPNetwork
from snapshot.host.routing import TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN, NextHop, Route, RouteType, table_name
from snapshot.parse.addresses import address, network
from snapshot.parse.ip_link import is_json, load_json

_TYPES = {kind.value: kind for kind in RouteType}
_TABLES = {"local": TABLE_LOCAL, "main": TABLE_MAIN, "default": TABLE_DEFAULT}
_SCOPES = {"0": "global", "200": "site", "253": "link", "254": "host"}  # `ip -N`, and busybox
_FLAGS = {"onlink", "linkdown", "dead", "pervasive", "offload", "rt_offload", "trap", "notify", "rt_trap"}
_WITH_VALUE = {"via", "dev", "table", "proto", "protocol", "scope", "src", "metric", "tos", "dsfield", "mtu", "weight", "nhid",
               "from", "pref", "expires", "advmss", "hoplimit", "initcwnd", "initrwnd", "rto_min", "realm", "realms", "error",
               "window", "rtt", "rttvar", "ssthresh", "cwnd", "reordering", "features", "quickack", "congctl", "encap", "as"}


def table_number(text: str | int | None) -> int:
    """`main` -> 254; a number as it is; a name that only the host's rt_tables knows gets a number of its own above 2**32."""
    if text is None:
        return TABLE_MAIN
    if isinstance(text, int) or text.isdigit():
        return int(text)
    return _TABLES.get(text, 2**32 + sum(ord(c) << (8 * (i % 6)) for i, c in enumerate(text)))


def prefix(text: str, family: int) -> IPNetwork:
    """`default` -> 0.0.0.0/0 or ::/0; an address without a length is a host route. Raises ValueError."""
    if text in ("default", "all", "any"):
        return IPv4Network("0.0.0.0/0") if family == 4 else IPv6Network("::/0")
    if family == 4 and "/" in text and text.split("/")[0].count(".") < 3:  # old iproute2: 10/8, 127/8
        base, _, length = text.partition("/")
        text = ".".join((base.split(".") + ["0"] * 4)[:4]) + "/" + length
    return network(text)


def _of_line(line: str, family: int, file: str, number: int) -> Route:
    """Raises ValueError, IndexError."""
    words = line.split()
    kind = RouteType.UNICAST
    if words[0] in _TYPES:
        kind, words = _TYPES[words[0]], words[1:]
    elif words[0] == "throw" or words[0] == "nat":
        words = words[1:]
    return Route(prefix(words[0], family), kind, **_told(" ".join(words[1:]), family), text=" ".join(line.split()), line=number, file=file)


@lru_cache(maxsize=1 << 12)  # very many routes lead by few ways
def _told(text: str, family: int) -> dict[str, Any]:
    """What stands behind a route's destination: fields of `Route`. Raises ValueError, IndexError."""
    main, *hops = _split_hops(text.split(" ") if text else [])
    values, flags = _options(main)
    table = table_number(values.get("table"))
    hop_texts = [_options(hop) for hop in hops]
    nexthops = [_hop(v, f) for v, f in hop_texts] if hops else ([_hop(values, flags)] if "dev" in values or "via" in values else [])
    metric = values.get("metric", values.get("priority"))
    tos = values.get("tos", values.get("dsfield", "0"))
    source = values.get("from")
    return {"table": table, "nexthops": tuple(nexthops), "metric": int(metric) if metric else 0,
            "scope": _SCOPES.get(values.get("scope", ""), values.get("scope")),
            "preferred_source": address(values["src"]) if "src" in values else None, "tos": int(tos, 16) if tos else 0,
            "protocol": values.get("proto", values.get("protocol")), "mtu": int(values["mtu"]) if values.get("mtu", "").isdigit() else None,
            "nexthop_id": int(values["nhid"]) if "nhid" in values else None,
            "source": prefix(source, family) if source and source not in ("all", "default") else None, "flags": flags & _FLAGS,
            "realm": _realm(values.get("realm", values.get("realms"))), "preference": values.get("pref", "medium")}


def _realm(text: str | None) -> int | None:
    """`7`, `3/8` (source and destination) as the kernel's tclassid; None for a name of /etc/iproute2/rt_realms."""
    parts = [part for part in (text or "").split("/") if part]
    if not parts or not all(part[0].isdigit() for part in parts):
        return None
    return int(parts[-1], 0) | (int(parts[0], 0) << 16 if len(parts) == 2 else 0)


def _flow(item: Any) -> int | None:
    """JSON's `{"from": "3", "to": "8"}`."""
    if not isinstance(item, dict):
        return None
    return _realm("/".join(str(item[key]) for key in ("from", "to") if key in item))


def _split_hops(words: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "nexthop":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _options(words: list[str]) -> tuple[dict[str, str], frozenset[str]]:
    values: dict[str, str] = {}
    flags: set[str] = set()
    position = 0
    while position < len(words):
        word = words[position]
        if word in _WITH_VALUE and position + 1 < len(words):
            value = words[position + 1]
            if word == "via" and value in ("inet", "inet6") and position + 2 < len(words):
                value, position = words[position + 2], position + 1
            if word == "mtu" and value == "lock" and position + 2 < len(words):
                value, position = words[position + 2], position + 1
            values.setdefault(word, value)
            position += 2
        else:
            flags.add(word)
            position += 1
    return values, frozenset(flags)


def _hop(values: dict[str, str], flags: frozenset[str]) -> NextHop:
    return NextHop(values.get("dev"), address(values["via"]) if "via" in values else None, int(values.get("weight", "1")),
                   flags & _FLAGS)


def _of_json(item: dict[str, Any], family: int) -> Route:
    """Raises ValueError, KeyError."""
    kind = _TYPES.get(item.get("type", "unicast"), RouteType.UNICAST)
    hops = [_json_hop(hop) for hop in item["nexthops"]] if item.get("nexthops") else (
        [_json_hop(item)] if "dev" in item or "gateway" in item or "via" in item else [])
    source = item.get("from", item.get("src"))
    tos = item.get("tos", 0)
    metrics = item.get("metrics") or [{}]
    mtu = metrics[0].get("mtu") if isinstance(metrics, list) and metrics and isinstance(metrics[0], dict) else None
    route = Route(prefix(item["dst"], family), kind, table_number(item.get("table")), tuple(hops), int(item.get("metric", 0)),
                  item.get("scope"), address(item["prefsrc"]) if "prefsrc" in item else None,
                  int(str(tos), 16) if tos else 0, item.get("protocol"), mtu, item.get("nhid"),
                  prefix(source, family) if source and source not in ("all", "default") else None,
                  frozenset(item.get("flags", ())) & _FLAGS, _flow(item.get("flow")), preference=str(item.get("pref", "medium")))
    return replace(route, text=describe(route))


def _json_hop(item: dict[str, Any]) -> NextHop:
    via = item.get("via") or {}
    gateway = item.get("gateway") or (via.get("host") if isinstance(via, dict) else None)
    return NextHop(item.get("dev"), address(gateway) if gateway else None, int(item.get("weight", 1)),
                   frozenset(item.get("flags", ())) & _FLAGS)


def describe(route: Route) -> str:
    """The route as `ip route` prints it, short: type, prefix, via, dev, table, metric, src."""
    kind = "" if route.type is RouteType.UNICAST else route.type.value + " "
    text = str(route.destination)
    if route.destination.prefixlen == 0:
        text = "default"
    elif route.destination.prefixlen == route.destination.max_prefixlen:
        text = str(route.destination.network_address)
    parts = [kind + text]
    for hop in route.nexthops:
        way = (f"via {hop.gateway} " if hop.gateway else "") + (f"dev {hop.device}" if hop.device else "")
        parts.append(way if len(route.nexthops) == 1 else f"nexthop {way} weight {hop.weight}")
    if route.table != TABLE_MAIN:
        parts.append(f"table {table_name(route.table)}")
    if route.metric:
        parts.append(f"metric {route.metric}")
    if route.preferred_source is not None:
        parts.append(f"src {route.preferred_source}")
    return " ".join(part.strip() for part in parts)


def _json_words(item: dict[str, Any]) -> Iterator[object]:
    yield from (item.get("dst"), item.get("gateway"), item.get("prefsrc"), item.get("from"), "::" if "pref" in item else None)


def _shows(words: Iterable[object]) -> int | None:
    """The family that a route's words tell; None where they tell none (`default dev tun0`)."""
    for word in words:
        if isinstance(word, str) and word.count(":") > 1 and word.strip("0123456789abcdefABCDEF:./") == "":
            return 6
        if isinstance(word, str) and word.count(".") == 3 and word.strip("0123456789./") == "":
            return 4
    return None


def _other_family(shown: list[int | None], family: int) -> list[bool]:
    """Which routes to pass over: `ip route show table all` prints both families, IPv4 first."""
    if 10 - family not in shown:
        return [False] * len(shown)
    default = 4 if 4 in shown else 6
    return [(one or default) != family for one in shown]


def parse(text: str, file: str = "", family: int = 4) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    """The routes of a family, from JSON or plain text; those of the other family, where the output holds both, are passed over."""
    if is_json(text):
        items, problems = load_json(text, file)
        found, findings = [], list(problems)
        others = _other_family([_shows(_json_words(item)) for item in items], family)
        for item, other in zip(items, others, strict=True):
            if other:
                continue
            try:
                found.append(replace(_of_json(item, family), file=file))
            except (ValueError, KeyError, TypeError) as error:
                findings.append(Finding(Kind.SYNTAX, file, 0, str(item)[:120], f"a route can't be read: {error}"))
        return tuple(found), tuple(findings)
    return _parse_text(text, file, family)


def _parse_text(text: str, file: str, family: int) -> tuple[tuple[Route, ...], tuple[Finding, ...]]:
    found: list[Route] = []
    findings: list[Finding] = []
    lines = _logical_lines(text)
    others = _other_family([6 if " pref " in line or "error 4294967" in line else _shows(line.split()) for _, line in lines], family)
    for (number, line), other in zip(lines, others, strict=True):
        if other:
            continue
        try:
            found.append(_of_line(line, family, file, number))
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a route can't be read: {error}"))
    return tuple(found), tuple(findings)


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines, with the indented `nexthop` lines of a multipath route joined to it."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("Error:", "RTNETLINK", "Dump terminated", "Error ", "#")):
            continue
        if line[0].isspace() and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + " " + line.strip().replace("\\", " "))
        else:
            lines.append((number, line.replace("\\", " ")))
    return lines
