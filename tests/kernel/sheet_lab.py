"""Runs a sheet on the kernel: which of its rules matched each packet, in which order, and what left the host because of it.

    python -m tests.kernel.sheet_lab NAME [--seed N] [--backend nft] [-o FOLDER]     asks the kernel, compares, keeps the vector in FOLDER
    python -m tests.kernel.sheet_lab --compare FOLDER                                compares a kept vector again, without root
"""

import argparse
import gzip
import json
import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import nflog, wire
from .case import Case
from .netns import LabError
from .sheet import Sent, Sheet, SheetRule, names, read
from .world import World

GROUP = 9
BRIDGES = ("docker0",)  # a packet is seen on its way into a bridge, and out of the port again
Shot = dict[str, Any]


def run(sheet: Sheet, backend: str, folder: Path, warm: int = 0) -> None:
    """Ask the kernel (`warm`: so many packets have passed before the snapshot); leaves `snapshot.tar.gz`, `any.pcap`, `local.pcap` and `shots.ndjson.gz` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    case = Case(sheet.name, sheet.world, sheet.family, setup=tuple(sheet.setup), sysctl=dict(sheet.sysctl), ipset="\n".join(sheet.ipset) + "\n"
                if sheet.ipset else "")
    with World(case) as world:
        refused = _load(world, sheet, backend)
        for sent in sheet.packets[:warm]:
            _send(world, sent)
        world.snapshot(folder / "snapshot.tar.gz")
        with world.host.inside():
            log = nflog.log_socket(GROUP)
        try:
            shots = [_fire(world, log, sent) for sent in sheet.packets]
        finally:
            log.close()
    for rule in refused:
        print(f"{sheet.name} {backend}: refused here: {rule.line}", file=sys.stderr)
    _save(folder, shots)


def _load(world: World, sheet: Sheet, backend: str) -> list[SheetRule]:
    """Load all rules that this kernel takes; the others are returned."""
    command = f"{world.tool}-{backend}-restore"
    try:
        world.host.run(command, stdin=sheet.restore(sheet.rules))
        return []
    except LabError:
        refused = []
        for rule in sheet.rules:
            try:
                world.host.run(command, "-n", stdin=sheet.restore([rule]))
            except LabError as error:
                refused.append(rule)
                print(str(error).splitlines()[0][-200:], file=sys.stderr)
        world.host.run(command, stdin=sheet.restore([rule for rule in sheet.rules if rule not in refused]))
        return refused


def _fire(world: World, log: socket.socket, sent: Sent) -> Shot:
    if sent.wait:
        time.sleep(sent.wait)
    _drain(world, log)
    begin = time.time_ns()
    error = _send(world, sent)
    frames: list[wire.Frame] = []
    rules: list[int] = []
    quiet, mark = 0, identity(sent.data)
    while quiet < 2:
        time.sleep(0.0006)
        more, matched = _drain(world, log)
        frames += more
        rules += [number for number, packet in matched if identity(packet) == mark]
        quiet = 0 if more or matched else quiet + 1
    leg = "lo" if sent.at == "local" else sent.at
    first = next((frame for frame in frames if frame.interface == leg and not frame.outgoing), None)
    out = [frame for frame in frames if frame.outgoing and frame.interface not in BRIDGES]
    return {"at": sent.at, "text": sent.text, "sent": sent.data.hex(), "time": first.time if first and sent.at != "local" else begin,
            "frames": [(frame.time, frame.sll2()) for frame in frames], **({"error": error} if error else {}), "rules": rules,
            "out": [[frame.interface, frame.data.hex()] for frame in out]}


def _send(world: World, sent: Sent) -> str:
    if sent.at == "local":
        return world.send("local", sent.data)
    leg = next(leg for leg in world.legs if leg.interface == sent.at)
    family = 4 if sent.data[0] >> 4 == 4 else 6
    mac = sent.mac or _destination_mac(world, sent, family)
    frame = bytes.fromhex((mac + leg.peer_mac).replace(":", "")) + struct.pack("!H", wire.ethertype(family))
    world.senders[sent.at].send(frame + sent.data)
    return ""


def _destination_mac(world: World, sent: Sent, family: int) -> str:
    dst = sent.data[16:20] if family == 4 else sent.data[24:40]
    if dst == b"\xff" * 4 or (family == 4 and dst[3] == 255):
        return "ff:ff:ff:ff:ff:ff"
    if family == 4 and dst[0] >> 4 == 14:
        return f"01:00:5e:{dst[1] & 127:02x}:{dst[2]:02x}:{dst[3]:02x}"
    if family == 6 and dst[0] == 0xFF:
        return "33:33:" + dst[12:].hex(":")
    text = socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6, dst)
    return world.way(sent.at, text)


def identity(data: bytes) -> tuple[int, bytes]:
    """What makes a packet known again, whatever was done to it: family, and the IPv4 id or the IPv6 flow label."""
    return (4, data[4:6]) if data[0] >> 4 == 4 else (6, bytes([data[1] & 15]) + data[2:4])


def _drain(world: World, log: socket.socket) -> tuple[list[wire.Frame], list[tuple[int, bytes]]]:
    """Frames seen since the last call, and matches: rule number and packet. An answer of the host's stack to a packet is told apart."""
    rules = []
    for kind, body in nflog.messages(log):
        if kind == nflog.SUBSYS_ULOG << 8 | nflog.MSG_PACKET:
            told = dict(nflog.attributes(body[4:]))
            rules.append((int(told[10].rstrip(b"\0")), told[9]))
    return world.frames(), rules


