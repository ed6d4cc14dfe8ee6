"""Routing laid open: random tables and rules in a namespace, and the kernel's own answer to thousands of questions (RTM_GETROUTE).

    python -m tests.kernel.routing --seed N --family 4 -o tests/kernel/routes/NAME.json

A recording holds what the `ip` tools printed there and each question with its answer, so it needs no root to be asked again.
"""

import argparse
import errno
import ipaddress
import json
import random
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .netns import LabError, Namespace

RTM_GETROUTE, NLM_F_REQUEST, NLMSG_ERROR = 26, 1, 2
RTM_F_LOOKUP_TABLE, RTM_F_FIB_MATCH = 0x1000, 0x2000
DST, SRC, IIF, OIF, GATEWAY, PRIORITY, PREFSRC, TABLE, MARK, VIA, UID, IP_PROTO, SPORT, DPORT = 1, 2, 3, 4, 5, 6, 7, 15, 16, 18, 25, 27, 28, 29
TYPES = {1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
COMMANDS = {"ip-link.json": "ip -d -j link", "ip-addr.json": "ip -d -j addr", "ip-neigh.json": "ip -j neigh", "ip-nexthop.json": "ip -j nexthop",
            "ip-addrlabel.txt": "ip addrlabel", "ip-FAMILY-route.json": "ip -FAMILY -d -j route show table all",
            "ip-FAMILY-route.txt": "ip -FAMILY -d route show table all", "ip-FAMILY-rule.json": "ip -FAMILY -j rule",
            "ip-FAMILY-rule.txt": "ip -FAMILY rule"}
SETTINGS = ("rp_filter", "forwarding", "accept_local", "route_localnet", "src_valid_mark", "ignore_routes_with_linkdown", "send_redirects",
            "disable_ipv6", "use_tempaddr", "use_oif_addrs_only", "shared_media", "bc_forwarding")
Question = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class Recording:
    """What the host printed (by file name below `netns/host/`), the questions, and the kernel's answers."""

    name: str
    family: int
    commands: list[str]
    files: dict[str, str]
    asked: list[tuple[Question, Answer]]

    def dump(self) -> str:
        """As JSON, a question a line."""
        head = json.dumps({"name": self.name, "family": self.family, "commands": self.commands, "files": self.files}, indent=1)
        lines = ",\n  ".join(json.dumps(pair) for pair in self.asked)
        return head[:-2] + ',\n "asked": [\n  ' + lines + "]\n}\n"

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Read back."""
        whole = json.loads(path.read_text())
        return cls(whole["name"], whole["family"], whole["commands"], whole["files"], [(q, a) for q, a in whole["asked"]])


class Asker:
    """A netlink socket of a namespace: the kernel's routing decision for a question."""

    def __init__(self, space: Namespace, family: int) -> None:
        """Stands in the namespace only while the socket is made."""
        with space.inside():
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self.sock.bind((0, 0))
            self.index = {name: number for number, name in socket.if_nameindex()}
        self.names = {number: name for name, number in self.index.items()}
        self.family = family
        self.sequence = 0

    def close(self) -> None:
        """Give the socket back."""
        self.sock.close()

    def ask(self, question: Question) -> Answer:
        """Type, interface, gateway and source; and (fib match) the route's prefix, table and metric."""
        answer = self._one(question, 0)
        if not answer.get("errno"):
            matched = self._one(question, RTM_F_FIB_MATCH)
            answer |= {"match": matched.get("dst"), "match_table": matched.get("table"), "metric": matched.get("metric", 0)} if "errno" not in matched else {}
        return answer

    def _one(self, question: Question, flags: int) -> Answer:
        width = 4 if self.family == 4 else 16
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        attributes = self._attribute(DST, socket.inet_pton(family, question["dst"]))
        if "src" in question:
            attributes += self._attribute(SRC, socket.inet_pton(family, question["src"]))
        for name, kind in (("iif", IIF), ("oif", OIF)):
            if name in question:
                attributes += self._attribute(kind, struct.pack("=I", self.index[question[name]]))
        for name, kind in (("mark", MARK), ("uid", UID)):
            if name in question:
                attributes += self._attribute(kind, struct.pack("=I", question[name]))
        if "proto" in question:
            attributes += self._attribute(IP_PROTO, bytes([PROTOCOLS[question["proto"]]]))
        for name, kind in (("sport", SPORT), ("dport", DPORT)):
            if name in question:
                attributes += self._attribute(kind, struct.pack("!H", question[name]))
        body = struct.pack("=BBBBBBBBI", family, width * 8, width * 8 if "src" in question else 0, question.get("tos", 0), 0, 0, 0, 0,
                           RTM_F_LOOKUP_TABLE | flags) + attributes
        self.sequence += 1
        self.sock.send(struct.pack("=IHHII", 16 + len(body), RTM_GETROUTE, NLM_F_REQUEST, self.sequence, 0) + body)
        return self._read(self.sock.recv(1 << 16))

    @staticmethod
    def _attribute(kind: int, data: bytes) -> bytes:
        return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)

    def _read(self, data: bytes) -> Answer:
        length, kind, _, _, _ = struct.unpack_from("=IHHII", data)
        if kind == NLMSG_ERROR:
            number = -struct.unpack_from("=i", data, 16)[0]
            return {"errno": errno.errorcode.get(number, str(number))}
        _, prefix, _, tos, table, _, _, route_type, _ = struct.unpack_from("=BBBBBBBBI", data, 16)
        values = {}
        at = 28
        while at + 4 <= length:
            size, number = struct.unpack_from("=HH", data, at)
            values[number & 0x3FFF] = data[at + 4:at + size]
            at += (size + 3) & ~3
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6

        def address(number: int) -> str | None:
            return socket.inet_ntop(family, values[number]) if number in values else None

        gateway = address(GATEWAY)
        if gateway is None and VIA in values:
            gateway = socket.inet_ntop(socket.AF_INET6, values[VIA][2:])
        any_address = "0.0.0.0" if self.family == 4 else "::"
        return {"type": TYPES.get(route_type, str(route_type)), "oif": self.names.get(struct.unpack("=I", values[OIF])[0]) if OIF in values else None,
                "gw": gateway, "src": address(PREFSRC), "table": struct.unpack("=I", values[TABLE])[0] if TABLE in values else table,
                "dst": f"{address(DST) or any_address}/{prefix}", "metric": struct.unpack("=I", values[PRIORITY])[0] if PRIORITY in values else 0, "tos": tos}


