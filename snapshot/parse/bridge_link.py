"""`bridge -d [-j] link`: the ports of bridges.

    7: veth4bb8afe@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master docker0 state forwarding priority 32 cost 2
        hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on neigh_suppress off isolated off
"""

import re
from dataclasses import dataclass
from typing import Any

from snapshot.finding import Finding
from snapshot.host.link import BridgePort
from snapshot.parse.ip_link import each, is_json, load_json, port_of_json, port_of_words

_HEAD = re.compile(r"^(\d+): ([^:\s]+?)(?:@(\S+?))?:\s+(?:<([^>]*)>)?(.*)$")
_OLD_HEAD = re.compile(r"^(\d+): (\S+) state \S+\s*(?:@\S+)?:?\s*(?:<([^>]*)>)?(.*)$")


@dataclass(frozen=True, slots=True)
class PortRecord:
    """One port: its name, its bridge, and what was told of it."""

    name: str
    master: str
    port: BridgePort


def _of_json(item: dict[str, Any]) -> PortRecord:
    return PortRecord(str(item["ifname"]), str(item["master"]), port_of_json(item))


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
            found.append(PortRecord(name, words[words.index("master") + 1], port_of_words(words)))

    for line in text.splitlines():
        head = _HEAD.match(line) or _OLD_HEAD.match(line)
        if head is not None:
            close()
            name, words = head[2], line.split()
        elif line[:1].isspace():
            words += line.split()
    close()
    return tuple(found), ()
