"""Taking the way of an earlier packet gives what walking gives: the same lines, the same paths, the same state behind."""

import random
import struct
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from visualize.datapath.machine import Machine
from visualize.datapath.megaflow import Entry, Megaflows
from visualize.line import replay_line, replay_record, to_json
from visualize.load import Loaded, load, sources
from visualize.packet.packet import Packet
from visualize.packet.pcap import read_frames
from visualize.path import Verdict
from visualize.replay import Replay, Source
from visualize.way import Way

sys.path.insert(0, str(Path(__file__).parents[1] / "columns"))
import traffic

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(ROOT.glob("samples/*/snapshot.tar.gz"))
WORLDS = sorted(path.parent for path in ROOT.glob("tests/kernel/recorded/*/any.pcap"))
BRIDGE = ROOT / "samples/default-bridge/snapshot.tar.gz"


def told(loaded: Loaded, captures: list[Source], remember: bool) -> Iterator[str]:
    """All that a replay tells of each packet, and at its end what it remembers of them."""
    run = Replay(loaded.built.host, {}, loaded.later, remember)
    for one in run.run(captures):
        line = replay_line(one)
        assert line == to_json(replay_record(one))
        yield f"{line}\n{one.path!r}\n{[(hash(step.packet.raw), step.packet.raw == one.start.raw) for step in one.path.steps]}"
    for stack in run.machine.stacks():
        for held in stack.tracker.all():
            yield f"{held.original_tuple} {held.reply_tuple} {sorted(held.flags)} {held.mark} {held.tcp} {held.expires} {held.carried} {held.labels}"
        yield f"{stack.learned} {stack.memory} {stack.realm()}"


def agree(loaded: Loaded, captures: Iterable[list[Source]]) -> None:
    """Walking each packet and remembering ways: the same."""
    walked, remembered = (told(loaded, given, remember) for given, remember in zip(captures, (False, True), strict=True))
    for one, other in zip(walked, remembered, strict=True):
        assert one == other


