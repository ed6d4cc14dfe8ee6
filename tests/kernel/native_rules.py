"""Random native nftables rulesets in the worlds of `rulesets`: sets, maps, verdict maps, chains at priorities of their own, NAT, marks."""

from dataclasses import replace
from random import Random

from .case import Case
from .rulesets import Ground, ground_of, random_case
from .scenarios import save

HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
KINDS_OF = {"native": "router", "native6": "router6", "native-local": "local", "native-bridge": "bridge"}

NATIVE = tuple(KINDS_OF)


def native_case(kind: str, seed: int, packets: int) -> Case:
    """A case of the kind below, with native rules in the place of iptables'."""
    base = random_case(KINDS_OF[kind], seed, packets)
    rng = Random(f"{kind}/{seed}")
    rules = {"nft": save(filter="-A FORWARD\n-A INPUT")}
    return replace(base, name=f"{kind}-{seed}", rules=rules, native=Native(rng, ground_of(KINDS_OF[kind])).text())


class Native:
    """One random table."""

    def __init__(self, rng: Random, ground: Ground) -> None:
        self.rng, self.ground = rng, ground
        self.ip = "ip" if ground.family == 4 else "ip6"
        self.hosts = sorted({address for side in ground.peers.values() for address in side} | set(ground.own))
        self.devices = sorted(ground.peers)

    def text(self) -> str:
        """As `nft -f` reads it."""
        nets = ", ".join(self.rng.sample(sorted(set(map(str, self.ground.nets))), 2))
        kind = "ipv4_addr" if self.ground.family == 4 else "ipv6_addr"
        lines = ["table inet fw {", f"set nets {{ type {kind}\n flags interval\n auto-merge\n elements = {{ {nets} }}\n }}",
                 f"set hosts {{ type {kind}\n elements = {{ {', '.join(self.rng.sample(self.hosts, 3))} }}\n }}",
                 f"set pairs {{ type {kind} . inet_service\n elements = {{ {self.rng.choice(self.hosts)} . 80, {self.rng.choice(self.hosts)} . 53 }}\n }}",
                 "chain c3 {", *self.rules(self.rng.randrange(1, 4), ["accept", "return", "drop"]), "}",
                 "chain c2 {", *self.rules(self.rng.randrange(1, 5), ["accept", "return", "jump c3", "goto c3"]), "}",
                 "chain c1 {", *self.rules(self.rng.randrange(1, 5), ["accept", "drop", "return", "jump c2", "goto c2", "goto c3"]), "}",
                 "map verdicts { type inet_service : verdict\n elements = { 80 : jump c1, 53 : accept, 443 : goto c2, 22 : drop }\n }"]
        for number in range(self.rng.randrange(2, 5)):
            hook = self.rng.choice(HOOKS)
            kind = "route" if hook == "output" and self.rng.random() < 0.4 else "filter"
            policy = "drop" if self.rng.random() < 0.15 and kind == "filter" else "accept"
            priority = self.rng.choice([-290, -160, -120, -50, -5, 5, 60, 110])
            lines += [f"chain b{number} {{ type {kind} hook {hook} priority {priority}; policy {policy};", *self.rules(self.rng.randrange(1, 7), self.ends()), "}"]
        if self.rng.random() < 0.6:
            lines += ["chain todst { type nat hook prerouting priority -100;", *(self.nat("dnat") for _ in range(self.rng.randrange(1, 4))), "}"]
        if self.rng.random() < 0.6:
            lines += ["chain tosrc { type nat hook postrouting priority 100;", *(self.nat("snat") for _ in range(self.rng.randrange(1, 4))), "}"]
        return "\n".join([*lines, "}", ""])

    def ends(self) -> list[str]:
        """What a rule of a base chain may end with."""
        return ["accept", "accept", "drop", "return", "jump c1", "goto c1", "jump c2", "counter", "meta mark set 0x11", "ct mark set 0x5", "ct mark set meta mark",
                "meta mark set ct mark", "log", "continue", "meta mark set mark or 0x100"]

    def rules(self, count: int, ends: list[str]) -> list[str]:
        """So many rules."""
        found = []
        for _ in range(count):
            if self.rng.random() < 0.12 and "jump c1" in ends and "counter" in ends:
                found.append(self.rng.choice(["tcp dport vmap @verdicts", "ct state vmap { established : accept, invalid : jump c3 }", "meta l4proto vmap { tcp : return, udp : accept }"]))
                continue
            matches = [self.match() for _ in range(self.rng.choice([0, 1, 1, 2]))] + ([self.transport()] if self.rng.random() < 0.5 else [])
            found.append(" ".join([*dict.fromkeys(matches), self.rng.choice(ends)]))
        return found

    def match(self) -> str:
        """One match on what every packet has."""
        rng, ip = self.rng, self.ip
        return rng.choice([
            f"{ip} saddr @nets", f"{ip} daddr != @nets", f"{ip} daddr @hosts", f"{ip} saddr {rng.choice(self.hosts)}", f"{ip} daddr != {rng.choice(self.hosts)}",
            f"iifname {rng.choice(self.devices)}", f'oifname != "{rng.choice(self.devices)}"', 'iifname "eth*"', 'iifname { "lo", "eth1" }',
            "ct state new", "ct state { established, related }", "ct state invalid", "ct state != established", "ct status dnat", "ct status seen-reply", "ct direction reply",
            "ct mark 0x5", "meta mark 0x11", "meta mark and 0xf == 1", "meta mark != 0", f"meta nfproto ipv{self.ground.family}",
            f"{ip} {'ttl' if ip == 'ip' else 'hoplimit'} > 10", "fib daddr type local", "fib saddr type != local", "meta length > 60", "meta pkttype host"])

    def transport(self) -> str:
        """One match on a protocol."""
        icmp = "icmp" if self.ground.family == 4 else "icmpv6"
        return self.rng.choice([
            f"{self.ip} saddr . tcp dport @pairs", "tcp dport { 22, 80, 1000-2000 }", "tcp dport != 80", "udp dport 53", "udp sport >= 1024",
            "meta l4proto { tcp, udp } th dport 53", "tcp flags syn", "tcp flags & (syn | ack) == syn", "tcp flags != syn", f"{icmp} type echo-request",
            f"{icmp} type {{ echo-request, echo-reply }}", "tcp dport 80 ct original proto-dst 80"])

    def nat(self, kind: str) -> str:
        """One NAT rule."""
        match = f"{self.match_plain()} "
        to = self.rng.choice(sorted(a for side in self.ground.peers.values() for a in side))
        if kind == "dnat":
            target = f"[{to}]:8080" if self.ip == "ip6" else f"{to}:8080"
            return match + self.rng.choice([f"dnat {self.ip} to {to}", f"meta l4proto tcp dnat {self.ip} to {target}", "meta l4proto { tcp, udp } redirect to :3128", "accept"])
        return match + self.rng.choice(["masquerade", f"oifname eth2 snat {self.ip} to {self.rng.choice(sorted(self.ground.own))}", "accept", "meta l4proto tcp masquerade to :5000"])

    def match_plain(self) -> str:
        """A match that a nat chain may have."""
        return self.rng.choice(["tcp dport { 80, 443 }", "udp dport 53", f"{self.ip} saddr @nets", f"{self.ip} daddr @hosts", f"iifname {self.rng.choice(self.devices)}",
                                "meta l4proto tcp", f"oifname {self.rng.choice(self.devices)}"])