def snapshot(space: Namespace, family: int) -> dict[str, str]:
    """What the collector would save of routing, by file name."""
    files = {name.replace("FAMILY", str(family)): space.run(*command.replace("FAMILY", str(family)).split(), check=False)
             for name, command in COMMANDS.items()}
    lines = []
    with space.inside():
        for version in (4, 6):
            for folder in sorted(Path(f"/proc/sys/net/ipv{version}/conf").iterdir()):
                for name in SETTINGS:
                    if (folder / name).exists():
                        lines.append(f"net.ipv{version}.conf.{folder.name.replace('.', '/')}.{name} = {(folder / name).read_text().strip()}")
        for name in ("ip_forward", "fib_multipath_hash_policy", "fib_multipath_use_neigh"):
            lines.append(f"net.ipv4.{name} = {Path(f'/proc/sys/net/ipv4/{name}').read_text().strip()}")
    return files | {"sysctl.txt": "\n".join(lines) + "\n"}


class Lab:
    """A host with four interfaces (one without carrier, one down) and random addresses, routes and rules."""

    def __init__(self, name: str, family: int, commands: list[str], sysctl: dict[str, str | int]) -> None:
        """Bring it up; `commands` are `ip` command lines, those that the kernel refuses are passed over."""
        self.family = family
        self.host = Namespace(f"{name}h")
        self.peer = Namespace(f"{name}p")
        self.host.sysctl({"ipv6.conf.default.accept_dad": 0, "ipv6.conf.default.addr_gen_mode": 1, "ipv6.conf.default.router_solicitations": 0,
                          "ipv4.conf.all.rp_filter": 0, "ipv4.conf.default.rp_filter": 0})
        self.host.batch(["link set lo up", *(f"link add eth{n} type veth peer name eth{n} netns {self.peer.name}" for n in range(5))])
        self.host.batch([f"link set eth{n} up" for n in range(5)])
        self.peer.batch([f"link set eth{n} up" for n in range(4)])
        self.host.sysctl(sysctl)
        self.refused = [command for command in commands if not self._run(command)]

    def _run(self, command: str) -> bool:
        try:
            self.host.run("ip", f"-{self.family}", *command.split())
        except LabError:
            return False
        return True

    def close(self) -> None:
        """Take it down."""
        self.host.remove()
        self.peer.remove()