def repeated(file: Path, times: int) -> bytes:
    """A little-endian capture played several times over, so that ways are taken again; between two of them neighbouring packets are apart."""
    data = file.read_bytes()
    scale = 10**9 if data[:4] == b"\x4d\x3c\xb2\xa1" else 10**6
    records, at = [], 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        records.append((seconds * scale + fraction, captured, length, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    span = 100 * scale if records else 0
    return data[:24] + b"".join(struct.pack("<IIII", (time + turn * span) // scale, (time + turn * span) % scale, captured, length) + frame
                                for turn in range(times) for time, captured, length, frame in records)


def world(folder: Path) -> list[Source]:
    """The captures of a recorded world, twice over."""
    any_capture = Source("any.pcap", read_frames(repeated(folder / "any.pcap", 2), "any.pcap"))
    local = folder / "local.pcap"
    return [any_capture] if not local.exists() else [any_capture, Source("local.pcap", read_frames(repeated(local, 2), "local.pcap"), local=True)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_samples(path: Path) -> None:
    """The captures in a sample."""
    loaded = load(str(path))
    agree(loaded, (sources(loaded, ())[0] for _ in range(2)))


@pytest.mark.parametrize("folder", WORLDS, ids=lambda folder: folder.name)
def test_recorded_worlds(folder: Path) -> None:
    """What was sent to a real kernel, twice over."""
    agree(load(str(folder / "snapshot.tar.gz")), (world(folder) for _ in range(2)))


RULES = """
-m recent --name seen --rsource --set
-m recent --name seen --rsource --update --seconds 2 --hitcount 30 -j DROP
-p tcp -m limit --limit 20/sec --limit-burst 10 -j RETURN
-p tcp -m statistic --mode nth --every 7 --packet 0 -j DROP
-m statistic --mode random --probability 0.5 -j LOG
-p tcp -m conntrack --ctstate NEW -m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name conn -j RETURN
-p tcp -m connbytes --connbytes 3:6 --connbytes-dir both --connbytes-mode packets -j LOG
-m quota --quota 20000 -j RETURN
-p tcp -m connlimit --connlimit-above 12 --connlimit-mask 0 -j LOG
-m conntrack --ctstatus ASSURED -j LOG
-m conntrack --ctexpire 0:400 -j LOG
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK ACK -j LOG
-m length --length 53:100 -j LOG
-m time --timestart 00:00 --timestop 12:00 -j LOG
-m string --string GET --algo bm -j LOG
-m ecn --ecn-tcp-cwr -j LOG
-m mark --mark 0x1 -j RETURN
-m connmark --mark 0x5 -j LOG
""".strip().splitlines()
MANGLE = """
-A PREROUTING -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CONNMARK --set-xmark 0x5/0xffffffff
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A FORWARD -m length --length 60:65535 -j MARK --set-xmark 0x1/0xffffffff
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -m statistic --mode nth --every 3 --packet 0 -j MARK --set-xmark 0x1/0x1
-A FORWARD -p tcp -m connbytes --connbytes 4 --connbytes-dir original --connbytes-mode packets -j CONNMARK --set-xmark 0x7/0xffffffff
-A POSTROUTING -j TTL --ttl-inc 1
-A POSTROUTING -m dscp ! --dscp 0x04 -j DSCP --set-dscp 0x04
-A PREROUTING -p tcp -m ttl --ttl-lt 60 -j TOS --set-tos 0x10/0xff
""".strip().splitlines()


def spiced(folder: Path, seed: int) -> Loaded:
    """The Docker host with some rules that remember, count, look at the clock or at bytes."""
    chance = random.Random(seed)
    with tarfile.open(BRIDGE) as archive:
        archive.extractall(folder, filter="data")
    file = next(folder.glob("**/netns/host/iptables-nft-save.txt"))
    text = file.read_text()
    forward = "".join(f"[0:0] -A DOCKER-USER {rule}\n" for rule in chance.sample(RULES, chance.choice((1, 2, 4))))
    mangle = "".join(f"[0:0] {rule}\n" for rule in sorted(chance.sample(MANGLE, chance.choice((0, 1, 3))), key=lambda rule: rule.split()[1]))
    chains = "".join(f":{name} ACCEPT [0:0]\n" for name in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"))
    text = text.replace("[0:0] -A DOCKER-USER -j RETURN\n", forward + "[0:0] -A DOCKER-USER -j RETURN\n", 1)
    file.write_text(text + (f"*mangle\n{chains}{mangle}COMMIT\n" if mangle else ""))
    return load(str(file.parents[2]))


@pytest.mark.parametrize("seed", range(16))
def test_random_traffic_and_rules(seed: int, tmp_path: Path) -> None:
    """Connections with resets, losses, fragments, silences and shared ports, through rules that look at what changes."""
    loaded = spiced(tmp_path, seed) if seed else load(str(BRIDGE))
    data = traffic.capture(loaded.built.host, seed, connections=60, spoilt=(0.05, 0.3)[seed % 2], lost=(0, 0.01)[seed % 2])
    agree(loaded, ([Source("any.pcap", read_frames(data, "any.pcap"))] for _ in range(2)))


def test_most_packets_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of plain connections only the first packets of each direction are walked: else this cache would be of no use."""
    loaded = load(str(BRIDGE))
    taken = []
    again = Megaflows.again

    def noted(self: Megaflows, *arguments: object) -> object:
        taken.append(again(self, *arguments))  # type: ignore[arg-type]
        return taken[-1]

    monkeypatch.setattr(Megaflows, "again", noted)
    data = traffic.capture(loaded.built.host, 1, connections=30, spoilt=0, lost=0)
    packets = sum(1 for _ in Replay(loaded.built.host).run([Source("any.pcap", read_frames(data, "any.pcap"))]))
    assert len([way for way in taken if way is not None]) > packets / 4


class Flow:
    """One UDP connection from a container of the Docker host to the outside, whose packets are given to a machine one by one."""

    def __init__(self, mtu: int = 1500) -> None:
        """`mtu`: of the way out."""
        host = load(str(BRIDGE)).built.host
        links = dict(host.namespaces["host"].interfaces)
        links["eth1"] = replace(links["eth1"], mtu=mtu)
        host = replace(host, namespaces={**host.namespaces, "host": replace(host.namespaces["host"], interfaces=links)})
        port = next(link.name for link in links.values() if link.master == "docker0" and link.peer_netns == "web")
        self.entry, self.machine, self.now = Entry("host", port), Machine(host, 0), 0
        self.source = host.namespaces["web"].interfaces["eth0"].addresses[0].local

    def send(self, length: int = 100, **changed: Any) -> Way:
        """The way of one more packet."""
        self.now += 10**6
        packet = Packet(self.source, ip_address("198.51.100.80"), 17, identification=self.now, length=length, sport=5000, dport=53,
                        dont_fragment=True, transport_length=length - 28)
        return self.machine.take(self.entry, replace(packet, **changed), self.now)[0]

    def connection(self) -> Any:
        """What the host tracks of it."""
        stack = self.machine.stack("host")
        assert stack is not None
        return next(held for held in stack.tracker.all() if held.original_tuple.a == 5000)


def test_the_third_packet_takes_the_way_of_the_second() -> None:
    """The first opens the connection, the second is walked and kept; another length, id or payload makes no difference, a port or a TTL does."""
    flow = Flow()
    first, second = flow.send(), flow.send()
    assert first is not second
    assert flow.send(length=900) is second
    assert flow.send(ttl=9) is not second
    assert flow.send(sport=5001) is not second
    assert flow.send() is second


def test_a_packet_that_no_longer_fits_is_walked() -> None:
    """What is longer than the way out takes is answered by the host; a shorter packet behind it takes the old way again."""
    flow = Flow(mtu=1400)
    flow.send()
    second = flow.send()
    assert flow.send(length=1400) is second
    large = flow.send(length=1401)
    assert large.path.verdict is Verdict.REJECTED
    assert flow.send() is second


def test_a_connection_that_has_changed_is_walked() -> None:
    """Another mark, another mapping, a helper, the end of the entry: whatever a walk may look at of the connection is compared."""
    for change in ({"mark": 7}, {"helper": "tftp"}, {"labels": "1"}, {"lot": "by chance"}, {"masquerade_interface": "eth9"}, {"expires": 0}):
        flow = Flow()
        flow.send()
        second = flow.send()
        assert flow.send() is second
        for name, value in change.items():
            setattr(flow.connection(), name, value)
        assert flow.send() is not second, change
    flow = Flow()
    flow.send()
    second = flow.send()
    flow.connection().flags.discard("SNAT")
    assert flow.send() is not second


def test_a_way_taken_by_another_packet_is_its_own_path() -> None:
    """Each step has the packet's own id and length, with the rewrites of the way."""
    flow = Flow()
    flow.send()
    second = flow.send()
    start = replace(second.path.start, identification=77, length=400, transport_length=372)
    path = second.taken_by(start, second.path.doubts)
    assert [(type(step), step.netns) for step in path.steps] == [(type(step), step.netns) for step in second.path.steps]
    assert {(step.packet.identification, step.packet.length) for step in path.steps} == {(77, 400)}
    assert path.end.packet.src != start.src
    assert path.end.packet == replace(second.path.end.packet, identification=77, length=400, transport_length=372)
