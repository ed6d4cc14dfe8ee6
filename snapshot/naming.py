"""Which file holds what: our collector's names, and other ones that are made of the command's own words.

`netns/web/ip-4-route.json`, `web/ip-j-4-route-table-all.json` and `ip_-4_route_show_table_all` are all the IPv4 routes.
"""

import re
from dataclasses import dataclass

from snapshot.host import HOST

_SPLIT = re.compile(r"[-_. ]+")
# what a file name holds, by the words that must all be in it; the first that fits wins
_FACTS: tuple[tuple[str, frozenset[str]], ...] = tuple((fact, frozenset(words.split())) for fact, words in (
    ("docker-network-inspect", "docker network inspect"), ("docker-inspect", "docker inspect"),
    ("bridge-link", "bridge link"), ("bridge-fdb", "bridge fdb"), ("bridge-vlan", "bridge vlan"), ("brctl-show", "brctl show"),
    ("ip-route", "ip route"), ("ip-rule", "ip rule"), ("ip-neigh", "ip neigh"), ("ip-addr", "ip addr"), ("ip-addr", "ip address"),
    ("ip-link", "ip link"), ("iptables", "iptables save"), ("ip6tables", "ip6tables save"), ("ipset", "ipset save"),
    ("ipset", "ipset"), ("conntrack", "conntrack"), ("ss", "ss"), ("sysctl", "sysctl"), ("nft", "nft ruleset")))
_NOT = {"before", "after", "expect", "err", "s", "stats", "count", "events", "e", "legend", "ls", "brief", "br", "tunap"}
_SUFFIXES = (".json", ".txt", ".out", ".log")


@dataclass(frozen=True, slots=True)
class Place:
    """What a path holds: the namespace, the fact, the IP family (0: both or none), whether it is JSON, the words of its name."""

    netns: str
    fact: str
    family: int
    json: bool
    words: tuple[str, ...]


def place(path: str) -> Place | None:
    """Read a path; None for a file that says nothing of the model."""
    parts = path.split("/")
    leaf = parts[-1]
    stem = leaf
    for suffix in _SUFFIXES:
        if stem.endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    words = tuple(word for word in _SPLIT.split(stem.lower()) if word)
    held = set(words)
    if held & _NOT:
        return None
    fact = next((fact for fact, needed in _FACTS if needed <= held), None)
    if fact is None:
        return None
    family = 6 if "6" in held or "v6" in held or fact == "ip6tables" else 4 if "4" in held or fact == "iptables" else 0
    return Place(_netns(parts), fact, family, leaf.endswith(".json") or "j" in held, words)


def _netns(parts: list[str]) -> str:
    """The namespace that a file belongs to: the folder below `netns`, else its own folder; `once` and the top are the host's."""
    folders = parts[:-1]
    if "netns" in folders and folders.index("netns") + 1 < len(folders):
        return folders[folders.index("netns") + 1]
    if not folders or folders[-1] in ("once", "captures", "snap", "after", "before"):
        return HOST
    return folders[-1]
