"""Random but seeded cases: rulesets that a kernel accepts, and sequences of packets that try them.  The same seed, the same case."""

import re
from dataclasses import dataclass, field
from random import Random

from .case import Case, Move

BUILT_IN = {"raw": ("PREROUTING", "OUTPUT"), "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
            "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"), "filter": ("INPUT", "FORWARD", "OUTPUT")}
KINDS = ("router", "router6", "bridge", "bridge-off", "bridge6", "local", "local6", "policy", "policy6", "both")
STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
PORTS = (22, 53, 80, 443, 8080)
SOURCE_PORTS = (1024, 33000, 40000)


@dataclass(frozen=True)
class Ground:
    """What a kind of world offers to rules and packets."""

    family: int
    interfaces: tuple[str, ...]
    peers: dict[str, tuple[str, ...]]  # interface -> the addresses behind it
    own: tuple[str, ...]
    nets: tuple[str, ...]
    nat: tuple[str, ...]  # addresses worth translating to
    loopback: str
    bridge: bool = False


ROUTER4 = Ground(4, ("eth0", "eth1", "eth2", "eth+"), {
    "eth0": ("10.1.0.2", "10.1.0.3"), "eth1": ("10.2.0.2", "10.2.0.3"), "eth2": ("198.51.100.80", "203.0.113.7", "203.0.113.200")},
    ("10.1.0.1", "10.2.0.1", "10.2.0.9", "198.51.100.10"), ("10.1.0.0/24", "10.2.0.0/24", "203.0.113.0/24", "10.0.0.0/8"),
    ("10.1.0.2", "10.2.0.2", "198.51.100.10", "10.2.0.9", "203.0.113.7"), "127.0.0.1")
ROUTER6 = Ground(6, ("eth0", "eth1", "eth2", "eth+"), {
    "eth0": ("2001:db8:1::2", "2001:db8:1::3"), "eth1": ("2001:db8:2::2", "2001:db8:2::3"),
    "eth2": ("2001:db8:64::80", "2001:db8:99::7", "2001:db8:99::8")},
    ("2001:db8:1::1", "2001:db8:2::1", "2001:db8:2::9", "2001:db8:64::10"), ("2001:db8:1::/64", "2001:db8:2::/64", "2001:db8:99::/64"),
    ("2001:db8:1::2", "2001:db8:2::2", "2001:db8:64::10", "2001:db8:2::9", "2001:db8:99::7"), "::1")
BRIDGE4 = Ground(4, ("docker0", "eth0", "veth1"), {
    "eth0": ("198.51.100.80", "203.0.113.7"), "veth1": ("172.17.0.2",), "veth2": ("172.17.0.3",), "veth3": ("172.17.0.4",)},
    ("172.17.0.1", "198.51.100.10"), ("172.17.0.0/16", "203.0.113.0/24"), ("172.17.0.2", "172.17.0.3", "198.51.100.10", "172.17.0.1"),
    "127.0.0.1", True)
BRIDGE6 = Ground(6, ("docker0", "eth0", "veth1"), {
    "eth0": ("2001:db8:64::80", "2001:db8:99::7"), "veth1": ("fd00:17::2",), "veth2": ("fd00:17::3",), "veth3": ("fd00:17::4",)},
    ("fd00:17::1", "2001:db8:64::10"), ("fd00:17::/64", "2001:db8:99::/64"), ("fd00:17::2", "fd00:17::3", "2001:db8:64::10", "fd00:17::1"),
    "::1", True)


def ground_of(kind: str) -> Ground:
    """The ground of a kind of world."""
    if kind.startswith("bridge"):
        return BRIDGE6 if kind.endswith("6") else BRIDGE4
    return ROUTER6 if kind.endswith("6") else ROUTER4


def random_case(kind: str, seed: int, packets: int = 24) -> Case:
    """The case of a kind (one of KINDS, or of wide.WIDE) and a seed."""
    if kind in KINDS:
        return base_case(kind, kind, seed, Random(f"{kind}/{seed}"), Ruleset, Moves, packets)
    if kind.startswith("native"):
        from .native_rules import native_case
        return native_case(kind, seed, packets)
    from .wide import wide_case
    return wide_case(kind, seed, packets)