class Maker:
    """Random worlds and questions of one seed."""

    def __init__(self, seed: int, family: int) -> None:
        """The same seed gives the same world."""
        self.random = random.Random(f"{seed} {family}")
        self.family = family
        self.pool: list[Any] = []
        self.devices = ["eth0", "eth1", "eth2", "eth3", "eth4"]
        self.held: list[str] = []
        self.gateways: list[tuple[str, str]] = []

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.random.randrange(100) < percent

    def network(self) -> Any:
        """A prefix: new, or inside or around one that is there."""
        bits = 32 if self.family == 4 else 128
        low = 8 if self.family == 4 else 32
        if self.pool and self.chance(70):
            base = self.random.choice(self.pool)
            length = min(bits, max(low, base.prefixlen + self.random.choice([-8, -4, 0, 1, 2, 4, 8])))
            address = int(base.network_address) | self.random.getrandbits(bits - base.prefixlen) if base.prefixlen < bits else int(base.network_address)
        else:
            length = self.random.choice([8, 12, 16, 20, 24, 28, 30, 32] if self.family == 4 else [32, 40, 48, 56, 64, 64, 96, 128])
            start = int(ipaddress.ip_address(self.random.choice(["10.0.0.0", "10.0.0.0", "172.16.0.0", "203.0.0.0"] if self.family == 4 else
                                                                ["2001:db8::", "2001:db8::", "fd00::"])))
            address = start | self.random.getrandbits(24 if self.family == 4 else 90)
        made = ipaddress.ip_network((address >> (bits - length) << (bits - length), length))
        self.pool.append(made)
        return made

    def address(self) -> str:
        """One of the host's, a neighbour, in some prefix, or odd."""
        if self.held and self.chance(15):
            return self.random.choice(self.held)
        if self.gateways and self.chance(15):
            return self.random.choice(self.gateways)[0]
        if self.chance(6):
            return self.random.choice(["127.0.0.1", "127.5.5.5", "255.255.255.255", "224.0.0.5", "239.1.1.1", "0.0.0.0", "0.1.2.3", "169.254.1.1", "240.0.0.1"]
                                      if self.family == 4 else ["::1", "fe80::5", "ff02::1", "ff0e::9", "2002::1", "fe80::200:ff:fe00:1"])
        if self.pool and self.chance(92):
            base = self.random.choice(self.pool)
            bits = base.max_prefixlen - base.prefixlen
            host = self.random.choice([0, 1, (1 << bits) - 1, self.random.getrandbits(bits) if bits else 0]) if bits else 0
            return str(base.network_address + min(host, (1 << bits) - 1))
        return str(ipaddress.ip_address(self.random.getrandbits(32 if self.family == 4 else 128)))

    def commands(self) -> list[str]:
        """Addresses, neighbours, nexthops, routes and rules."""
        lines = []
        for device in self.devices:
            for _ in range(self.random.randrange(1, 4)):
                net = self.network()
                while net.prefixlen > net.max_prefixlen - 2:
                    net = self.network()
                own = net.network_address + self.random.randrange(1, 3)
                scope = self.random.choice(["", "", "", "", " scope link", " scope host", " scope site", " scope 150"]) if self.family == 4 else ""
                peer = ""
                extra = (" brd +" if self.chance(70) else "") if self.family == 4 else " nodad" + self.random.choice(["", "", " preferred_lft 0", " noprefixroute"])
                lines.append(f"addr add {own}{peer}/{net.prefixlen}{extra} dev {device}{scope}")
                self.held.append(str(own))
                for number in range(3, 6):
                    if net.num_addresses > number + 1:
                        self.gateways.append((str(net.network_address + number), device))
                if self.chance(40) and net.prefixlen < net.max_prefixlen - 3:
                    second = net.network_address + self.random.randrange(6, 9)
                    if second in net:
                        lines.append(f"addr add {second}/{net.prefixlen} dev {device}" + ("" if self.family == 4 else " nodad"))
                        self.held.append(str(second))
        if self.chance(40):
            lo = self.network()
            lines.append(f"addr add {lo.network_address + (1 if lo.num_addresses > 1 else 0)}/{lo.max_prefixlen} dev lo")
        self.random.shuffle(self.gateways)
        lines += self._nexthops()
        lines += [self._route() for _ in range(self.random.randrange(10, 60))]
        if self.chance(70):
            lines += [self._rule() for _ in range(self.random.randrange(1, 12))]
            if self.chance(30):
                lines.append("rule add pref 30000 lookup local")
                lines.append("rule del pref 0")
        return lines

    def _nexthops(self) -> list[str]:
        lines = []
        for number in range(1, 5):
            gateway, device = self.random.choice(self.gateways)
            lines.append(self.random.choice([f"nexthop add id {number} via {gateway} dev {device}", f"nexthop add id {number} dev {device}",
                                             f"nexthop add id {number} via {gateway} dev {device} onlink", f"nexthop add id {number} blackhole"]))
        lines.append("nexthop add id 10 group 1/2")
        lines.append("nexthop add id 11 group 3,2/4,5")
        return lines

    def _way(self) -> str:
        gateway, device = self.random.choice(self.gateways)
        match self.random.randrange(12):
            case 0 | 1:
                return f"dev {self.random.choice(self.devices)}"
            case 2:
                return f"nhid {self.random.choice([1, 2, 3, 4, 10, 11])}"
            case 3:
                other, there = self.random.choice(self.gateways)
                return f"nexthop via {gateway} dev {device} weight {self.random.randrange(1, 4)} nexthop via {other} dev {there}"
            case 4:
                return f"via {self.address()} dev {self.random.choice(self.devices)} onlink"
            case _:
                return f"via {gateway} dev {device}"

    def _route(self) -> str:
        target = "default" if self.chance(15) else str(self.network())
        kinds = ["unicast"] * 12 + ["blackhole", "unreachable", "prohibit", "throw"]
        kind = self.random.choice(kinds + (["local", "broadcast" if self.family == 4 else "anycast"] if target != "default" else []))
        words = [f"route {self.random.choice(['add', 'append'])} {kind} {target}"]
        if kind == "unicast":
            words.append(self._way())
        elif kind in ("local", "broadcast", "anycast"):
            words.append(f"dev {self.random.choice([*self.devices[:4], 'lo'])}")
        if self.chance(25):
            words.append(f"metric {self.random.choice([5, 10, 10, 100, 1024])}")
        if self.chance(35):
            words.append(f"table {self.random.choice([100, 100, 101, 102, 103, 'local', 'main', 'default'])}")
        if self.chance(8) and self.family == 4:
            words.append(f"tos {self.random.choice(['0x08', '0x10', '0x04', '0x1c'])}")
        if self.chance(10) and kind == "unicast":
            words.append(f"src {self.random.choice(self.held)}")
        if self.chance(10) and self.family == 4 and kind == "unicast":
            words.append(f"scope {self.random.choice(['link', 'global'])}")
        if self.family == 6:
            if self.chance(15):
                words.insert(1, f"from {self.network()}")
            if self.chance(10) and kind == "unicast":
                words.append(f"pref {self.random.choice(['low', 'high', 'medium'])}")
        return " ".join(words)

    def _rule(self) -> str:
        words = ["rule add", f"pref {self.random.choice([0, 1, 5, 10, 20, 20, 50, 100, 1000, 20000, 32765, 32766, 32767, 33000])}"]
        if self.chance(12):
            words.insert(1, "not")
        if self.chance(45):
            words.append(f"from {self.network()}")
        if self.chance(35):
            words.append(f"to {self.network()}")
        if self.chance(20):
            words.append(f"iif {self.random.choice([*self.devices, 'lo', 'gone0'])}")
        if self.chance(10):
            words.append(f"oif {self.random.choice([*self.devices, 'lo'])}")
        if self.chance(25):
            words.append(f"fwmark {self.random.choice(['1', '0x10/0xf0', '0x1/0x3', '0x100/0xf'])}")
        if self.chance(12):
            words.append(f"tos {self.random.choice(['0x08', '0x10', '0x1c'])}")
        if self.chance(18):
            words.append(f"ipproto {self.random.choice(['tcp', 'udp', 'icmp'])}")
        if self.chance(12):
            words.append(f"dport {self.random.choice(['80', '1000-2000'])}")
        if self.chance(8):
            words.append(f"sport {self.random.choice(['53', '1000-40000'])}")
        if self.chance(10):
            words.append(f"uidrange {self.random.choice(['0-0', '1000-1000', '0-999', '1-65534'])}")
        match self.random.randrange(10):
            case 0:
                words.append(self.random.choice(["blackhole", "unreachable", "prohibit"]))
            case 1:
                words.append(f"goto {self.random.choice([100, 1000, 32766, 33000, 40000])}")
            case 2:
                words.append("nop")
            case _:
                words.append(f"lookup {self.random.choice([100, 101, 102, 103, 'main', 'local', 'default', 200])}")
                if self.chance(20):
                    words.append(f"suppress_prefixlength {self.random.choice([0, 8, 16, 24, 32])}")
                if self.chance(8):
                    words.append(f"suppress_ifgroup {self.random.choice([0, 5])}")
        return " ".join(words)

    def sysctl(self) -> dict[str, str | int]:
        """Forwarding, rp_filter and their like, for all and for some interfaces."""
        values: dict[str, str | int] = {"ipv4.conf.all.forwarding": int(self.chance(85)), "ipv6.conf.all.forwarding": int(self.chance(60))}
        for device in ["all", *self.devices]:
            for name, percent, choices in (("rp_filter", 40, [0, 1, 2]), ("accept_local", 15, [1]), ("route_localnet", 15, [1]), ("src_valid_mark", 20, [1]),
                                           ("ignore_routes_with_linkdown", 25, [1]), ("send_redirects", 30, [0, 1])):
                if self.chance(percent):
                    values[f"ipv4.conf.{device}.{name}"] = self.random.choice(choices)
            if self.chance(25):
                values[f"ipv6.conf.{device}.ignore_routes_with_linkdown"] = 1
            if device != "all" and self.chance(10):
                values[f"ipv4.conf.{device}.forwarding"] = self.random.choice([0, 1])
        return values

    def question(self) -> Question:
        """What `ip route get` could be asked."""
        made: Question = {"dst": self.address()}
        incoming = self.chance(55)
        if incoming:
            made["iif"] = self.random.choice(self.devices[:4])
            made["src"] = self.address()
            if self.family == 6:
                made["uid"] = 0  # what a packet from a wire has
        else:
            if self.chance(50):
                made["src"] = self.random.choice(self.held) if self.chance(90) else self.address()
            if self.chance(15):
                made["oif"] = self.random.choice([*self.devices, "lo"])
            made["uid"] = self.random.choice([0, 0, 1000, 7])
        if self.chance(30):
            made["mark"] = self.random.choice([1, 0x10, 0x11, 0x105, 0x100])
        if self.chance(20):
            made["tos"] = self.random.choice([0x08, 0x10, 0x1C, 0x04, 0xB8, 0x28] if self.family == 6 else [0x08, 0x10, 0x1C, 0x04])
        if self.chance(50):
            made["proto"] = self.random.choice(["tcp", "udp", "icmp" if self.family == 4 else "icmpv6"])
            if made["proto"] in ("tcp", "udp"):
                made["sport"] = self.random.choice([53, 1500, 50000])
                made["dport"] = self.random.choice([80, 1500, 443])
        return made


