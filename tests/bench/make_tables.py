"""Large tables of other kinds than iptables' rules, each with the little that a snapshot needs beside it.

    python tests/bench/make_tables.py ip-route 500000 FOLDER      also: conntrack, ipset, neighbours, nft
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))
from make_rules import ADDRESSES

_CHAINS = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"


def routes(count: int) -> dict[str, str]:
    """As many routes as a BGP table has, over 200 next hops."""
    bgp = (f"{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24 via 192.0.2.{1 + n % 200} dev eth0 proto bird metric 32\n" for n in range(count))
    return {"ip-route.txt": "default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10\n" + "".join(bgp)}


def connections(count: int) -> dict[str, str]:
    """Open connections, masqueraded."""
    def entry(n: int) -> str:
        inner, outer, port = f"10.{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}", f"198.51.100.{n & 255}", 1024 + n % 60000
        return (f"tcp      6 431999 ESTABLISHED src={inner} dst={outer} sport={port} dport=443 src={outer} dst=192.0.2.10 sport=443 dport={port} "
                "[ASSURED] mark=0 use=1\n")
    rules = f"*filter\n{_CHAINS}-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n"
    return {"conntrack-4.txt": "".join(map(entry, range(count))), "iptables-legacy-save.txt": rules}


def sets(count: int) -> dict[str, str]:
    """A set of addresses that a rule asks for."""
    rng = Random(1)
    members = "".join(f"add blocked {rng.randint(1, 223)}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n" for n in range(count))
    rules = f"*filter\n{_CHAINS}-A INPUT -m set --match-set blocked src -j DROP\nCOMMIT\n"
    return {"ipset-save.txt": f"create blocked hash:ip family inet hashsize 65536 maxelem {2 * count}\n{members}", "iptables-legacy-save.txt": rules}


def neighbours(count: int) -> dict[str, str]:
    """Neighbours and MAC addresses behind bridge ports."""
    macs = [f"02:42:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}" for n in range(count)]
    return {"ip-neigh.txt": "".join(f"10.244.{n >> 8 & 255}.{n & 255} dev cni0 lladdr {mac} REACHABLE\n" for n, mac in enumerate(macs)),
            "bridge-fdb.txt": "".join(f"{mac} dev eth0 master cni0\n" for mac in macs)}


def native(count: int) -> dict[str, str]:
    """A native nftables chain with a rule for each address."""
    def rule(n: int) -> dict[str, object]:
        match = {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": f"10.{96 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"}
        return {"rule": {"family": "ip", "table": "fw", "chain": "input", "handle": 10 + n, "expr": [{"match": match}, {"drop": None}]}}
    base = {"family": "ip", "table": "fw", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}
    return {"nft-ruleset.json": json.dumps({"nftables": [{"table": {"family": "ip", "name": "fw", "handle": 1}}, {"chain": base}, *map(rule, range(count))]})}


MAKERS: Mapping[str, Callable[[int], dict[str, str]]] = {"ip-route": routes, "conntrack": connections, "ipset": sets, "neighbours": neighbours, "nft": native}


def make(name: str, count: int, folder: Path) -> Path:
    """A snapshot folder; returns it."""
    host = folder / "netns" / "host"
    host.mkdir(parents=True, exist_ok=True)
    for file, text in {"ip-addr.txt": ADDRESSES, **MAKERS[name](count)}.items():
        (host / file).write_text(text)
    return folder


if __name__ == "__main__":
    sys.stdout.write(f"{make(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))}\n")
