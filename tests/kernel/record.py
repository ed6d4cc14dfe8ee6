"""Runs a case on the kernel and writes down what happened; kept as a folder, it is a vector that needs no root.

    python -m tests.kernel.record --seed N --world router -o tests/kernel/recorded/NAME
    python -m tests.kernel.record --scenario dnat-and-reply -o tests/kernel/recorded/dnat-and-reply
    python -m tests.kernel.record --case case.json -o FOLDER
"""

import argparse
import json
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import compare, nflog, wire
from .case import Case, Move
from .world import World, settle

BRIDGES = ("docker0",)  # in a world of legs, an interface like any other
COUNTED = re.compile(r"^\[(\d+):\d+\] -A (\S+) ?(.*)$")
POLICY = re.compile(r"^:(\S+) (\S+) \[(\d+):\d+\]$")
Place = tuple[str, str, str, str, int]  # back-end, family (ip, ip6), table, chain, rule number; 0 for the policy


@dataclass
class Shot:
    """One packet sent, and the kernel's word on it."""

    move: int
    at: str
    packet: bytes
    begin: int  # nanoseconds, as the capture's clock
    end: int = 0
    errno: str = ""
    rules: "Counter[Place]" = field(default_factory=Counter)  # counter deltas, policies included
    trace: list[nflog.Traced] = field(default_factory=list)
    frames: list[wire.Frame] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    local: list[bytes] = field(default_factory=list)  # what passed raw OUTPUT, as it was there
    conntrack: list[str] = field(default_factory=list)

    @property
    def head(self) -> wire.Header:
        """What was sent."""
        return wire.take_apart(self.packet)

    def mine(self, data: bytes) -> bool:
        """These bytes are the packet that was sent, however rewritten (its id or flow label says so)."""
        try:
            head = wire.take_apart(data)
        except (ValueError, IndexError, struct.error):
            return False
        return (head.ident, head.protocol) == (self.head.ident, self.head.protocol)

    @property
    def left(self) -> list[wire.Frame]:
        """Sightings of the packet on its way out, in order; of a fragmented one, those of its first fragment."""
        return [frame for frame in self.frames if frame.outgoing and self.mine(frame.data) and not wire.take_apart(frame.data).offset]

    @property
    def answered(self) -> bool:
        """The kernel made a packet because of this one."""
        return any(not self.mine(packet) for packet in self.local) or any(
            frame.outgoing and not self.mine(frame.data) for frame in self.frames)

    def sent_by_host(self) -> list[tuple[int, bytes]]:
        """What a capture of the host's own packets before OUTPUT holds: what was sent, and the stack's answers to what it took.

        Times are those of the packet's first sighting, a moment before. What the kernel makes of a packet on its way (REJECT's answer,
        an ICMP error) is not among them: a replay makes it, too.
        """
        first = next((frame.time for frame in self.frames), self.begin) - 1
        later = next((frame.time for frame in self.frames if not self.mine(frame.data)), first + 2) - 1
        return [(first if self.mine(packet) else later, packet) for packet in self.local
                if self.delivered or self.mine(packet)]

    @property
    def delivered(self) -> list[bytes]:
        """The packet as the host's own stack took it."""
        return [data for data in self.taken if self.mine(data)]


