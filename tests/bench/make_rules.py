"""A ruleset as kube-proxy writes it: N services with three endpoints each, 11 rules a service; and the little that a snapshot needs beside it.

    python tests/bench/make_rules.py 10000 FOLDER     makes a snapshot folder of 110,000 rules
"""

import sys
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

ADDRESSES = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 scope global eth0
3: cni0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.244.0.1/16 scope global cni0
"""
HEAD = ['-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING', "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0", '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully']
BASE = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
OWN = ("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ")


def chain(kind: str, text: str) -> str:
    """`KUBE-SVC-` and 16 letters of a hash, as kube-proxy names chains."""
    return f"KUBE-{kind}-{b32encode(sha256(text.encode()).digest()).decode()[:16]}"


def cluster_ip(number: int) -> str:
    """The address of a service."""
    return f"10.{96 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def endpoint(number: int) -> str:
    """Address and port of a pod."""
    return f"10.244.{number // 250 % 250}.{number % 250 + 2}:{8080 + number // 62500}"


def service(number: int) -> Iterator[tuple[str, str]]:
    """(chain, rule) of one service: its portal, its chain, and two rules an endpoint."""
    name, address, port = f"ns{number % 97}/svc-{number}:http", cluster_ip(number), 80 if number % 3 else 443
    mine = chain("SVC", name)
    portal = f'-d {address}/32 -p tcp -m comment --comment "{name} cluster IP" -m tcp --dport {port}'
    yield "KUBE-SERVICES", f"{portal} -j {mine}"
    yield mine, f"! -s 10.244.0.0/16 {portal} -j KUBE-MARK-MASQ"
    for index in range(3):
        target = endpoint(number * 3 + index)
        pod = chain("SEP", name + target)
        share = f"-m statistic --mode random --probability {1 / (3 - index):.11f} " if index < 2 else ""
        yield mine, f'-m comment --comment "{name} -> {target}" {share}-j {pod}'
        yield pod, f'-s {target.split(":")[0]}/32 -m comment --comment "{name}" -j KUBE-MARK-MASQ'
        yield pod, f'-p tcp -m comment --comment "{name}" -m tcp -j DNAT --to-destination {target}'


def ruleset(services: int) -> str:
    """The nat table, in the order in which iptables-save prints it."""
    rules: dict[str, list[str]] = {name: [] for name in OWN}
    for number in Random(1).sample(range(services), services):
        for name, rule in service(number):
            rules.setdefault(name, []).append(rule)
    rules["KUBE-SERVICES"].append('-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
                                  "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS")
    names = [*OWN, *sorted(name for name in rules if name not in OWN)]
    lines = ["*nat", *(f":{name} ACCEPT [0:0]" for name in BASE), *(f":{name} - [0:0]" for name in names), *HEAD]
    lines += [f"-A {name} {rule}" for name in names for rule in rules[name]]
    return "\n".join([*lines, "COMMIT", ""])


def make(services: int, folder: Path) -> Path:
    """A snapshot folder; returns the ruleset's file."""
    host = folder / "netns" / "host"
    host.mkdir(parents=True, exist_ok=True)
    (host / "ip-addr.txt").write_text(ADDRESSES)
    (host / "iptables-legacy-save.txt").write_text(ruleset(services))
    return host / "iptables-legacy-save.txt"


if __name__ == "__main__":
    sys.stdout.write(f"{make(int(sys.argv[1]), Path(sys.argv[2]))}\n")
