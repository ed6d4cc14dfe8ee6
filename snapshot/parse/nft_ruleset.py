"""`nft -a list ruleset`: only its base chains. Which of iptables-nft's really exist, and which native ones packets meet besides.

    table ip filter { # handle 1
            chain FORWARD { # handle 2
                    type filter hook forward priority filter; policy drop;
                    counter packets 48 bytes 12074 jump DOCKER-USER # handle 18
            }
    }
"""

import re
from dataclasses import dataclass

from snapshot.finding import Finding

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


def parse(text: str, file: str = "") -> tuple[tuple[BaseChain, ...], tuple[Finding, ...]]:
    """All base chains with how many rules they hold."""
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
