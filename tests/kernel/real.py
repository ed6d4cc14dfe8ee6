"""Rulesets of real hosts on this machine's kernel: a world with the interfaces that they name, and packets aimed at their rules.

    python -m tests.kernel.real RULESET [RULESET ...] [--seeds N] [--packets M] [--keep FOLDER]

A ruleset is what iptables-save printed. Lines that this kernel refuses are left out, and counted. Sets that it names are made, with some of
its own addresses in them.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from random import Random

from . import compare, record, replaying
from .case import Case, Move
from .netns import LabError, Namespace
from .rulesets import Ground, Moves
from .world import Leg

_ADDRESS = re.compile(r"(?<![\w.:-])(\d+\.\d+\.\d+\.\d+(?:/\d+)?|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*(?:/\d+)?)(?![\w.])")
_INTERFACE = re.compile(r" -[io] (\S+)")
_PORT = re.compile(r"(?:--(?:dport|sport|dports|sports|ports|to-ports|on-port)) ([\d:,]+)|:(\d{2,5})(?=\s|$|-)")
_SET = re.compile(r"--match-set (\S+) (\S+)")
_LINE = re.compile(r"line:? (\d+)")
MOST_LEGS = 5


@dataclass
class Ruleset:
    """What a text names: interfaces, addresses, ports, sets."""

    text: str
    family: int
    interfaces: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    sets: dict[str, int] = field(default_factory=dict)  # name -> dimensions

    def __post_init__(self) -> None:
        """Read the text."""
        rules = [line for line in self.text.splitlines() if line.startswith(("-", "["))]
        for name in dict.fromkeys(name for line in rules for name in _INTERFACE.findall(line)):
            plain = name.rstrip("+") + ("0" if name.endswith("+") else "")
            if plain not in ("lo", "0", "") and plain not in self.interfaces and len(plain) < 16:
                self.interfaces.append(plain)
        for text in dict.fromkeys(found for line in rules for found in _ADDRESS.findall(line)):
            self._address(text)
        for line in rules:
            for listed, single in _PORT.findall(line):
                self.ports += [int(part) for part in re.split("[:,]", listed or single) if part and int(part) < 65536]
        self.ports = sorted(set(self.ports)) or [80]
        self.sets = {name: len(flags.split(",")) for line in rules for name, flags in _SET.findall(line)}

    def _address(self, text: str) -> None:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            return
        first = network.network_address
        if network.version != self.family or first.is_multicast or first.is_loopback or first.is_unspecified or first.is_link_local or text.startswith("255."):
            return
        if network.num_addresses == 1:
            self.addresses.append(str(first))
        elif network.prefixlen > 7:
            self.networks.append(str(network))

    def hosts(self, rng: Random, count: int) -> list[str]:
        """Addresses that the rules name, and some out of the networks that they name."""
        found = rng.sample(self.addresses, min(count, len(self.addresses)))
        for text in rng.sample(self.networks, min(count, len(self.networks))):
            network = ip_network(text)
            found.append(str(network[rng.randrange(1, min(network.num_addresses - 1, 5000)) if network.num_addresses > 2 else 0]))
        return [host for host in dict.fromkeys(found) if not host.startswith(("127.", "0."))]


@dataclass
class AimedMoves(Moves):
    """Packets whose addresses and ports are those that the rules name."""

    ports: Sequence[int] = ()

    def _new(self) -> Move:
        move = super()._new()
        rng = self.rng
        changes = {"dport": rng.choice(self.ports) if rng.random() < 0.8 else rng.randrange(1, 65536),
                   "sport": rng.choice(self.ports) if rng.random() < 0.15 else rng.randrange(1024, 65536)}
        if move.proto.startswith("icmp") and rng.random() < 0.3 and self.ground.family == 4:
            changes["type"] = rng.choice([8, 13, 17, 8])
        return Move(**{**vars(move), **changes})


def case_of(name: str, ruleset: Ruleset, backend: str, seed: int, packets: int) -> Case:
    """A case: the same ruleset and seed, the same case."""
    rng = Random(f"{name}/{seed}")
    names = rng.sample(ruleset.interfaces, min(MOST_LEGS, len(ruleset.interfaces)))
    names += [extra for extra in ("eth0", "eth1", "eth2") if extra not in names][:max(0, 3 - len(names))]
    hosts = ruleset.hosts(rng, 12)
    rng.shuffle(hosts)
    own = [hosts.pop() for _ in range(min(len(hosts) // 4, 3))]
    legs = [_leg(ruleset.family, number, interface) for number, interface in enumerate(names)]
    setup: list[str] = []
    for number, host in enumerate(hosts):
        leg = legs[number % len(legs)]
        setup.append(f"ip -{ruleset.family} route replace {host} via {leg.hosts[0]} dev {leg.interface}")
        leg.hosts.append(host)
    for host in own:
        legs[rng.randrange(len(legs))].addresses.append(f"{host}/{32 if ruleset.family == 4 else 128}")
    peers = {leg.interface: tuple(leg.hosts) for leg in legs}
    mine = tuple(address.split("/")[0] for leg in legs for address in leg.addresses)
    ground = Ground(ruleset.family, tuple(names), peers, mine, tuple(ruleset.networks[:3]), mine, "127.0.0.1" if ruleset.family == 4 else "::1")
    moves = AimedMoves(rng, ground, 0.15, ports=ruleset.ports).make(packets)
    for leg in legs:
        leg.hosts = leg.hosts[:2]  # the others are behind a gateway
    sets = "".join(f"create {name} {_set_type(size)}{' family inet6' if ruleset.family == 6 else ''}\n" for name, size in ruleset.sets.items())
    sets += "".join(f"add {name} {host}\n" for name, size in ruleset.sets.items() if size == 1 for host in rng.sample(hosts, min(3, len(hosts))))
    return Case(f"{name}-{backend}-{seed}", "legs", ruleset.family, seed, setup=tuple(setup), ipset=sets, rules={backend: ruleset.text},
                moves=moves, legs=tuple({"interface": leg.interface, "addresses": leg.addresses, "hosts": leg.hosts} for leg in legs))


def _leg(family: int, number: int, interface: str) -> Leg:
    if family == 4:
        return Leg(interface, [f"10.{200 + number}.0.1/24"], [f"10.{200 + number}.0.2", f"10.{200 + number}.0.3"])
    return Leg(interface, [f"2001:db8:{number:x}00::1/64"], [f"2001:db8:{number:x}00::2", f"2001:db8:{number:x}00::3"])


def _set_type(dimensions: int) -> str:
    return {1: "hash:net", 2: "hash:net,port", 3: "hash:ip,port,ip"}[min(dimensions, 3)]


def accepted(text: str, backend: str, family: int, sets: dict[str, int]) -> tuple[str, list[str]]:
    """What the kernel holds behind the text without the lines that it refuses, and those lines."""
    tool = f"{'iptables' if family == 4 else 'ip6tables'}-{backend}-restore"
    lines = text.splitlines()
    refused: list[str] = []
    space = Namespace(f"ppkreal{id(text):x}"[:24])
    try:
        for name, size in sets.items():
            space.run("ipset", "create", name, *_set_type(size).split(), *(["family", "inet6"] if family == 6 else []), check=False)
        for _ in range(60):
            try:
                space.run(tool, stdin="\n".join(lines) + "\n")
                return space.run(tool.replace("restore", "save")), refused
            except LabError as error:
                found = _LINE.search(str(error))
                if found is None:
                    raise
                number = int(found[1])
                if lines[number - 1] == "COMMIT":  # legacy names the table's end: try its rules one by one
                    number = _culprit(space, tool, lines, number)
                refused.append(lines.pop(number - 1))
        raise LabError(f"too many lines refused: {refused[:3]}")
    finally:
        space.remove()


def _culprit(space: Namespace, tool: str, lines: list[str], commit: int) -> int:
    start = max(number for number, line in enumerate(lines[:commit]) if line.startswith("*"))
    head = [line for line in lines[start:commit - 1] if not line.startswith(("-A", "["))]
    for number in range(start, commit - 1):
        if lines[number].startswith(("-A", "[")):
            try:
                space.run(tool, stdin="\n".join([*head, lines[number], "COMMIT", ""]))
            except LabError:
                return number + 1
    raise LabError("a table that the kernel refuses as a whole")


def prepared(path: Path) -> Iterator[tuple[Ruleset, str, list[str]]]:
    """The ruleset for each back-end that takes it, with the lines that were refused."""
    text = path.read_text(errors="replace").replace("\r\n", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    text = "\n".join(line for line in lines if line.startswith(("*", ":", "-", "[", "COMMIT"))) + "\n"
    family = 6 if "ip6tables" in path.name or ".v6." in path.name or re.search(r"-[sd] [0-9a-f]*:", text) else 4
    for backend in ("legacy", "nft"):
        try:
            kept, refused = accepted(text, backend, family, Ruleset(text, family).sets)
        except (LabError, ValueError) as error:
            sys.stderr.write(f"{path.name} ({backend}): not loaded: {str(error)[:300]}\n")
            continue
        yield Ruleset(kept, family), backend, refused


def main(arguments: list[str] | None = None) -> int:
    """Prints a line for each ruleset, back-end and seed; exit code 1 where something certain was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.real", description=__doc__)
    parser.add_argument("rulesets", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--packets", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="where cases that disagree are kept")
    options = parser.parse_args(arguments)
    wrong = 0
    for path in options.rulesets:
        for ruleset, backend, refused in prepared(path):
            for seed in range(1, options.seeds + 1):
                wrong += _one(path, ruleset, backend, refused, seed, options.packets, options.keep)
    return 1 if wrong else 0


def _one(path: Path, ruleset: Ruleset, backend: str, refused: list[str], seed: int, packets: int, keep: Path | None) -> int:
    name = re.sub(r"\W+", "-", path.name)[:60]
    case = case_of(name, ruleset, backend, seed, packets)
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep / case.name if keep is not None else Path(scratch)
        try:
            record.record(case, folder).save(folder)
        except LabError as error:
            sys.stdout.write(f"{case.name}: not recorded: {str(error)[:200]}\n")
            return 0
        verdict = compare.compare(compare.load(folder), replaying.replay(folder))
    sys.stdout.write(f"{case.name}: {verdict.packets} packets, {len(verdict.wrong)} wrong, {len(verdict.differences)} different, "
                     f"{verdict.uncertain} uncertain, {len(refused)} lines refused\n")
    for difference in verdict.wrong:
        sys.stdout.write(f"  {difference}\n")
    sys.stdout.flush()
    return len(verdict.wrong)


if __name__ == "__main__":
    sys.exit(main())