def base_case(kind: str, name: str, seed: int, rng: Random, ruleset: "type[Ruleset]", movement: "type[Moves]", packets: int) -> Case:
    """A case on the ground of one of KINDS."""
    ground = ground_of(kind)
    local = kind.startswith("local")
    backends = ["legacy", "nft"] if kind == "both" else [rng.choice(["legacy", "nft"])]
    rules = {backend: ruleset(rng, ground).text() for backend in backends}
    return Case(f"{name}-{seed}", "bridge" if ground.bridge else "local" if local else "router", ground.family, seed,
                nf_call=kind != "bridge-off", setup=_setup(rng, ground, kind), sysctl=_sysctl(rng, ground), ipset=_sets(rng, ground),
                rules=rules, moves=movement(rng, ground, 0.6 if local else 0.08 if name == kind else 0.2).make(packets))


def _sets(rng: Random, ground: Ground) -> str:
    family = "" if ground.family == 4 else " family inet6"
    hosts = [address for side in ground.peers.values() for address in side] + list(ground.own)
    lines = [f"create hosts hash:ip{family}", f"create nets hash:net{family}"]
    lines += [f"add hosts {address}" for address in rng.sample(hosts, 3)]
    lines += [f"add nets {net}" for net in rng.sample(ground.nets, 2)]
    lines.append(f"add nets {rng.choice(hosts)} nomatch")
    return "\n".join(lines) + "\n"


def _sysctl(rng: Random, ground: Ground) -> dict[str, str | int]:
    values: dict[str, str | int] = {}
    if ground.family == 4:
        values["ipv4.conf.all.rp_filter"] = rng.choice([0, 0, 0, 1, 2])
        if rng.random() < 0.1:
            values["ipv4.conf.eth0.route_localnet"] = 1
    if rng.random() < 0.05:
        values[f"ipv{ground.family}.conf.all.forwarding"] = 0
    return values


def _setup(rng: Random, ground: Ground, kind: str) -> tuple[str, ...]:
    if ground.bridge:
        return tuple(f"bridge link set dev veth{n} hairpin on" for n in (1, 2, 3) if rng.random() < 0.5)
    if not kind.startswith("policy"):
        return ()
    ip = f"ip -{ground.family}"
    gateway, far = ground.peers["eth1"][0], ground.peers["eth2"][1]
    wide = "203.0.113.128/25" if ground.family == 4 else "2001:db8:99::8/125"
    lines = [f"{ip} route add default via {gateway} dev eth1 table 100", f"{ip} route add {far} via {gateway} dev eth1 table 101",
             f"{ip} route add {rng.choice(['blackhole', 'unreachable', 'prohibit', 'throw'])} {wide} table 101",
             f"{ip} route add default via {ground.peers['eth0'][0]} dev eth0 table 102"]
    choices = ["fwmark 0x1", "fwmark 0x2/0x3", "fwmark 0x100/0xff0", f"from {ground.peers['eth0'][1]}", f"from {ground.nets[0]}",
               f"to {far}", f"to {ground.nets[-1]}", "iif eth0", "iif eth1", "iif lo", "oif eth1", "ipproto tcp dport 80", "ipproto udp",
               "tos 0x10", "not fwmark 0x1"]
    for priority, choice in enumerate(rng.sample(choices, rng.randint(1, 4)), 1000):
        action = rng.choice(["lookup 100", "lookup 101", "lookup 101", "lookup 102", "unreachable", "blackhole", "goto 32766"])
        if action.startswith(("unreach", "black")) and rng.random() < 0.6:
            action = "lookup 100"
        lines.append(f"{ip} rule add priority {priority} {choice} {action}")
    return tuple(lines)


