"""Whatever files show the frames, the columns give what replaying every packet gives."""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from snapshot.host.link import Interface
from visualize.columns import links
from visualize.columns.atoms import helps
from visualize.columns.cache import Cache
from visualize.columns.spread import Spread, threads
from visualize.flows import gather
from visualize.load import Loaded, load, replay
from visualize.load import sources as captures
from visualize.packet.pcap import open_capture, read_frames
from visualize.replay import Source
from visualize.rows import row_of

sys.path.insert(0, str(Path(__file__).parent))
import files
import traffic

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples/default-bridge/snapshot.tar.gz"
WORLDS = sorted(ROOT.glob("tests/kernel/recorded*/*/any.pcap"))


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """A captured Docker host."""
    return load(str(SAMPLE))


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks are cut where packets may be under way."""
    monkeypatch.setattr(links, "_TAIL", 16)


def shots(loaded: Loaded, seed: int, linktype: int = 1, tags: tuple[int, ...] = (), connections: int = 80) -> list[files.Shot]:
    """Random traffic on each interface."""
    data = traffic.capture(loaded.built.host, seed, connections, (0, 0.05)[seed % 2])
    return files.shots(data, loaded.built.host.namespaces["host"], linktype, tags)


def source(data: bytes, interface: str | None = None) -> Source:
    """A capture."""
    capture = read_frames(data, "x.pcap")
    return Source("x.pcap", capture, interface=interface, capture=capture)


def same(loaded: Loaded, sources: list[Source], frames: int = 1 << 19, spread: Spread | None = None) -> int:
    """Compare; how many rows there are."""
    found = compare(loaded, sources, frames, spread)
    assert found is not None
    return found


def compare(loaded: Loaded, sources: list[Source], frames: int, spread: Spread | None = None) -> int | None:
    """The same, where columns serve such captures."""
    cache = Cache(loaded.built.host, {}, loaded.later, sources, spread, frames)
    table = cache.flow_table()
    if table is None:
        return None
    rows = list(table.rows())
    assert rows == [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources, {}))]
    assert [not whole for whole in cache.whole] == [bool(one.capture.findings) for one in sources if one.capture is not None]
    return len(rows)


@pytest.mark.parametrize("frames", [40, 300, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_pcapng_of_all_interfaces(loaded: Loaded, seed: int, frames: int) -> None:
    """Ethernet frames whose interface has a name; several sections, clocks and byte orders."""
    assert same(loaded, [source(files.pcapng(shots(loaded, seed), seed))], frames)


@pytest.mark.parametrize("seed", range(4))
def test_pcapng_that_tells_directions(loaded: Loaded, seed: int) -> None:
    """The option epb_flags, alone or behind a comment, says which way a frame went."""
    for linktype in (1, 101):
        assert same(loaded, [source(files.pcapng(shots(loaded, seed, linktype), seed, flags=True))], 300)


@pytest.mark.parametrize("linktype", [113, 101, 0, 108])
@pytest.mark.parametrize("seed", range(2))
def test_one_interface_of_other_link_types(loaded: Loaded, seed: int, linktype: int) -> None:
    """SLL, and packets without a link layer, which leave where the host itself owns their source; classic files in both byte orders, and pcapng."""
    for name in ("eth0", "docker0"):
        some = [one for one in shots(loaded, seed, linktype) if one.name == name]
        for data in (files.classic(some, "<"), files.classic(some, ">"), files.pcapng([replace(one, name="any") for one in some], seed)):
            assert same(loaded, [source(data, name)], 100)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("linktype", [1, 101])
def test_longer_record_headers(loaded: Loaded, order: str, linktype: int) -> None:
    """The modified classic format tells the direction of each frame in its record."""
    some = [one for one in shots(loaded, 3, linktype) if one.name == "eth0"]
    assert same(loaded, [source(files.classic(some, order, modified=True), "eth0")], 100)


@pytest.mark.parametrize("tags", [(10,), (0x6000 | 10,), (20, 10), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("seed", range(2))
def test_tagged_frames(loaded: Loaded, seed: int, tags: tuple[int, ...]) -> None:
    """VLAN tags, one or several: on Ethernet, SLL and SLL2; all frames or some of them."""
    for linktype in (1, 113):
        tagged, bare = (shots(loaded, seed, linktype, these) for these in (tags, ()))
        some = [one if number % 3 else other for number, (one, other) in enumerate(zip(tagged, bare, strict=True)) if one.name == "eth1"]
        assert same(loaded, [source(files.classic([one for one in tagged if one.name == "eth0"]), "eth0")], 100)
        assert same(loaded, [source(files.classic(some), "eth1")], 100)


@pytest.mark.parametrize("frames", [40, 300, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_a_capture_for_each_interface(loaded: Loaded, seed: int, frames: int) -> None:
    """`tcpdump -i` once for each interface: the captures are merged by time."""
    some = shots(loaded, seed)
    names = ("eth0", "docker0", "eth1")[:2 + seed % 2]
    sources = [source(files.classic([one for one in some if one.name == name], "<>"[number % 2]), name) for number, name in enumerate(names)]
    assert same(loaded, sources, frames, (None, threads(2))[seed % 2])


@pytest.mark.parametrize("frames", [40, 300, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_frames_among_several_captures(loaded: Loaded, seed: int, frames: int) -> None:
    """Frames divided at random among captures of several kinds, some of whose clocks go back."""
    first, second, third = files.divided(shots(loaded, seed), 3, seed)
    alone = [replace(one, name="eth0") for one in third]
    sources = [source(files.pcapng(first, seed)), source(files.pcapng(second, seed + 1, plain=True)), source(files.classic(alone), "eth0")]
    assert same(loaded, sources, frames, (threads(2), None)[seed % 2])


@pytest.mark.parametrize("seed", range(3))
def test_an_empty_capture_among_others(loaded: Loaded, seed: int) -> None:
    """A file without a frame, a file that ends long before the others."""
    some = shots(loaded, seed)
    parts = ([], [one for one in some if one.name == "eth0"][:20], [one for one in some if one.name == "docker0"])
    sources = [source(files.classic(part), name) for part, name in zip(parts, ("eth1", "eth0", "docker0"), strict=True)]
    assert same(loaded, sources, 60)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_damaged_pcapng(loaded: Loaded, seed: int, plain: bool) -> None:
    """Cut off anywhere, or with a byte changed anywhere: the frames before the damage count, as the plain reader has it."""
    draw = Random(seed)
    data = files.pcapng(shots(loaded, seed, connections=30), seed, plain=plain)
    for _ in range(6):
        at = draw.randrange(64, len(data))
        for spoilt in (data[:at], data[:at] + bytes([data[at] ^ draw.randrange(1, 256)]) + data[at + 1:]):
            compare(loaded, [source(spoilt)], 50)


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_worlds_as_pcapng(path: Path) -> None:
    """What a real kernel was seen to do, in another file format: several sections, byte orders and clocks."""
    loaded = load(str(path.with_name("snapshot.tar.gz")))
    some = [files.Shot(one.time_ns, one.linktype, bytes(one.data), one.original_length, "any", False) for one in open_capture(str(path)).frames]
    found = compare(loaded, [source(files.pcapng(some, len(some)))], 100)
    assert (found is None) == any(map(helps, loaded.built.host.namespaces.values()))  # where helpers listen, each packet is replayed


@pytest.mark.parametrize("frames", [60, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_captures_of_two_namespaces(loaded: Loaded, seed: int, frames: int) -> None:
    """The host's side, and the container's own: what one sends comes in at the other."""
    host = loaded.built.host
    port = next(one for one in host.namespaces["host"].interfaces.values() if one.master == "docker0" and one.peer_netns is not None)
    inside = host.namespaces[port.peer_netns or ""]
    link = next(one for one in inside.interfaces.values() if one.name == "eth0")
    some = shots(loaded, seed)
    far, own = (bytes.fromhex((one.mac or "").replace(":", "")) for one in (port, link))
    peer = [replace(one, time=one.time + 400, data=(far + own if not one.out else own + far) + one.data[12:]) for one in some if one.name == port.name]
    sources = [source(files.pcapng([one for one in some if one.name != port.name], seed)), replace(source(files.classic(peer), "eth0"), netns=inside.name)]
    assert same(loaded, sources, frames)


@pytest.mark.parametrize("seed", range(2))
def test_any_capture_said_to_be_of_one_interface(loaded: Loaded, seed: int) -> None:
    """SLL2 with `FILE@IFACE`: what is said counts, not the frames' interface index."""
    data = traffic.capture(loaded.built.host, seed, 60)
    assert same(loaded, [source(data, "eth0")], 100)
    assert same(loaded, [source(data, "eth0"), source(data)], 100)


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/kernel/recorded*/*/local.pcap")), ids=lambda path: path.parent.name)
def test_recorded_packets_of_the_host_itself(path: Path) -> None:
    """Packets as processes sent them, before OUTPUT: alone, and with what was seen of them on any interface."""
    loaded = load(str(path.with_name("snapshot.tar.gz")))
    helped = any(map(helps, loaded.built.host.namespaces.values()))
    for names in ((f"{path}@local",), (f"{path}@local", str(path.with_name("any.pcap")))):
        found = compare(loaded, captures(loaded, names)[0], 100)
        assert (found is None) == helped


@pytest.mark.parametrize("frames", [60, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_packets_of_the_host_itself(loaded: Loaded, seed: int, frames: int) -> None:
    """What leaves by an outer interface with an address of its own was sent a moment before; some of it is only in one of the captures."""
    draw = Random(seed)
    data = traffic.capture(loaded.built.host, seed, 100, (0, 0.05)[seed % 2])
    namespace = loaded.built.host.namespaces["host"]
    raw = files.shots(data, namespace, 101)
    outer = {address.local.packed: name for name in ("eth0", "eth1") for address in namespace.interfaces[name].addresses}
    sent = [replace(one, time=one.time - 300) for one in raw if one.out and outer.get(one.data[12:16]) == one.name and draw.random() < 0.97]
    assert sent
    host_only = replace(source(files.classic(sent, "<>"[seed % 2])), local=True)
    assert same(loaded, [host_only], frames)
    assert same(loaded, [source(data), host_only], frames)
    assert same(loaded, [host_only, source(files.pcapng(shots(loaded, seed), seed))], frames)


@pytest.mark.parametrize("linktype", [1, 113])
@pytest.mark.parametrize("seed", range(3))
def test_frames_of_a_vlan_device(loaded: Loaded, seed: int, linktype: int) -> None:
    """Tagged frames on the device below, whose VLAN device has the address; alone, and with what the bridge's side saw."""
    host = loaded.built.host
    namespace = host.namespaces["host"]
    eth0 = replace(namespace.interfaces["eth0"], kind="vlan", parent="below", vlan_id=10)
    below = Interface("below", 99, mac=eth0.mac, flags=eth0.flags)
    spaces = {**host.namespaces, "host": replace(namespace, interfaces={**namespace.interfaces, "eth0": eth0, "below": below})}
    tagged = replace(loaded, built=replace(loaded.built, host=replace(host, namespaces=spaces)))
    some = [one for one in shots(loaded, seed, linktype, (10,)) if one.name == "eth0"]
    other = [one for one in shots(loaded, seed) if one.name == "docker0"]
    assert same(tagged, [source(files.classic(some), "below")], 100)
    assert same(tagged, [source(files.classic(some), "below"), source(files.classic(other), "docker0")], 100)
