"""`bridge -d [-j] link`: the ports of bridges.

    7: veth4bb8afe@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master docker0 state forwarding priority 32 cost 2
        hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on neigh_suppress off isolated off
"""

import re
from dataclasses import dataclass
from typing import Any

from snapshot.finding import Finding
from snapshot.host.link import BridgePort
from snapshot.parse.ip_link import each, is_json, load_json

_HEAD = re.compile(r"^(\d+): ([^:\s]+?)(?:@(\S+?))?:\s+(?:<([^>]*)>)?(.*)$")
_OLD_HEAD = re.compile(r"^(\d+): (\S+) state \S+\s*(?:@\S+)?:?\s*(?:<([^>]*)>)?(.*)$")


@dataclass(frozen=True, slots=True)
class PortRecord:
    """One port: its name, its bridge, and what was told of it."""

    name: str
    master: str
    port: BridgePort


def _flag(words: list[str], name: str, default: bool) -> bool:
    return words[words.index(name) + 1] == "on" if name in words and words.index(name) + 1 < len(words) else default


def _port(words: list[str]) -> BridgePort:
    state = words[words.index("state") + 1] if "state" in words and words.index("state") + 1 < len(words) else "forwarding"
    hairpin = _flag(words, "hairpin", False) if "hairpin" in words else None
    return BridgePort(state.lower(), hairpin, _flag(words, "learning", True), _flag(words, "flood", True),
                      _flag(words, "isolated", False), _flag(words, "guard", False), _flag(words, "neigh_suppress", False))


def _of_json(item: dict[str, Any]) -> PortRecord:
    return PortRecord(str(item["ifname"]), str(item["master"]), BridgePort(
        str(item.get("state", "forwarding")), item.get("hairpin"), bool(item.get("learning", True)), bool(item.get("flood", True)),
        bool(item.get("isolated", False)), bool(item.get("guard", False)), bool(item.get("neigh_suppress", False))))


def parse(text: str, file: str = "") -> tuple[tuple[PortRecord, ...], tuple[Finding, ...]]:
    """All ports that have a bridge as master."""
    if is_json(text):
        items, findings = load_json(text, file)
        ports = [item for item in items if "master" in item and "ifname" in item]
        return each(ports, _of_json, file, "a port", findings), tuple(findings)
    found: list[PortRecord] = []
    name, words = "", list[str]()

    def close() -> None:
        if name and "master" in words and words.index("master") + 1 < len(words):
            found.append(PortRecord(name, words[words.index("master") + 1], _port(words)))

    for line in text.splitlines():
        head = _HEAD.match(line) or _OLD_HEAD.match(line)
        if head is not None:
            close()
            name, words = head[2], line.split()
        elif line[:1].isspace():
            words += line.split()
    close()
    return tuple(found), ()