def differences(recording: Recording) -> tuple[list[str], int]:
    """Where a replay of the recording disagrees and is certain, as text for a person; and how many answers were not certain."""
    from snapshot.build import build
    from snapshot.raw import RawFile, RawSnapshot
    from visualize.datapath.machine import Machine

    files = {f"netns/host/{name}": RawFile(f"netns/host/{name}", text.encode()) for name, text in recording.files.items() if text.strip()}
    stack = Machine(build(RawSnapshot(recording.name, files)).host).stack("host")
    assert stack is not None
    wrong, uncertain = [], 0
    for question, answer in recording.asked:
        ours, doubts = reply(stack, question)
        kernel = _comparable(answer, question)
        if doubts:
            uncertain += 1
        elif ours != kernel:
            wrong.append(f"{json.dumps(question)}\n    kernel: {kernel} {json.dumps(answer)}\n    replay: {ours}")
    return wrong, uncertain


def _comparable(answer: Answer, question: Question) -> tuple[Any, ...]:
    if "errno" in answer or answer["type"] in ("blackhole", "unreachable", "prohibit"):
        return ("refused",)
    if "iif" in question and answer["type"] != "unicast":
        return (answer["type"],)
    source = answer["src"] if "iif" not in question and "src" not in question else None
    return (answer["type"], answer["oif"], answer["gw"], source)