@dataclass
class Ruleset:
    """iptables-restore text of random tables."""

    rng: Random
    ground: Ground
    user: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # table -> (chain, base chain that it serves)

    def text(self) -> str:
        """All tables."""
        tables = [table for table, likely in (("raw", 0.4), ("mangle", 0.7), ("nat", 0.9), ("filter", 1.0)) if self.rng.random() < likely]
        return "".join(self._table(table) for table in tables)

    def _table(self, table: str) -> str:
        rng = self.rng
        self.user[table] = [(f"{base[:2]}{number}-{table}", base) for base in BUILT_IN[table] if rng.random() < 0.7
                            for number in range(rng.randint(1, 2))]
        lines = [f"*{table}"]
        for chain in BUILT_IN[table]:
            policy = "DROP" if table == "filter" and rng.random() < 0.2 else "ACCEPT"
            lines.append(f":{chain} {policy} [0:0]")
        lines += [f":{chain} - [0:0]" for chain, _ in self.user[table]]
        for chain in BUILT_IN[table]:
            busy = chain in ("PREROUTING", "FORWARD", "POSTROUTING") or self.rng.random() < 0.5
            lines += [self._rule(table, chain, chain) for _ in range(rng.randint(1, 5) if busy else rng.randint(0, 2))]
        for chain, base in self.user[table]:
            lines += [self._rule(table, chain, base) for _ in range(rng.randint(1, 4))]
        return "\n".join([*lines, "COMMIT", ""])

    def _rule(self, table: str, chain: str, base: str) -> str:
        rng = self.rng
        proto = rng.choice(["", "", "tcp", "tcp", "udp", "udp", self.icmp])
        target = self._target(table, chain, base, proto)
        if (target.startswith("REJECT") and "tcp-reset" in target) or "@tcp" in target:
            proto = "tcp"
        if ("--to-ports" in target or re.search(r"(\]|\.\d+):\d", target)) and proto not in ("tcp", "udp"):
            proto = rng.choice(["tcp", "udp"])
        matches = [self._protocol(proto)] if proto else ["! -p tcp"] if rng.random() < 0.1 else []
        makers = [self._address, self._interface, self._ports, self._state, self._type, self._mark, self._set, self._physdev]
        for maker in rng.sample(makers, rng.choice([0, 0, 1, 1, 1, 2, 2, 3])):
            matches.append(maker(table, chain, base, proto))
        return " ".join(["-A", chain, *filter(None, matches), target.replace("@tcp", "")]).strip()

    @property
    def icmp(self) -> str:
        """The family's ICMP."""
        return "icmp" if self.ground.family == 4 else "ipv6-icmp"

    def _protocol(self, proto: str) -> str:
        rng = self.rng
        if proto == "tcp" and rng.random() < 0.2:
            return "-p tcp -m tcp " + rng.choice(["--tcp-flags FIN,SYN,RST,ACK SYN", "! --tcp-flags SYN SYN", "--tcp-flags RST RST",
                                                  "--tcp-flags SYN,ACK SYN,ACK"])
        if proto == "icmp" and rng.random() < 0.4:
            return f"-p icmp -m icmp {rng.choice(['', '! '])}--icmp-type {rng.choice(['8', '0', '3', '3/3', '11'])}"
        if proto == "ipv6-icmp" and rng.random() < 0.4:
            return f"-p ipv6-icmp -m icmp6 {rng.choice(['', '! '])}--icmpv6-type {rng.choice(['128', '129', '1', '1/4', '3'])}"
        return f"-p {proto}"

    def _not(self, likely: float = 0.2) -> str:
        return "! " if self.rng.random() < likely else ""

    def _address(self, table: str, chain: str, base: str, proto: str) -> str:
        rng, ground = self.rng, self.ground
        hosts = [address for side in ground.peers.values() for address in side]
        sides = rng.choice([["-s"], ["-d"], ["-d"], ["-s", "-d"]])
        return " ".join(f"{self._not()}{side} {rng.choice([rng.choice(hosts), rng.choice(ground.nets), rng.choice(ground.own)])}"
                        for side in sides)

    def _interface(self, table: str, chain: str, base: str, proto: str) -> str:
        options = {"PREROUTING": ["-i"], "INPUT": ["-i"], "OUTPUT": ["-o"], "POSTROUTING": ["-o"], "FORWARD": ["-i", "-o"]}[base]
        if chain != base and self.rng.random() < 0.1:
            options = ["-i", "-o"]
        names = (*self.ground.interfaces, "lo") if base in ("INPUT", "OUTPUT", "PREROUTING") else self.ground.interfaces
        return f"{self._not()}{self.rng.choice(options)} {self.rng.choice(names)}"

    def _ports(self, table: str, chain: str, base: str, proto: str) -> str:
        rng = self.rng
        if proto not in ("tcp", "udp"):
            return ""
        port, start = rng.choice(PORTS), rng.choice(SOURCE_PORTS)
        return rng.choice([f"-m {proto} {self._not()}--dport {port}", f"-m {proto} {self._not()}--dport {port}", f"-m {proto} {self._not()}--sport {start}:",
                           f"-m {proto} --dport :{port}", f"-m {proto} {self._not()}--sport {port}",
                           f"-m multiport {self._not()}--dports {port},1000:1100", f"-m multiport {self._not()}--ports {port},{start}",
                           f"-m multiport {self._not()}--sports {start},{port}"])

    def _state(self, table: str, chain: str, base: str, proto: str) -> str:
        rng = self.rng
        if rng.random() < 0.2:
            return rng.choice(["-m conntrack --ctdir ORIGINAL", "-m conntrack --ctdir REPLY", "-m conntrack --ctstatus SEEN_REPLY",
                               "-m conntrack --ctstate DNAT", "-m conntrack --ctstate SNAT", f"-m conntrack --ctorigdst {rng.choice(self.ground.own)}",
                               "-m conntrack ! --ctstatus ASSURED", "-m conntrack --ctproto 6"])
        states = ",".join(sorted(rng.sample(STATES, rng.choice([1, 1, 2]))))
        if rng.random() < 0.2:
            return f"-m state {self._not()}--state {states}"
        return f"-m conntrack {self._not()}--ctstate {states}"

    def _type(self, table: str, chain: str, base: str, proto: str) -> str:
        kinds = ["LOCAL", "LOCAL", "UNICAST"] + (["BROADCAST", "MULTICAST"] if self.ground.family == 4 else [])
        return f"-m addrtype {self._not()}{self.rng.choice(['--dst-type', '--dst-type', '--src-type'])} {self.rng.choice(kinds)}"

    def _mark(self, table: str, chain: str, base: str, proto: str) -> str:
        return f"-m mark {self._not()}--mark {self.rng.choice(['0x1', '0x2', '0x0', '0x1/0x1', '0x100/0xff0'])}"

    def _set(self, table: str, chain: str, base: str, proto: str) -> str:
        return f"-m set {self._not()}--match-set {self.rng.choice(['hosts', 'nets'])} {self.rng.choice(['src', 'dst'])}"

    def _physdev(self, table: str, chain: str, base: str, proto: str) -> str:
        if not self.ground.bridge:
            return ""
        port = self.rng.choice(["veth1", "veth2", "veth+", "eth0"])
        if base in ("PREROUTING", "INPUT"):
            return f"-m physdev {self._not()}--physdev-in {port}"
        if base == "FORWARD":
            return self.rng.choice([f"-m physdev {self._not()}--physdev-in {port}", f"-m physdev --physdev-is-bridged {self._not()}--physdev-out {port}",
                                    "-m physdev --physdev-is-bridged", "-m physdev ! --physdev-is-bridged", "-m physdev --physdev-is-in"])
        return ""

    def _target(self, table: str, chain: str, base: str, proto: str) -> str:
        rng = self.rng
        below = [name for name, of in self.user[table] if of == base and (chain == base or name > chain)]
        if below and rng.random() < (0.45 if chain == base else 0.3):
            return f"{rng.choice(['-j', '-j', '-j', '-g'])} {rng.choice(below)}"
        plain = ["", "-j LOG", "-j RETURN", "-j ACCEPT"]
        own = {"raw": self._raw, "mangle": self._mangle, "nat": self._nat, "filter": self._filter}[table]
        if rng.random() < 0.45:
            return rng.choice(plain)
        return own(base)

    def _raw(self, base: str) -> str:
        return self.rng.choice(["-j CT --notrack", "-j NOTRACK", "-j DROP", "-j ACCEPT", "-j LOG", ""])

    def _mangle(self, base: str) -> str:
        value = self.rng.choice(["0x1", "0x2", "0x102"])
        return self.rng.choice([f"-j MARK --set-mark {value}", f"-j MARK --set-mark {value}", f"-j MARK --set-xmark {value}/0xff",
                                "-j MARK --or-mark 0x10", "-j MARK --and-mark 0xf0", "-j MARK --xor-mark 0x1", f"-j MARK --set-mark {value}", "-j DROP"])

    def _nat(self, base: str) -> str:
        rng = self.rng
        address = rng.choice(self.ground.nat)
        with_port = f"[{address}]:8000" if self.ground.family == 6 else f"{address}:8000"
        if base in ("PREROUTING", "OUTPUT"):
            return rng.choice([f"-j DNAT --to-destination {address}", f"-j DNAT --to-destination {with_port}", "-j REDIRECT",
                               "-j REDIRECT --to-ports 8080", f"-j DNAT --to-destination {address}"])
        if base == "INPUT":
            return f"-j SNAT --to-source {address}"
        own = rng.choice(self.ground.own)
        return rng.choice(["-j MASQUERADE", "-j MASQUERADE", f"-j SNAT --to-source {own}", f"-j SNAT --to-source {address}"])

    def _filter(self, base: str) -> str:
        kinds = ["icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited"] if self.ground.family == 4 else [
            "icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-addr-unreachable"]
        return self.rng.choice(["-j DROP", "-j ACCEPT", "-j ACCEPT", "-j ACCEPT", f"-j REJECT --reject-with {self.rng.choice(kinds)}",
                                "@tcp-j REJECT --reject-with tcp-reset"])