@dataclass
class Recording:
    """A case that was run: its snapshot (taken before the first packet), its shots."""

    case: Case
    shots: list[Shot]
    texts: dict[Place, str]  # the rules, as the save prints them
    kernel: str

    def any_capture(self) -> bytes:
        """What `tcpdump -i any -w` would have written, as SLL2."""
        return wire.pcap(wire.LINKTYPE_SLL2, ((frame.time, frame.sll2()) for shot in self.shots for frame in shot.frames))

    def local_capture(self) -> bytes:
        """The packets of the host's own stack and processes, before OUTPUT."""
        return wire.pcap(wire.LINKTYPE_RAW, (sent for shot in self.shots for sent in shot.sent_by_host()))

    def expected(self) -> list[dict[str, Any]]:
        """The kernel's word on every packet, as kept beside the captures."""
        return [self._shot(shot) for shot in self.shots]

    def _shot(self, shot: Shot) -> dict[str, Any]:
        verdict, interface, final = self.outcome(shot)
        return {
            "move": shot.move, "at": shot.at, "sent": shot.head.describe(), "form": shot.head.form(), "begin": shot.begin, "end": shot.end,
            **({"errno": shot.errno} if shot.errno else {}),
            **({"fragmented": True} if shot.head.is_fragment else {}),
            "order": [_spell(place) for place in self.order(shot)],
            "others": [_spell(place) for place in self.order(shot, of_others=True)],
            "rules": {_spell(place): count for place, count in sorted(shot.rules.items()) if place[4]},
            "policies": {_spell(place): count for place, count in sorted(shot.rules.items()) if not place[4]},
            "kernel": self.kernel,
            "verdict": verdict, "out_interface": interface, "final": final,
            "seen": [f"{frame.interface} {'out' if frame.outgoing else 'in'} {describe(frame.data)}" for frame in shot.frames],
            "local": [describe(packet) for packet in shot.local],
            "conntrack": shot.conntrack}

    def order(self, shot: Shot, of_others: bool = False) -> list[Place]:
        """The rules that the packet itself matched (or those that the kernel's answers to it matched), in the trace's order."""
        return [(line.backend, line.family, line.table, line.chain, line.number) for line in shot.trace
                if line.number > 0 and line.kind == "rule" and shot.mine(line.packet) != of_others]

    def outcome(self, shot: Shot) -> tuple[str, str | None, dict[str, Any] | None]:
        """Verdict, interface where it left, and its last form."""
        if shot.delivered:
            return "delivered", None, wire.take_apart(shot.delivered[-1]).form()
        left = shot.left
        if left and (left[-1].interface not in BRIDGES or self.case.legs):  # a frame that the host gave to a bridge may still find no port to leave by
            return "forwarded", left[-1].interface, wire.take_apart(left[-1].data).form()
        return ("rejected" if shot.answered else "dropped"), None, None

    def save(self, folder: Path) -> None:
        """Write everything but the snapshot (the runner has put it there)."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "case.json").write_text(self.case.dump())
        (folder / "any.pcap").write_bytes(self.any_capture())
        if any(shot.sent_by_host() for shot in self.shots):
            (folder / "local.pcap").write_bytes(self.local_capture())
        (folder / "expected.ndjson").write_text("".join(json.dumps(shot) + "\n" for shot in self.expected()))


def describe(data: bytes) -> str:
    """A packet in a line, whatever it is."""
    try:
        return wire.take_apart(data).describe()
    except (ValueError, IndexError, struct.error):
        return data[:40].hex()


def _spell(place: Place) -> str:
    backend, family, table, chain, number = place
    return f"{backend} {family} {table} {chain} {number or 'policy'}"


class Runner:
    """Sends the moves of a case through a world, one at a time."""

    def __init__(self, world: World) -> None:
        """The world is up, its snapshot is taken, and `instrument` was called."""
        self.world = world
        self.case = world.case
        self.shots: dict[int, Shot] = {}
        self.texts: dict[Place, str] = {}
        self.inet: set[str] = set()  # native tables: iptables-nft has none of family inet
        self.handles = self._handles()
        self.before = self._counters()

    def run(self, first: int = 0, end: int | None = None) -> list[Shot]:
        """The shots of some moves in order; a move that has nothing to answer to is skipped."""
        sent = []
        for number, move in list(enumerate(self.case.moves))[first:end]:
            made = self.craft(number, move)
            if made:
                time.sleep(move.wait)
                self.shots[number] = self._fire(number, *made, move.mac)
                sent.append(self.shots[number])
        return sent

    def instrumented(self) -> None:
        """The lab's own rules have come on top: count anew."""
        self.handles, self.before = self._handles(), self._counters()

    def _fire(self, number: int, at: str, packets: list[bytes], mac: str) -> Shot:
        self._look(Shot(number, at, packets[0], time.time_ns()))  # what came late belongs to nobody
        shot = Shot(number, at, packets[0], time.time_ns())
        for packet in packets:
            shot.errno = self.world.send(at, packet, mac) or shot.errno
        settle(lambda: self._look(shot))
        self._look(shot)
        shot.end = time.time_ns()
        after = self._counters()
        shot.rules = Counter({place: after[place] - self.before.get(place, 0) for place in after
                              if after[place] != self.before.get(place, 0)})
        self.before = after
        shot.conntrack = [line for line in self.world.host.run("conntrack", "-L", "-f", f"ipv{self.case.family}", "-o", "extended",
                                                               check=False).splitlines() if line]
        return shot

    def _look(self, shot: Shot) -> bool:
        frames, taken = self.world.frames(), self.world.delivered()
        shot.frames += frames
        shot.taken += taken
        for sock in self.world.logs:
            for line in nflog.drain_log(sock):
                if isinstance(line, nflog.Logged):
                    shot.local.append(line.packet)
                else:
                    shot.trace += self._numbered(line)
        for line in nflog.drain_trace(self.world.traces) if self.world.logs else ():
            shot.trace += self._numbered(line)
        return bool(frames or taken)

    def _numbered(self, line: nflog.Traced) -> Iterator[nflog.Traced]:
        """The line with the rule's number as the snapshot has it; 0 where there is no rule (a policy, the lab's own rules)."""
        number = self.handles.get((line.table, line.chain, line.number), 0) if line.backend == "nft" else line.number
        number -= self.world.lab_rules(line.backend, line.table, line.chain)
        family = "inet" if line.backend == "nft" and line.table in self.inet else line.family
        place = (line.backend, family, line.table, line.chain, number)
        real = place in self.texts and (line.backend == "legacy" or line.kind == "rule")
        if number > 0:
            yield nflog.Traced(line.backend, family, line.table, line.chain, "rule" if real else "policy",
                               number if real else 0, line.packet, line.mark)

    def _handles(self) -> dict[tuple[str, str, int], int]:
        """nf_tables' rule handles: the rule's place in its chain, from 1."""
        if "nft" not in self.world.backends:
            return {}
        family = "ip" if self.case.family == 4 else "ip6"
        found: dict[tuple[str, str, int], int] = {}
        counts: Counter[tuple[str, str]] = Counter()
        listing = self.world.host.run("nft", "-a", "list", "ruleset")
        table = chain = ""
        for line in listing.splitlines():
            words = line.split()
            if line.startswith("table "):
                table = words[2] if words[1] in (family, "inet") else ""
                self.inet |= {table} if words[1] == "inet" else set()
            elif line.startswith("\tchain "):
                chain = words[1]
            elif table and line.startswith("\t\t") and len(words) > 1 and words[-2] == "handle":
                counts[table, chain] += 1
                found[table, chain, int(words[-1])] = counts[table, chain]
                if table not in compare.TABLES:
                    self.texts["nft", "inet" if table in self.inet else family, table, chain, counts[table, chain]] = " ".join(words[:-3])
        return found

    def _counters(self) -> dict[Place, int]:
        counts: dict[Place, int] = {}
        family = "ip" if self.case.family == 4 else "ip6"
        for backend in self.world.backends:
            table, seen = "", Counter[str]()
            for line in self.world.host.run(f"{self.world.tool}-{backend}-save", "-c").splitlines():
                if line.startswith("*"):
                    table, seen = line[1:], Counter()
                elif found := POLICY.match(line):
                    if found[2] != "-" and f"*{table}\n" in self.case.rules.get(backend, ""):
                        counts[backend, family, table, found[1], 0] = int(found[3])
                elif found := COUNTED.match(line):
                    seen[found[2]] += 1
                    number = seen[found[2]] - self.world.lab_rules(backend, table, found[2])
                    if number > 0:
                        place = (backend, family, table, found[2], number)
                        counts[place] = int(found[1])
                        self.texts[place] = found[3]
        return counts

    def craft(self, number: int, move: Move) -> tuple[str, list[bytes]] | None:
        """The bytes of a move, and where they are sent from. None where it answers a packet that never arrived."""
        if move.kind == "send":
            return move.at, self._pieces(move, self._build(number, number, move, move.src, move.dst, move.sport, move.dport, True))
        earlier = self.shots.get(move.of)
        if earlier is None:
            return None
        root = self._root(move.of)
        if move.kind == "follow":
            at, head = earlier.at, earlier.head
            src, dst, sport, dport, forward = head.src, head.dst, head.sport, head.dport, self._forward(move.of)
        else:
            arrived = [frame for frame in earlier.left if frame.interface not in (("lo",) if self.case.legs else (*BRIDGES, "lo"))]
            if not arrived:
                return None
            at, head = arrived[-1].interface, wire.take_apart(arrived[-1].data)
            if move.kind == "error":
                return at, [self._error(number, move, head, arrived[-1].data)]
            src, dst, sport, dport, forward = head.dst, head.src, head.dport, head.sport, not self._forward(move.of)
        if head.icmp_id is not None:
            sport = dport = head.icmp_id
        proto = wire.NAMES[head.protocol]
        changed = Move(**{**vars(move), "proto": proto})
        return at, self._pieces(move, self._build(number, root, changed, src, dst, sport or 0, dport or 0, forward))

    def _root(self, number: int) -> int:
        while self.case.moves[number].kind != "send":
            number = self.case.moves[number].of
        return number

    def _forward(self, number: int) -> bool:
        """The move goes the way that its connection's first packet went."""
        move = self.case.moves[number]
        if move.kind == "send":
            return True
        return self._forward(move.of) == (move.kind == "follow")

    def _ident(self, number: int) -> int:
        return 0x5100 + number

    def _build(self, number: int, root: int, move: Move, src: str, dst: str, sport: int, dport: int, forward: bool) -> bytes:
        payload = move.data.encode() or bytes((number + at) % 256 for at in range(move.size))
        protocol = wire.PROTOCOLS[move.proto]
        if protocol == wire.TCP:
            mine, other = 1_000_000 * (root + 1), 500_000_000 + 1_000_000 * (root + 1)
            mine, other = (mine, other) if forward else (other, mine)
            opening = "S" in move.flags or ("R" in move.flags and "A" in move.flags and not forward)
            seq = (mine if opening else mine + 1) + (0x40000000 if move.wild else 0) + move.seq
            ack = other + 1 + move.ack if "A" in move.flags else 0
            body = wire.tcp(src, dst, sport, dport, move.flags, seq, ack, payload if "P" in move.flags else b"", move.window)
        elif protocol == wire.UDP:
            body = wire.udp(src, dst, sport, dport, payload)
        elif protocol not in (wire.ICMP, wire.ICMPV6):
            body = wire.other(protocol, src, dst, sport, dport, payload)
        else:
            request, reply = (8, 0) if wire.family_of(src) == 4 else (128, 129)
            kind = move.type if move.type >= 0 else request if forward else reply
            body = wire.icmp(src, dst, kind, move.code, dport << 16 | root + 1, payload)
        if move.broken:
            spot = {wire.TCP: 16, wire.UDP: 6}.get(protocol, 2)
            body = body[:spot] + bytes((body[spot] ^ 0x55, body[spot + 1])) + body[spot + 2:]
        return wire.ip(src, dst, protocol, body, ttl=move.ttl, ident=self._ident(number), tos=move.tos)

    def _error(self, number: int, move: Move, head: wire.Header, quoted: bytes) -> bytes:
        protocol = wire.ICMP if head.family == 4 else wire.ICMPV6
        kind = move.type if move.type >= 0 else 3 if head.family == 4 else 1
        body = wire.icmp(move.src or head.dst, head.src, kind, move.code, 0, quoted[:64 if head.family == 4 else 200])
        return wire.ip(move.src or head.dst, head.src, protocol, body, ttl=move.ttl, ident=self._ident(number), tos=move.tos)

    @staticmethod
    def _pieces(move: Move, packet: bytes) -> list[bytes]:
        return wire.fragments(packet, move.pieces) if move.pieces else [packet]