def reply(stack: Any, question: Question) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """What the datapath says, in the form that `_comparable` makes of the kernel's answer, and its doubts."""
    from visualize.datapath import incoming, outgoing
    from visualize.datapath.routing import Query
    from visualize.packet.packet import Packet

    dst, src = ipaddress.ip_address(question["dst"]), ipaddress.ip_address(question["src"]) if "src" in question else None
    protocol = PROTOCOLS[question["proto"]] if "proto" in question else 17 if dst.version == 4 else 59  # what the kernel takes
    if "iif" in question:
        assert src is not None
        packet = Packet(src, dst, protocol, 64, question.get("tos", 0), length=60, mark=question.get("mark", 0), sport=question.get("sport"), dport=question.get("dport"))
        decision = incoming.decide(stack, question["iif"], packet)
    else:
        query = Query(dst, src, None, question.get("oif"), question.get("mark", 0), question.get("tos", 0), protocol if "proto" in question or dst.version == 4 else None, question.get("sport"),
                      question.get("dport"), question["uid"])
        decision = outgoing.route_output(stack, query, any_source=False)
    result = decision.result
    doubts = result.doubts if result is not None else ()
    if "iif" in question and dst.is_multicast and not decision.refused:
        return ("multicast",), ("whether the group was joined is not captured",)
    if decision.refused or (result is not None and not result.found):
        return ("refused",), doubts
    if "iif" in question and (result is None or result.type.value != "unicast"):
        return (result.type.value if result is not None else "broadcast",), doubts
    assert result is not None
    out = outgoing.out_device(stack, result) if "iif" not in question else result.device
    gateway = str(result.nexthop.gateway) if result.nexthop.gateway is not None else None
    source = str(decision.source) if "iif" not in question and "src" not in question else None
    return (result.type.value, out, gateway, source), doubts


def record(seed: int, family: int, questions: int, prefix: str = "ppkr") -> Recording:
    """Make the world of a seed, ask, and take it down. Needs root."""
    maker = Maker(seed, family)
    commands = maker.commands()
    lab = Lab(f"{prefix}{seed}-{family}", family, commands, maker.sysctl())
    try:
        files = snapshot(lab.host, family)
        asker = Asker(lab.host, family)
        asked = []
        for _ in range(questions):
            question = maker.question()
            asked.append((question, asker.ask(question)))
        asker.close()
        return Recording(f"seed-{seed}-v{family}", family, [c for c in commands if c not in lab.refused], files, asked)
    finally:
        lab.close()


def main(arguments: list[str] | None = None) -> int:
    """The recorder's command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.routing", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--family", type=int, choices=(4, 6), default=4)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    recording = record(options.seed, options.family, options.questions)
    options.output.write_text(recording.dump())
    sys.stdout.write(f"{options.output}: {len(recording.asked)} questions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
