"""Which fact a tool prints, by the arguments that it was given: the tables that names and command lines are looked up in."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOOLS = _words("""ip bridge brctl iptables ip6tables iptables-save ip6tables-save iptables-legacy ip6tables-legacy iptables-nft
    ip6tables-nft iptables-legacy-save ip6tables-legacy-save iptables-nft-save ip6tables-nft-save ipset conntrack ss sysctl
    nft docker podman nerdctl crictl ifconfig route arp netstat cat""")
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
_IP_NOT = _words("netconf mroute mrule monitor tunnel tuntap tunap vrf macsec xfrm token tcp_metrics l2tp sr ila ioam mptcp")
_ROUTE_NOT = _words("get cache add del delete flush replace change append")
_VERBS = _words("add del delete flush set replace change append up down monitor help exec start stop run logs create rm rmi pull push")
_IP_OPTIONS = _words("""4 6 0 d s j p o br brief json details det pretty stats statistics st stat oneline c color nc n t ts h human f inet inet6
    family""")
PROC = {
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
Found = tuple[str, int, bool, str, bool]  # fact, family, JSON, table, partial


def fact_of(name: str, words: list[str], low: list[str]) -> Found | None:
    """The fact that a tool prints with these arguments."""
    bare = {word.lstrip("-") for word in low}
    if name == "ip":
        return _ip(low)
    if name == "bridge":
        return _bridge(bare)
    if name.startswith(("iptables", "ip6tables")):
        return _iptables(name, words, low)
    if name in ("docker", "podman", "nerdctl", "crictl"):
        return _containers(low, bare)
    if name == "cat":
        path = next((word for word in words if "/proc/" in word), "")
        leaf = path.rpartition("/")[2]
        return (
            (PROC[leaf], 6 if "6" in leaf else 4 if leaf != "nf_conntrack" else 0, False, "", False) if "/net/" in path and leaf in PROC else None
        )
    return _others(name, low, bare)


def _ip(low: list[str]) -> Found | None:
    skip = {index + 1 for index, word in enumerate(low) if word in ("-n", "-netns", "--netns", "-f", "-family", "--family")}
    rest = [(index, word) for index, word in enumerate(low) if index not in skip and not word.startswith("-")]
    while rest and rest[0][1] in _IP_OPTIONS and ((len(rest) > 1 and rest[0][1] not in ("n", "s")) or rest[0][1] not in _OBJECT):
        rest = rest[1:]
    if rest and rest[0][1] == "netns":
        return None if {word for _, word in rest[1:]} & (_VERBS | {"identify", "pids", "attach"}) else ("ip-netns", 0, False, "", False)
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


def _bridge(bare: set[str]) -> Found | None:
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


def _iptables(name: str, words: list[str], low: list[str]) -> Found | None:
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


def _containers(low: list[str], bare: set[str]) -> Found | None:
    if "pods" in bare or bare & {"image", "images", "volume", "volumes"}:
        return None
    if "network" in bare or "networks" in bare:
        return ("docker-network-inspect", 0, True, "", False) if "inspect" in bare else None
    return ("docker-inspect", 0, True, "", False) if bare & {"inspect", "inspectp"} else None


def _others(name: str, low: list[str], bare: set[str]) -> Found | None:
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
