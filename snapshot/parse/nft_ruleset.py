"""`nft -a list ruleset`: only its base chains. Which of iptables-nft's really exist, and which native ones packets meet besides.

    table ip filter { # handle 1
            chain FORWARD { # handle 2
                    type filter hook forward priority filter; policy drop;
                    counter packets 48 bytes 12074 jump DOCKER-USER # handle 18
            }
    }
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.parse.json_objects import objects

_TABLE = re.compile(r"^\s*table\s+(\w+)\s+(\S+)\s*\{")
_CHAIN = re.compile(r"^\s*chain\s+(\S+)\s*\{")
_TYPE = re.compile(r"type\s+(\w+)\s+hook\s+(\w+)(?:\s+devices?\s*=?\s*[^;]*?)?\s+priority\s+([^;]+);")
_DEVICES = re.compile(r"\sdevices?\s*=?\s*(\{[^}]*\}|\S+)\s+priority")
_POLICY = re.compile(r"policy\s+(\w+)")


@dataclass(frozen=True, slots=True)
class BaseChain:
    """One base chain as printed; `priority` is text (`filter`, `dstnat + 10`, `-300`)."""

    family: str
    table: str
    name: str
    type: str
    hook: str
    priority: str
    policy: str | None
    rules: int
    line: int
    devices: tuple[str, ...] = ()


def _devices(text: str) -> tuple[str, ...]:
    """`device "eth0"` or `devices = { eth0, eth1 }` of an ingress or egress chain."""
    match = _DEVICES.search(text)
    return tuple(word.strip('" ') for word in match[1].strip("{}").split(",")) if match is not None else ()


def _parse_json(text: str, file: str) -> tuple[tuple[BaseChain, ...], tuple[Finding, ...]]:
    """`nft -j list ruleset`: a list of objects under `nftables` (libnftables-json(5)); it has no lines of its own."""
    tops, findings = objects(text, file)
    held = [item for top in tops if isinstance(top.get("nftables"), list) for item in top["nftables"] if isinstance(item, dict)]
    rules = Counter(_place(item["rule"], "chain") for item in held if isinstance(item.get("rule"), dict))
    found: list[BaseChain] = []
    for item in held:
        chain = item.get("chain")
        if isinstance(chain, dict) and chain.get("hook"):
            devices = chain.get("dev") or ()
            family, table, name = place = _place(chain, "name")
            found.append(BaseChain(family, table, name, str(chain.get("type", "filter")), str(chain["hook"]), str(chain.get("prio", 0)),
                                   str(chain["policy"]) if chain.get("policy") else None, rules[place], 0,
                                   (devices,) if isinstance(devices, str) else tuple(map(str, devices if isinstance(devices, list) else ()))))
    return tuple(found), tuple(findings)


def _place(item: dict[str, Any], key: str) -> tuple[str, str, str]:
    return str(item.get("family", "")), str(item.get("table", "")), str(item.get(key, ""))


def parse(text: str, file: str = "") -> tuple[tuple[BaseChain, ...], tuple[Finding, ...]]:
    """All base chains with how many rules they hold, from text or JSON. An error message is a finding."""
    if text.lstrip()[:1] == "{":
        return _parse_json(text, file)
    if text.strip() and not any(_TABLE.match(line) for line in text.splitlines()):
        return (), (Finding(Kind.SYNTAX, file, 1, text.strip().split("\n")[0][:120], "not what `nft list ruleset` prints"),)
    found: list[BaseChain] = []
    family = table = name = ""
    base: re.Match[str] | None = None
    policy: str | None = None
    rules = start = depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.split(" # handle")[0].strip()
        if (match := _TABLE.match(line)) is not None:
            family, table, depth, name = match[1], match[2], 1, ""
        elif depth == 1 and (match := _CHAIN.match(line)) is not None:
            name, base, policy, rules, start, depth = match[1], None, None, 0, number, 2
        elif stripped.startswith("type ") and (match := _TYPE.search(stripped)) is not None and name:
            base = match
            held = _POLICY.search(stripped)
            policy = held[1] if held else None
        elif stripped == "}":
            if depth == 2 and name and base is not None:
                found.append(BaseChain(family, table, name, base[1], base[2], base[3].strip(), policy, rules, start, _devices(base[0])))
            depth, name = max(0, depth - 1), name if depth > 2 else ""
        elif stripped.endswith("{") and depth:
            depth += 1
        elif name and depth == 2 and stripped:
            rules += 1
    return tuple(found), ()
