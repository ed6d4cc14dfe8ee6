"""More kinds of random worlds: NAT in all its forms, zones and marks, TCP beyond the well-behaved, protocols without ports, a collector that
runs amid the traffic, entries that expire, broadcasts.  Same seed, same case; `random_case` in rulesets.py makes them by name."""

from dataclasses import dataclass, replace
from random import Random

from .case import Case, Move
from .rulesets import Moves, Ruleset, base_case

WIDE = ("nat", "nat6", "zones", "tcp", "tcp6", "protos", "protos6", "midway", "midway6", "timeouts", "casts", "fragments", "fragments6")
FEW_PORTS = (2000, 2001)


def wide_case(kind: str, seed: int, packets: int) -> Case:
    """The case of a wide kind."""
    rng = Random(f"{kind}/{seed}")
    plain = kind.rstrip("6")
    six = "6" if kind.endswith("6") else ""
    case = base_case(f"router{six}", kind, seed, rng, RULES.get(plain, Ruleset), MOVES.get(plain, Moves), packets)
    if plain == "midway":
        return replace(case, snapshot_after=len(case.moves) // 3)
    if plain == "timeouts":
        return replace(case, sysctl={**case.sysctl, **SHORT})
    if plain == "protos":
        return replace(case, protocols=tuple(OTHERS[case.family]))
    if plain == "casts":
        return replace(case, sysctl={**case.sysctl, "ipv4.icmp_echo_ignore_broadcasts": 1})
    return case


SHORT: dict[str, str | int] = {f"netfilter.nf_conntrack_{name}": seconds for name, seconds in (
    ("udp_timeout", 1), ("udp_timeout_stream", 2), ("icmp_timeout", 1), ("tcp_timeout_syn_sent", 1), ("tcp_timeout_syn_recv", 1),
    ("tcp_timeout_established", 2), ("tcp_timeout_close", 1), ("tcp_timeout_fin_wait", 1), ("tcp_timeout_close_wait", 1),
    ("tcp_timeout_last_ack", 1), ("tcp_timeout_time_wait", 1), ("tcp_timeout_unacknowledged", 1))}
OTHERS = {4: {"udplite": 136, "gre": 47, "esp": 50, "ah": 51, "ipencap": 4, "dccp": 33}, 6: {"udplite": 136, "gre": 47, "esp": 50, "dccp": 33}}


@dataclass
class NatRules(Ruleset):
    """NAT to ranges of addresses and ports, by lot, persistent, NETMAP; hairpins."""

    def _nat(self, base: str) -> str:
        rng, ground = self.rng, self.ground
        low, high = self._pair()
        one = rng.choice(ground.nat)
        port = rng.choice(["8000", "8000-8001", "8000-8003"])
        spot = f"[{one}]:{port}" if ground.family == 6 else f"{one}:{port}"
        wide = f"[{low}]-[{high}]:{port}" if ground.family == 6 else f"{low}-{high}:{port}"
        if base in ("PREROUTING", "OUTPUT"):
            return rng.choice([f"-j DNAT --to-destination {low}-{high}", f"-j DNAT --to-destination {low}-{high} --persistent", f"-j DNAT --to-destination {spot}",
                               f"-j DNAT --to-destination {wide}" if ground.family == 4 else f"-j DNAT --to-destination {spot}",
                               f"-j DNAT --to-destination {spot} --random", f"-j DNAT --to-destination {one}", "-j REDIRECT --to-ports 8080-8082",
                               "-j REDIRECT", f"-j NETMAP --to {ground.nets[0]}"])
        if base == "INPUT":
            return rng.choice([f"-j SNAT --to-source {one}", f"-j SNAT --to-source {low}-{high}"])
        source = rng.choice([spot.replace("8000", "2000").replace("8001", "2001").replace("8003", "2003"), one, f"{low}-{high}"])
        return rng.choice(["-j MASQUERADE", "-j MASQUERADE --to-ports 3000-3001", "-j MASQUERADE --random", f"-j SNAT --to-source {source}",
                           f"-j SNAT --to-source {source}", f"-j SNAT --to-source {low}-{high} --persistent", f"-j SNAT --to-source {one} --random-fully",
                           f"-j NETMAP --to {ground.nets[1]}"])

    def _pair(self) -> tuple[str, str]:
        """Two neighbouring addresses, some of which somebody has."""
        if self.ground.family == 4:
            return self.rng.choice([("10.1.0.2", "10.1.0.3"), ("10.2.0.2", "10.2.0.4"), ("10.2.0.8", "10.2.0.9"), ("203.0.113.7", "203.0.113.9")])
        return self.rng.choice([("2001:db8:1::2", "2001:db8:1::3"), ("2001:db8:2::2", "2001:db8:2::4"), ("2001:db8:99::7", "2001:db8:99::8")])


@dataclass
class ClashingMoves(Moves):
    """Few ports, so that tuples clash."""

    def _new(self) -> Move:
        move = super()._new()
        return replace(move, sport=self.rng.choice(FEW_PORTS), dport=self.rng.choice((80, 8000)) if move.proto in ("tcp", "udp") else self.rng.choice((1, 2)))


@dataclass
class ZoneRules(Ruleset):
    """CT zones by interface or address, connection marks saved and restored."""

    def _raw(self, base: str) -> str:
        number = self.rng.choice([1, 2])
        return self.rng.choice([f"-j CT --zone {number}", f"-j CT --zone {number}", f"-j CT --zone-orig {number}", f"-j CT --zone-reply {number}",
                                "-j CT --notrack", "-j ACCEPT"])

    def _mangle(self, base: str) -> str:
        value = self.rng.choice(["0x1", "0x2", "0x102"])
        return self.rng.choice([f"-j MARK --set-mark {value}", f"-j CONNMARK --set-mark {value}", f"-j CONNMARK --set-xmark {value}/0xff", "-j CONNMARK --save-mark",
                                "-j CONNMARK --restore-mark", "-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff", "-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xf",
                                "-j CONNMARK --or-mark 0x10", "-j CONNMARK --and-mark 0xf0"])

    def _mark(self, table: str, chain: str, base: str, proto: str) -> str:
        value = self.rng.choice(["0x1", "0x2", "0x0", "0x1/0x1", "0x100/0xff0"])
        return f"-m {self.rng.choice(['mark', 'connmark'])} {self._not()}--mark {value}"


@dataclass
class StateRules(Ruleset):
    """Rules that ask for connection states above all."""

    def _address(self, table: str, chain: str, base: str, proto: str) -> str:
        return self._state(table, chain, base, proto)

    _type = _set = _address


@dataclass
class TcpMoves(Moves):
    """TCP out of order: resent, late, early, half-closed, reset, reopened; sequence numbers off by a little or by much."""

    def _proto_of_new(self) -> str:
        return "tcp"

    def _new(self) -> Move:
        move = super()._new()
        return replace(move, proto="tcp", dport=80 if move.proto in ("icmp", "icmpv6") else move.dport, pieces=0,
                       sport=self.rng.choice(FEW_PORTS)) if self.rng.random() < 0.9 else move

    def _reply(self) -> Move:
        return self._twisted(super()._reply())

    def _follow(self) -> Move:
        return self._twisted(super()._follow())

    def _twisted(self, move: Move) -> Move:
        rng = self.rng
        if self._proto(move.of) != "tcp":
            return move
        flags = rng.choice([move.flags, move.flags, "A", "PA", "FA", "S", "SA", "R", "RA", "F", "SF"])
        off = [0, 0, 0, 0, 1, -1, 8, 1000, -1000, 40000, -70000, 100000]
        return replace(move, flags=flags, wild=False, seq=rng.choice(off), ack=rng.choice(off), size=rng.choice([8, 8, 100, 1000]),
                       window=rng.choice([29200, 29200, 29200, 0, 100]))


@dataclass
class OtherMoves(Moves):
    """Protocols that conntrack tells apart by address only, and UDP-Lite."""

    def _new(self) -> Move:
        move = super()._new()
        if self.rng.random() < 0.25:
            return move
        return replace(move, proto=self.rng.choice(list(OTHERS[self.ground.family])), pieces=0, flags="S", wild=False, broken=False)

    def _reply(self) -> Move:
        return self._calm(super()._reply())

    def _follow(self) -> Move:
        return self._calm(super()._follow())

    def _calm(self, move: Move) -> Move:
        return replace(move, broken=False, wild=False, pieces=0) if self._proto(move.of) in OTHERS[self.ground.family] else move


@dataclass
class SlowMoves(Moves):
    """Some packets come late enough for an entry to expire, or just before it does."""

    def make(self, count: int) -> tuple[Move, ...]:
        """Pauses of two and a half seconds or none, so that no entry is on its very edge."""
        return tuple(replace(move, wait=2.6 if self.rng.random() < 0.12 else 0.0, broken=False) for move in super().make(count))


@dataclass
class CastMoves(Moves):
    """Broadcasts and multicasts, from the wire and from the host itself."""

    def _new(self) -> Move:
        move, rng = super()._new(), self.rng
        if move.proto == "tcp" or rng.random() < 0.4:
            return move
        if move.at == "local":
            aim, src = rng.choice([("10.1.0.255", "10.1.0.1"), ("10.2.0.255", "10.2.0.1"), ("224.0.0.1", "10.1.0.1"), ("239.1.1.1", "10.2.0.1"),
                                   ("255.255.255.255", "10.1.0.1")])
            return replace(move, src=src, dst=aim, pieces=0, broken=False)
        near = {"eth0": "10.1.0.255", "eth1": "10.2.0.255", "eth2": "198.51.100.255"}[move.at]
        return replace(move, dst=rng.choice([near, near, "224.0.0.1", "255.255.255.255", "10.2.0.255"]), pieces=0)


@dataclass
class CutMoves(Moves):
    """Fragments in both directions, of UDP and of pings, in several sizes."""

    def _new(self) -> Move:
        return self._cut(super()._new())

    def _reply(self) -> Move:
        return self._cut(super()._reply())

    def _follow(self) -> Move:
        return self._cut(super()._follow())

    def _cut(self, move: Move) -> Move:
        proto = move.proto if move.kind == "send" else self._proto(move.of)
        if proto == "tcp" or move.at == "local" or self.rng.random() < 0.4:
            return replace(move, pieces=0)
        return replace(move, size=self.rng.choice([60, 200, 1300]), pieces=self.rng.choice([48, 104, 640]), broken=False)


RULES = {"nat": NatRules, "zones": ZoneRules, "tcp": StateRules}
MOVES = {"nat": ClashingMoves, "zones": ClashingMoves, "tcp": TcpMoves, "protos": OtherMoves, "timeouts": SlowMoves, "casts": CastMoves, "fragments": CutMoves}
