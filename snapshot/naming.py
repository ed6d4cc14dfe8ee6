"""Which command's output a file is: read from its name, or from a command line as it was typed.

`netns/web/ip-4-route.json` (ours), `ip_-4_route_show_table_all` (sosreport), `ip netns exec web ip -4 r` (typed) and `ip_r.txt` are
all IPv4 routes.  A name is only ever looked up in the tables here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from snapshot.host import HOST

_SUFFIXES = (".json", ".txt", ".out", ".log", ".gz", ".xz", ".conf", ".cfg", ".v4", ".v6", ".rules", ".md")
_TOOLS = frozenset(
    [
        "ip",
        "bridge",
        "brctl",
        "iptables",
        "ip6tables",
        "iptables-save",
        "ip6tables-save",
        "iptables-legacy",
        "ip6tables-legacy",
        "iptables-nft",
        "ip6tables-nft",
        "iptables-legacy-save",
        "ip6tables-legacy-save",
        "iptables-nft-save",
        "ip6tables-nft-save",
        "ipset",
        "conntrack",
        "ss",
        "sysctl",
        "nft",
        "docker",
        "podman",
        "nerdctl",
        "crictl",
        "ifconfig",
        "route",
        "arp",
        "netstat",
        "cat",
    ]
)
_OBJECTS = {  # `ip` takes any beginning of a word; these are the ones that people type
    "ip-addr": "a ad add addr addre addres address addrs addresses",
    "ip-link": "l li lin link links",
    "ip-neigh": "n ne nei neig neigh neighbor neighbors neighbour arp",
    "ip-route": "r ro rou rout route routes",
    "ip-rule": "ru rul rule rules",
    "ip-maddr": "m ma mad madd maddr maddrs maddress",
    "ip-nexthop": "nex next nexth nexthop",
    "ip-addrlabel": "addrl addrlabel",
}
_OBJECT = {word: fact for fact, words in _OBJECTS.items() for word in words.split()}
_IP_NOT = frozenset(
    [
        "netns",
        "netconf",
        "mroute",
        "mrule",
        "monitor",
        "tunnel",
        "tuntap",
        "tunap",
        "vrf",
        "macsec",
        "xfrm",
        "token",
        "tcp_metrics",
        "l2tp",
        "sr",
        "ila",
        "ioam",
        "mptcp",
    ]
)
_ROUTE_NOT = frozenset(["get", "cache", "add", "del", "delete", "flush", "replace", "change", "append"])
_PROC = {
    "route": "proc-route",
    "ipv6_route": "proc-ipv6-route",
    "if_inet6": "proc-if-inet6",
    "fib_trie": "proc-fib-trie",
    "arp": "proc-arp",
    "tcp": "proc-tcp",
    "tcp6": "proc-tcp6",
    "udp": "proc-udp",
    "udp6": "proc-udp6",
    "nf_conntrack": "conntrack",
    "ip_conntrack": "conntrack",
    "nf_conntrack_expect": "conntrack-expect",
}
_VERBS = frozenset(
    [
        "add",
        "del",
        "delete",
        "flush",
        "set",
        "replace",
        "change",
        "append",
        "up",
        "down",
        "monitor",
        "help",
        "exec",
        "start",
        "stop",
        "run",
        "logs",
        "create",
        "rm",
        "rmi",
        "pull",
        "push",
    ]
)
_IP_OPTIONS = frozenset(
    [
        "4",
        "6",
        "0",
        "d",
        "s",
        "j",
        "p",
        "o",
        "br",
        "brief",
        "json",
        "details",
        "det",
        "pretty",
        "stats",
        "statistics",
        "st",
        "stat",
        "oneline",
        "c",
        "color",
        "nc",
        "n",
        "t",
        "ts",
        "h",
        "human",
        "f",
        "inet",
        "inet6",
        "family",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a file holds: the namespace, the fact, the IP family (0: both or none), whether it is JSON, the words of its name.

    `table` is the iptables table that a listing shows; `partial` marks output that shows a part of the fact only (`ip route` without
    `table all`, `iptables -L DOCKER`).
    """

    netns: str
    fact: str
    family: int
    json: bool
    words: tuple[str, ...]
    table: str = ""
    partial: bool = False


def command(line: str) -> Place | None:
    """What the output of a typed command line is; None for one that tells nothing of the model."""
    return _of_words(_typed(line))


