"""Replaying one of many equal connections gives what replaying all of them gives."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from visualize.columns.cache import Cache
from visualize.flows import Row, gather, row_of
from visualize.load import Loaded, load, replay, sources
from visualize.packet.pcap import Capture, read_frames
from visualize.replay import Source

sys.path.insert(0, str(Path(__file__).parent))
import traffic

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(ROOT.glob("samples/*/snapshot.tar.gz"))
WORLDS = sorted(path for path in ROOT.glob("tests/kernel/recorded/*/*.pcap") if path.name != "local.pcap")


def plain(loaded: Loaded, source: Source) -> list[Row]:
    """Every packet replayed."""
    return [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, [source], {}))]


def cached(loaded: Loaded, source: Source) -> list[Row] | None:
    """One of many replayed."""
    assert source.capture is not None
    return Cache(loaded.built.host, {}, loaded.later, source, source.capture.read, source.capture.size).rows()


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
    assert rows is not None
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
    assert seen[-1] < sum(row.fields["packets"] for row in rows) * 2 / 3


def test_damage_is_told_once(tmp_path: Path) -> None:
    """A capture that was cut off in the middle of a frame gives the rows of the whole frames."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, 3, connections=50)[:-7]
    capture = read_frames(data, "any.pcap")
    source = source_of(capture)
    cache = Cache(loaded.built.host, {}, loaded.later, source, capture.read, capture.size)
    assert cache.rows() == plain(loaded, source)
    assert not cache.whole
    assert len(capture.findings) == 1


def test_other_sources_are_replayed_whole() -> None:
    """Packets as the host's own processes sent them are no matter for columns."""
    loaded = load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))
    capture = read_frames(traffic.capture(loaded.built.host, 4, connections=5), "any.pcap")
    assert cached(loaded, replace(source_of(capture), local=True)) is None
