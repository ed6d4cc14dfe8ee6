"""Replaying one of many equal connections gives what replaying all of them gives."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from visualize.columns.atoms import helps
from visualize.columns.cache import Cache
from visualize.flows import gather
from visualize.load import Loaded, load, replay, sources
from visualize.packet.pcap import Capture, read_frames
from visualize.replay import Source
from visualize.rows import Row, row_of

sys.path.insert(0, str(Path(__file__).parent))
import traffic

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(ROOT.glob("samples/*/snapshot.tar.gz"))
WORLDS = sorted(path for path in ROOT.glob("tests/kernel/recorded*/*/*.pcap") if path.name != "local.pcap")


def plain(loaded: Loaded, source: Source) -> list[Row]:
    """Every packet replayed."""
    return [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, [source], {}))]


def cached(loaded: Loaded, source: Source) -> list[Row] | None:
    """One of many replayed."""
    assert source.capture is not None
    table = Cache(loaded.built.host, {}, loaded.later, [source]).flow_table()
    return list(table.rows()) if table is not None else None


def source_of(capture: Capture) -> Source:
    """A capture on `any`."""
    return Source("any.pcap", capture, capture=capture)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_samples(path: Path) -> None:
    """The captures in a sample: the same rows, one by one."""
    loaded = load(str(path))
    served = 0
    for source in sources(loaded, ())[0]:
        rows = cached(loaded, source)
        if rows is not None:
            served += 1
            assert rows == plain(loaded, source)
    assert served


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.parent.name)
def test_recorded_worlds(path: Path) -> None:
    """What a real kernel was seen to do with a random world."""
    loaded = load(str(path.with_name("snapshot.tar.gz")))
    source = sources(loaded, (str(path),))[0][0]
    rows = cached(loaded, source)
    assert (rows is None) == any(map(helps, loaded.built.host.namespaces.values()))  # where helpers listen, each packet is replayed
    if rows is not None:
        assert rows == plain(loaded, source)


@pytest.mark.parametrize("seed", range(12))
def test_random_traffic(seed: int) -> None:
    """Many plain connections, among them some with resets, losses, fragments, silences, wrong numbers and shared ports."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, seed, connections=120, spoilt=(0, 0.03, 0.2)[seed % 3], lost=(0, 0.002)[seed % 2])
    source = source_of(read_frames(data, "any.pcap"))
    rows = cached(loaded, source)
    assert rows is not None
    assert rows == plain(loaded, source)


def ethernet(data: bytes, ifindex: int, mac: str) -> bytes:
    """What a capture on one interface alone would have shown: Ethernet frames, sent by this MAC address or by another one."""
    own, other = bytes.fromhex(mac.replace(":", "")), b"\x02\0\0\0\0\x99"
    found = traffic.MAGIC[:20] + (1).to_bytes(4, "little")
    for frame in read_frames(data, "any.pcap"):
        raw = bytes(frame.data)
        if int.from_bytes(raw[4:8], "big") == ifindex:
            macs = other + own if raw[10] == traffic.OUTGOING else own + other
            time = frame.time_ns
            packet = macs + raw[:2] + raw[20:]
            found += b"".join(n.to_bytes(4, "little") for n in (time // 10**9, time % 10**9, len(packet), len(packet) + frame.original_length - len(raw)))
            found += packet
    return found


@pytest.mark.parametrize("name", ["eth0", "docker0", "eth1"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_captures_on_one_interface(name: str, seed: int) -> None:
    """Ethernet frames of one interface: who sent them tells their direction."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    interface = loaded.built.host.namespaces["host"].interfaces[name]
    assert interface.index is not None
    assert interface.mac is not None
    data = ethernet(traffic.capture(loaded.built.host, seed, 150, 0.05), interface.index, interface.mac)
    source = replace(source_of(read_frames(data, "one.pcap")), interface=name)
    rows = cached(loaded, source)
    assert rows is not None
    assert rows == plain(loaded, source)


def six(data: bytes) -> bytes:
    """The same traffic by IPv6: each IPv4 address becomes one of 2001:db8::/96, each echo an ICMPv6 one; sums as a stack leaves them."""
    found = traffic.MAGIC
    for frame in read_frames(data, "any.pcap"):
        raw = bytes(frame.data)
        packet, body = raw[20:], raw[40:]
        if packet[6] & 0x3F or packet[7] or len(packet) < int.from_bytes(packet[2:4], "big"):
            continue
        ends = [bytes.fromhex("20010db8" + "00" * 8) + packet[at:at + 4] for at in (12, 16)]
        protocol = 58 if packet[9] == 1 else packet[9]
        if protocol == 58:
            body = bytes([128 if body[0] == 8 else 129]) + body[1:]
        at = {6: 16, 17: 6, 58: 2}[protocol]
        partial = traffic.ones_sum(b"".join(ends) + len(body).to_bytes(4, "big") + bytes([0, 0, 0, protocol]))
        body = body[:at] + partial.to_bytes(2, "big") + body[at + 2:]
        label = int.from_bytes(packet[4:6], "big")
        whole = (6 << 28 | packet[1] << 20 | label).to_bytes(4, "big") + len(body).to_bytes(2, "big") + bytes([protocol, packet[8]]) + b"".join(ends) + body
        spot = traffic.Spot(int.from_bytes(raw[4:8], "big"), raw[10], ("::", 0), ("::", 0))
        found += traffic.record(frame.time_ns, spot, whole)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_version_six(seed: int) -> None:
    """IPv6, with sums left for the hardware to complete."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    data = six(traffic.capture(loaded.built.host, seed, 100, 0.05, torn=0))
    source = source_of(read_frames(data, "six.pcap"))
    rows = cached(loaded, source)
    assert rows is not None
    assert rows == plain(loaded, source)


def test_most_connections_are_not_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain traffic is served from a few representatives: the replay sees few of its frames."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, 2, connections=3000, spoilt=0, lost=0, torn=0)
    seen = []
    whole = Cache._replay

    def noted(self: Cache, *arguments: object) -> object:
        run = whole(self, *arguments)  # type: ignore[arg-type]
        seen.append(sum(flow.packets for flow in run.flows))
        return run

    monkeypatch.setattr(Cache, "_replay", noted)
    capture = read_frames(data, "any.pcap")
    rows = cached(loaded, source_of(capture))
    assert rows is not None
    assert seen[-1] < sum(row["packets"] for row in rows) / 2


def test_damage_is_told_once(tmp_path: Path) -> None:
    """A capture that was cut off in the middle of a frame gives the rows of the whole frames."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, 3, connections=50)[:-7]
    capture = read_frames(data, "any.pcap")
    source = source_of(capture)
    cache = Cache(loaded.built.host, {}, loaded.later, [source])
    table = cache.flow_table()
    assert table is not None
    assert list(table.rows()) == plain(loaded, source)
    assert cache.whole == (False,)
    assert len(capture.findings) == 1


def test_other_sources_are_replayed_whole() -> None:
    """Packets as the host's own processes sent them, in a capture whose frames name interfaces all the same."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    capture = read_frames(traffic.capture(loaded.built.host, 4, connections=5), "any.pcap")
    assert cached(loaded, replace(source_of(capture), local=True)) is None