def record(case: Case, folder: Path) -> Recording:
    """Run the case; its snapshot goes to `folder`/snapshot.tar.gz at once, the rest with `Recording.save`."""
    folder.mkdir(parents=True, exist_ok=True)
    with World(case) as world:
        runner = Runner(world)
        runner.run(0, case.snapshot_after)
        world.snapshot((folder / "snapshot.tar.gz").resolve())
        world.instrument()
        runner.instrumented()
        shots = runner.run(case.snapshot_after)
    return Recording(case, shots, runner.texts, Path("/proc/sys/kernel/osrelease").read_text().split("-")[0].strip())


def main(arguments: list[str] | None = None) -> int:
    """The recorder's command line."""
    from .rulesets import random_case
    from .scenarios import SCENARIOS

    parser = argparse.ArgumentParser(prog="python -m tests.kernel.record", description=__doc__)
    parser.add_argument("--seed", type=int, help="a random case of this seed")
    parser.add_argument("--world", default="router", help="with --seed: the kind of world")
    parser.add_argument("--scenario", help=f"a fixed case: {', '.join(SCENARIOS)}; `all`: each in a folder of its own under -o")
    parser.add_argument("--case", type=Path, help="a case.json, from a failure or another recording")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder of the vector")
    options = parser.parse_args(arguments)
    if options.scenario == "all":
        cases = [(case, options.output / name) for name, case in SCENARIOS.items()]
    elif options.scenario:
        cases = [(SCENARIOS[options.scenario], options.output)]
    elif options.case:
        cases = [(Case.load(options.case.read_text()), options.output)]
    else:
        cases = [(random_case(options.world, options.seed), options.output)]
    for case, folder in cases:
        recording = record(case, folder)
        recording.save(folder)
        sys.stdout.write(f"{folder.name}: {len(recording.shots)} packets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