@dataclass
class Moves:
    """A random sequence of packets: new ones, answers, follow-ups, ICMP errors."""

    rng: Random
    ground: Ground
    local: float  # how many new packets the host itself sends
    moves: list[Move] = field(default_factory=list)

    def make(self, count: int) -> tuple[Move, ...]:
        """So many moves; the first is always a new packet."""
        while len(self.moves) < count:
            dice = self.rng.random()
            if not self.moves or dice < 0.4:
                self.moves.append(self._new())
            elif dice < 0.68:
                self.moves.append(self._reply())
            elif dice < 0.9:
                self.moves.append(self._follow())
            else:
                self.moves.append(self._error())
        return tuple(self.moves)

    def _earlier(self) -> int:
        """A move to go on with; late ones more often."""
        return max(self.rng.randrange(len(self.moves)), self.rng.randrange(len(self.moves)))

    def _proto(self, number: int) -> str:
        move = self.moves[number]
        return move.proto if move.kind == "send" else self._proto(move.of)

    def _extras(self, proto: str, likely: float = 1.0) -> dict[str, int | bool]:
        dice = self.rng.random() / likely
        if dice < 0.04:
            return {"ttl": 1}
        if dice < 0.06:
            return {"broken": True}
        if dice < 0.08:
            return {"tos": 0x10}
        if dice < 0.11 and proto == "tcp":
            return {"wild": True}
        if dice < 0.12 and proto == "udp":
            return {"size": 96, "pieces": 48}
        return {}

    def _new(self) -> Move:
        rng, ground = self.rng, self.ground
        proto = rng.choice(["tcp", "tcp", "tcp", "udp", "udp", "icmp" if ground.family == 4 else "icmpv6"])
        at = rng.choice(list(ground.peers))
        others = [address for side, addresses in ground.peers.items() if side != at for address in addresses]
        dst = rng.choice([rng.choice(others), rng.choice(others), rng.choice(ground.own)])
        src = rng.choice(ground.peers[at])
        if rng.random() < self.local:
            at, src = "local", rng.choice(ground.own)
            if rng.random() < 0.15:
                src = dst = ground.loopback
        elif rng.random() < 0.04:
            src = rng.choice(others)
        flags = rng.choice(["S"] * 12 + ["A", "R", "SA", "FA"])
        sport, dport = rng.choice(SOURCE_PORTS), rng.choice(PORTS)
        extras = {key: value for key, value in self._extras(proto).items() if key != "pieces" or at != "local"}
        return Move("send", at, proto=proto, src=src, dst=dst, sport=sport, dport=dport, flags=flags, **extras)  # type: ignore[arg-type]

    def _reply(self) -> Move:
        number = self._earlier()
        proto, before = self._proto(number), self.moves[number].flags
        flags = self.rng.choice(["SA"] * 8 + ["RA"]) if before == "S" else self.rng.choice(["A", "PA", "PA", "FA", "R"])
        return Move("reply", of=number, flags=flags, **self._extras(proto))  # type: ignore[arg-type]

    def _follow(self) -> Move:
        number = self._earlier()
        proto, before = self._proto(number), self.moves[number].flags
        flags = self.rng.choice(["A", "A", "A", "PA", "S", "FA", "R"] if before in ("S", "SA") else ["PA", "A", "FA", "R"])
        return Move("follow", of=number, flags=flags, **self._extras(proto, 0.5))  # type: ignore[arg-type]

    def _error(self) -> Move:
        if self.ground.family == 4:
            kind, code = self.rng.choice([(3, 1), (3, 3), (3, 4), (11, 0)])
        else:
            kind, code = self.rng.choice([(1, 0), (1, 4), (2, 0), (3, 0)])
        source = self.rng.choice(["", "", self.ground.peers[list(self.ground.peers)[-1]][0]])
        return Move("error", of=self._earlier(), type=kind, code=code, src=source)