def place(path: str) -> Place | None:
    """What a file holds, by its path; None for a file that tells nothing of the model."""
    parts = path.split("/")
    if parts[-1].endswith((".err", ".stderr")) or ("sys" in parts[:-1] and "proc" in parts[:-1]):
        return None
    stem, is_json = parts[-1], False
    while stem.lower().endswith(_SUFFIXES):
        stem, _, suffix = stem.rpartition(".")
        is_json = is_json or suffix == "json"
    found = _proc(parts) or _of_words(_named(stem))
    if found is None:
        return None
    netns = found.netns if found.netns != HOST else _netns(parts)
    return Place(netns, found.fact, found.family, is_json or found.json, found.words, found.table, found.partial)


def _typed(line: str) -> list[str]:
    """The words of a command line, up to a pipe or redirection."""
    words = re.split(r"\s*(?:[|;>&]|2>)", line.strip().strip("`\"'"), maxsplit=1)[0].split()
    return [word.strip("`\"'") for word in words]


def _named(stem: str) -> list[str]:
    """The words of a file's name: `_` and spaces part them, else `-`; sosreport writes `/` as `.`."""
    stem = stem.strip()
    proc = re.fullmatch(r"proc[-_.](?:net[-_.])?(\w+)", stem)
    if proc is not None:
        return ["cat", "/proc/net/" + proc[1]]
    if re.search(r"[_ ]", stem):
        words = [word for word in re.split(r"[_ ]+", stem) if word]
        if words[0].lower() in _TOOLS or not any(len(w.split("-")) > 2 or ("-" in w and w[0] != "-" and w.split("-")[0] in _TOOLS) for w in words):
            return words
    return [word for word in re.split(r"[-_ .]+", stem) if word]


def _of_words(words: Sequence[str]) -> Place | None:
    """The fact behind a command's words: what wraps the command is taken off first."""
    netns = HOST
    rest = [word for word in words if word]
    for _ in range(4):
        rest, inner = _unwrapped(rest)
        netns = inner or netns
    while rest and _tool(rest) is None and len(rest) > 1:
        if rest[0].lower() in ("after", "before", "err"):
            return None
        rest = rest[1:]  # `01-ip-addr`, `web-ip-addr`, `myhost_iptables-save`
    tool = _tool(rest)
    if tool is None:
        return None
    name, arguments = tool
    low = [word.lower() for word in arguments]
    found = _fact(name, arguments, low)
    if found is None:
        return None
    fact, family, is_json, table, partial = found
    every = tuple(part for word in rest for part in re.split(r"[-_. ]+", word.lower()) if part)
    return Place(_namespace_option(name, arguments) or netns, fact, family, is_json, every, table, partial)


def _unwrapped(words: list[str]) -> tuple[list[str], str | None]:
    """Without `sudo`, `ip netns exec NS`, `nsenter ...`, `docker exec C`, `VAR=x`, a path before the tool."""
    low = [word.lower() for word in words]
    if low[:1] and low[0] in ("sudo", "time", "busybox", "doas", "command", "exec", "timeout"):
        skip = 2 if low[0] == "timeout" else 1
        while skip < len(words) and words[skip].startswith("-"):
            skip += 1
        return words[skip:], None
    if low[:3] == ["ip", "netns", "exec"] and len(words) > 4:
        end = next((i for i in range(5, len(words)) if words[i] in _TOOLS), 4) if words[4] not in _TOOLS else 4
        return words[end:], "_".join(words[3:end])
    if len(low) > 2 and low[0] in ("docker", "podman", "nerdctl", "crictl") and low[1] == "exec":
        rest = [word for word in words[2:] if not word.startswith("-")]
        return rest[1:], rest[0] if rest else None
    if low[:1] == ["nsenter"]:
        end = next((i for i in range(1, len(words)) if words[i].rpartition("/")[2] in _TOOLS), len(words))
        return words[end:], "-".join(re.findall(r"\d+", " ".join(words[1:end])) and ["pid", *re.findall(r"\d+", " ".join(words[1:end]))[:1]])
    if words and re.match(r"^[A-Z_]+=", words[0]):
        return words[1:], None
    if words and "/" in words[0] and words[0].rpartition("/")[2] in _TOOLS:
        return [words[0].rpartition("/")[2], *words[1:]], None
    return words, None


