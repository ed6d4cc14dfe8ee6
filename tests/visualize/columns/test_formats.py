"""Whatever files show the frames, the columns give what replaying every packet gives."""

import sys
from pathlib import Path

import pytest

from visualize.columns import links
from visualize.columns.cache import Cache
from visualize.flows import gather
from visualize.load import Loaded, load, replay
from visualize.packet.pcap import read_frames
from visualize.replay import Source
from visualize.rows import Row, row_of

sys.path.insert(0, str(Path(__file__).parent))
import files
import traffic

SAMPLE = Path(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz"


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


def same(loaded: Loaded, sources: list[Source], frames: int = 1 << 19) -> int:
    """Compare; how many rows there are."""
    cache = Cache(loaded.built.host, {}, loaded.later, sources, None, frames)
    table = cache.flow_table()
    assert table is not None
    expected = [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources, {}))]
    found: list[Row] = list(table.rows())
    assert found == expected
    damaged = [bool(one.capture.findings) for one in sources if one.capture is not None]
    assert [not whole for whole in cache.whole] == damaged
    return len(found)


@pytest.mark.parametrize("frames", [40, 300, 1 << 19])
@pytest.mark.parametrize("seed", range(4))
def test_pcapng_of_all_interfaces(loaded: Loaded, seed: int, frames: int) -> None:
    """Ethernet frames whose interface has a name; several sections, clocks and byte orders."""
    assert same(loaded, [source(files.pcapng(shots(loaded, seed), seed))], frames)