def _save(folder: Path, shots: list[Shot]) -> None:
    frames = [frame for shot in shots for frame in shot.pop("frames")]
    local = [(shot["time"], bytes.fromhex(shot["sent"])) for shot in shots if shot["at"] == "local" and "error" not in shot]
    for name, linktype, found in (("any", wire.LINKTYPE_SLL2, frames), ("local", wire.LINKTYPE_RAW, local)):
        if found:
            (folder / f"{name}.pcap").write_bytes(wire.pcap(linktype, found))
    lines = "".join(json.dumps(shot) + "\n" for shot in shots)
    (folder / "shots.ndjson.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))


# -- the other side: what a replay says ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One rule (or the packet that left) on which kernel and replay differ."""

    packet: str
    what: str
    kernel: str
    replay: str
    certain: bool
    why: str = ""
    path_certain: bool = True  # no doubt at all on the packet's path

    def __str__(self) -> str:
        return (f"{self.what}\n    packet: {self.packet}\n    kernel: {self.kernel}   replay: {self.replay}"
                f"{'' if self.certain else ' [not certain]'}   {self.why}")


@dataclass
class Compared:
    """All that a comparison found. `asked` counts rules times packets, `uncertain` packets whose path was not certain."""

    packets: int = 0
    matched: int = 0
    uncertain: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def wrong(self) -> list[Difference]:
        """What nothing excuses."""
        return [one for one in self.differences if one.certain]


    def first(self) -> list[Difference]:
        """The first wrong answer of each packet: those behind it may only follow from it."""
        return list({one.packet: one for one in reversed(self.wrong)}.values())[::-1]


def compare(folder: Path) -> Compared:
    """Replay a vector and judge it."""
    from visualize.load import load, replay, sources
    shots = [json.loads(line) for line in gzip.decompress((folder / "shots.ndjson.gz").read_bytes()).splitlines()]
    loaded = load(str(folder / "snapshot.tar.gz"))
    captures = [str(folder / name) + at for name, at in (("any.pcap", ""), ("local.pcap", "@local")) if (folder / name).exists()]
    lines = {(one.capture, one.time_ns): one for one in replay(loaded, sources(loaded, tuple(captures))[0], {})}
    texts = _rule_texts(loaded)
    found = Compared(len(shots))
    for shot in shots:
        if "error" in shot:
            continue
        line = lines.get(("local.pcap" if shot["at"] == "local" else "any.pcap", shot["time"]))
        found.matched += len(shot["rules"])
        found.differences += _judge(shot, line, texts)
        found.uncertain += line is not None and line.path.certainty.value != "certain"
    return found


def _rule_texts(loaded: Any) -> dict[int, tuple[str, str]]:
    """Each logging rule by its number: how it is printed, and its place as doubts name it."""
    texts: dict[int, tuple[str, str]] = {}
    for namespace in loaded.built.host.namespaces.values():
        for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
            for chain in table.chains.values():
                for rule in chain.rules:
                    number = _number(rule.text)
                    if number:
                        texts[number] = f"{table.name} {rule.text}", f"{table.name} {rule.chain} {rule.number}"
    return texts


def _number(text: str) -> int:
    found = re.search(r'--nflog-prefix\s+"?(\d+)', text)
    return int(found[1]) if found else 0


def _steps(path: Any) -> Iterator[tuple[int, Any]]:
    from visualize.path import RuleMatched
    for step in path.steps:
        if isinstance(step, RuleMatched) and _number(step.text):
            yield _number(step.text), step


def _judge(shot: Shot, line: Any, texts: dict[int, tuple[str, str]]) -> list[Difference]:
    if line is None:
        return [Difference(shot["text"], "the replay has no line", str(shot["rules"][:5]), "nothing", True)] if shot["rules"] else []
    path = line.path
    doubted = {doubt.at for doubt in path.doubts}
    got = [number for number, _ in _steps(path)]
    want = list(shot["rules"])
    found = []
    for number in sorted(set(got) ^ set(want)):
        text, place = texts.get(number, (f"rule {number}", ""))
        found.append(Difference(shot["text"] + f"  {shot['sent']}", text, "yes" if number in want else "no", "yes" if number in got else "no",
                                place not in doubted, path.end.why if path.verdict.value != "forwarded" else "",
                                path.certainty.value == "certain"))
    if not found and got != want:
        found.append(Difference(shot["text"], "order", str(want), str(got), path.certainty.value == "certain",
                                path_certain=path.certainty.value == "certain"))
    return found + (_judge_out(shot, line) if not found else [])


FIELDS = ("src", "dst", "protocol", "sport", "dport", "tcp_flags", "tcp_options", "icmp_type", "icmp_code", "ttl", "tos", "length")


def _judge_out(shot: Shot, line: Any) -> list[Difference]:
    """What left the host: the packet itself in its last form, and what the kernel sent because of it."""
    path = line.path
    if path.verdict.value == "delivered":
        return []  # what the host's stack answers is not the replay's to say
    want = [_form(bytes.fromhex(data)) for _, data in shot["out"]]
    got = [_fields(one.final) for one in _family(path) if one.final is not None and one.verdict.value == "forwarded"]
    if sorted(map(str, want)) == sorted(map(str, got)):
        return []
    return [Difference(shot["text"] + f"  {shot['sent']}", "what left", f"\n      {want}", f"\n      {got}", path.certainty.value == "certain", path.end.why,
                       path.certainty.value == "certain")]


def _family(path: Any) -> Iterator[Any]:
    yield path
    for child in path.children:
        yield from _family(child)


def _form(data: bytes) -> tuple[Any, ...]:
    from visualize.packet.decode import ipv4_packet, ipv6_packet  # one reader of bytes is enough: what is compared is what the kernel changed
    packet = (ipv4_packet if data[0] >> 4 == 4 else ipv6_packet)(data, 0, len(data), None, None)
    return _fields(packet) if packet is not None else ("unreadable",)


def _fields(packet: Any) -> tuple[Any, ...]:
    return tuple(str(value) if name in ("src", "dst") else value.hex() if isinstance(value, bytes) else None if value is None else int(value)
                 for name in FIELDS for value in (getattr(packet, name),))


def summary(differences: list[Difference]) -> Iterator[str]:
    """The differences by rule: how often, and the first packet."""
    by_rule: dict[str, list[Difference]] = {}
    for one in differences:
        by_rule.setdefault(re.sub(r" -j NFLOG.*", "", one.what), []).append(one)
    for found in by_rule.values():
        yield f"{len(found)} x {found[0]}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"sheets: {', '.join(names())}; none: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=("legacy", "nft"))
    parser.add_argument("--compare", type=Path, action="append", default=[])
    parser.add_argument("-o", "--output", type=Path, help="keep vectors here, in a folder NAME-BACKEND each")
    parser.add_argument("--warm", type=int, default=0, help="packets sent before the snapshot")
    parser.add_argument("--all", action="store_true", help="print excused differences too")
    given = parser.parse_args()
    folders = list(given.compare)
    if not folders:
        import tempfile
        output = given.output or Path(tempfile.mkdtemp())
        for name in given.names or names():
            sheet = read(name, given.seed)
            for backend in sheet.backends:
                if given.backend in (None, backend):
                    folders.append(output / f"{name}-{backend}")
                    run(sheet, backend, folders[-1], given.warm)
    wrong = 0
    for folder in folders:
        found = compare(folder)
        wrong += len(found.wrong)
        for line in summary(found.differences if given.all else found.first()):
            print(line)
        print(f"{folder.name}: {found.packets} packets, {found.matched} matches, {found.uncertain} packets not certain, "
              f"{len(found.wrong)} wrong, {len(found.differences) - len(found.wrong)} excused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