def _tool(words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The tool and its arguments; `iptables legacy save` (from a name parted at dashes) is put together again."""
    if not words:
        return None
    first = words[0].lower().rpartition("/")[2]
    if first not in _TOOLS and first.rpartition(".")[2] in _TOOLS:
        first = first.rpartition(".")[2]  # sosreport's `.usr.sbin.iptables`
    if first in ("iptables", "ip6tables"):
        taken = 1
        while taken < len(words) and words[taken].lower() in ("legacy", "nft", "save"):
            first += "-" + words[taken].lower()
            taken += 1
        return (first, list(words[taken:])) if first in _TOOLS else None
    return (first, list(words[1:])) if first in _TOOLS else None


def _namespace_option(name: str, words: Sequence[str]) -> str | None:
    """`ip -n NS` and `ip -netns NS`, `bridge -n NS`."""
    if name in ("ip", "bridge"):
        for option, value in pairwise(words):
            if option in ("-n", "-netns", "--netns"):
                return value
    return None


_Found = tuple[str, int, bool, str, bool]  # fact, family, JSON, table, partial


def _fact(name: str, words: list[str], low: list[str]) -> _Found | None:
    """The fact that a tool prints with these arguments."""
    bare = {word.lstrip("-") for word in low}
    if name == "ip":
        return _ip(words, low)
    if name == "bridge":
        return _bridge(low, bare)
    if name.startswith(("iptables", "ip6tables")):
        return _iptables(name, words, low)
    if name in ("docker", "podman", "nerdctl", "crictl"):
        return _containers(low, bare)
    if name == "cat":
        path = next((word for word in words if "/proc/" in word), "")
        leaf = path.rpartition("/")[2]
        return (
            (_PROC[leaf], 6 if "6" in leaf else 4 if leaf != "nf_conntrack" else 0, False, "", False) if "/net/" in path and leaf in _PROC else None
        )
    return _others(name, low, bare)


def _ip(words: list[str], low: list[str]) -> _Found | None:
    skip = {index + 1 for index, word in enumerate(low) if word in ("-n", "-netns", "--netns", "-f", "-family", "--family")}
    rest = [(index, word) for index, word in enumerate(low) if index not in skip and not word.startswith("-")]
    while rest and rest[0][1] in _IP_OPTIONS and ((len(rest) > 1 and rest[0][1] not in ("n", "s")) or rest[0][1] not in _OBJECT):
        rest = rest[1:]
    if not rest or rest[0][1] in _IP_NOT or rest[0][1] not in _OBJECT:
        return None
    if rest[0][1] == "n" and len(rest) > 1 and len(rest[1][1]) > 1 and rest[1][1] in _OBJECT:
        rest = rest[1:]  # a name made of `ip -N route`
    fact = _OBJECT[rest[0][1]]
    after = {word for _, word in rest[1:]}
    if after & (_ROUTE_NOT if fact == "ip-route" else _VERBS) or "noarp" in after or ("proxy" in after and fact == "ip-neigh"):
        return None
    if fact == "ip-rule" and "get" in after:
        return None
    before = {word.lstrip("-") for index, word in enumerate(low) if index < rest[0][0] or word.startswith("-")}
    family = 6 if before & {"6", "inet6"} or "-6" in low or "inet6" in low else 4 if before & {"4", "inet"} or "inet" in low else 0
    is_json = any(re.fullmatch(r"-{0,2}j(son)?p?|-jp|-pj", word) for word in low if word.startswith("-") or word in ("j", "json"))
    partial = (fact == "ip-route" and not {"all"} <= after and not {"0"} <= after) or bool(
        after & {"dev", "table", "master", "type", "to", "match", "exact", "root"} - ({"table"} if after & {"all", "0"} else set())
    )
    return fact, family, bool(is_json), "", partial


def _bridge(low: list[str], bare: set[str]) -> _Found | None:
    kind = next((word for word in ("fdb", "vlan", "vlans", "link", "links", "l") if word in bare), None)
    if (
        kind is None
        or bare & {"mdb", "vni", "mst"}
        or bare & _VERBS
        or (kind.startswith("vlan") and bare & {"s", "stats", "statistics", "tunnelshow", "global"})
    ):
        return None
    fact = {"fdb": "bridge-fdb", "vlan": "bridge-vlan", "vlans": "bridge-vlan"}.get(kind, "bridge-link")
    return fact, 0, "j" in bare or "json" in bare or "jp" in bare, "", bool(bare & {"dev", "br"})


def _iptables(name: str, words: list[str], low: list[str]) -> _Found | None:
    family = 6 if name.startswith("ip6") else 4
    base = "ip6tables" if family == 6 else "iptables"
    table = next((low[i + 1] for i, word in enumerate(low[:-1]) if word in ("-t", "--table", "t", "table")), "")
    table = table or next((word for word in low if word in ("nat", "mangle", "raw", "security", "filter")), "")
    if name.endswith("save"):
        return base, family, False, table, False
    letters = "".join(word.lstrip("-") for word in words if re.fullmatch(r"-?[nvxLSt46]+", word) and word not in ("t", "-t"))
    if "S" in letters or "--list-rules" in low:
        return base, family, False, table or "filter", _names_a_chain(words)
    if "L" in letters or "l" in low or "--list" in low or "list" in low or re.search(r"[nvx]{0,3}l[nvx]{0,3}", " ".join(low)):
        return f"{base}-list", family, False, table or ("filter" if "L" in letters or "--list" in low else ""), _names_a_chain(words)
    if not low or set(low) <= {"nat", "mangle", "raw", "security", "filter", "t", "n", "v", "x", "rules"}:
        return f"{base}-list", family, False, table, False
    return None


def _names_a_chain(words: list[str]) -> bool:
    """`iptables -L DOCKER` shows one chain only."""
    position = next((i for i, word in enumerate(words) if re.fullmatch(r"-[nvx46]*[LS][nvx46]*|--list|--list-rules", word)), None)
    return position is not None and position + 1 < len(words) and not words[position + 1].startswith("-")


def _containers(low: list[str], bare: set[str]) -> _Found | None:
    if "pods" in bare or bare & {"image", "images", "volume", "volumes"}:
        return None
    if "network" in bare or "networks" in bare:
        return ("docker-network-inspect", 0, True, "", False) if "inspect" in bare else None
    return ("docker-inspect", 0, True, "", False) if bare & {"inspect", "inspectp"} else None


def _others(name: str, low: list[str], bare: set[str]) -> _Found | None:
    letters = "".join(word.lstrip("-") for word in low if word.startswith("-") or len(word) < 7)
    if name == "ipset":
        return (
            None
            if bare & (_VERBS | {"test"})
            else ("ipset-list" if bare & {"list", "l"} else "ipset", 0, False, "", bool(bare & {"n", "t", "name", "terse"}))
        )
    if name == "conntrack":
        return (
            None
            if bare & {"s", "stats", "c", "count", "e", "events", "dying", "unconfirmed"}
            else ("conntrack-expect", 0, False, "", False) if "expect" in bare
            else ("conntrack", 6 if "ipv6" in bare or "6" in bare else 4 if "4" in bare else 0, False, "", False)
        )
    if name == "nft":
        return (
            ("nft", 0, "j" in bare or "json" in bare, "", "ruleset" not in bare)
            if bare & {"ruleset", "tables", "table"} and "flush" not in bare
            else None
        )
    if name == "brctl":
        return next(
            (("brctl-" + fact, 0, False, "", False) for word, fact in (("showmacs", "macs"), ("showstp", "stp"), ("show", "show")) if word in bare),
            None,
        )
    if name == "netstat":
        if ("s" in letters and not set(letters) & set("ltupa")) or "g" in letters or bare & {"stats", "statistics"}:
            return None
        return ("netstat-r", 6 if "6" in low or "-6" in low else 4, False, "", False) if "r" in letters else ("netstat-l", 0, False, "", False)
    if name == "route":
        return None if bare & _VERBS else ("route", 6 if bare & {"6", "inet6"} or "6" in letters else 4, False, "", False)
    if name == "ss":
        return None if bare & {"s", "summary"} else ("ss", 0, False, "", False)
    return ({"sysctl": "sysctl", "ifconfig": "ifconfig", "arp": "arp"}[name], 0, False, "", False) if name in ("sysctl", "ifconfig", "arp") else None


def _proc(parts: list[str]) -> Place | None:
    """`proc/net/route` in a bundle that copied /proc."""
    if len(parts) >= 3 and parts[-2] == "net" and "proc" in parts and parts[-1] in _PROC:
        return Place(HOST, _PROC[parts[-1]], 6 if "6" in parts[-1] else 4 if "conntrack" not in parts[-1] else 0, False, ("proc", parts[-1]))
    return None


def _netns(parts: list[str]) -> str:
    """The namespace that a file belongs to: the folder below `netns`, else its own folder; `once` and the top are the host's."""
    folders = parts[:-1]
    if "netns" in folders and folders.index("netns") + 1 < len(folders):
        return folders[folders.index("netns") + 1]
    if not folders or folders[-1] in ("once", "captures", "snap", "after", "before", "net"):
        return HOST
    return folders[-1]
