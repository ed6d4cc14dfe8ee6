"""The pictures of a capture whose equal connections were replayed once are those of a capture of which every packet was replayed."""

import sys
from pathlib import Path

import pytest

from visualize.columns.cache import Cache
from visualize.columns.portraits import Portraits
from visualize.flows import gather
from visualize.load import Loaded, load, replay
from visualize.packet.pcap import read_frames
from visualize.pictures import Found, flow_scenes, found, map_scenes
from visualize.replay import Source

sys.path.insert(0, str(Path(__file__).parent))
import traffic
from recorded_captures import ROOT, captures, every_capture


def same(loaded: Loaded, source: Source) -> int | None:
    """Compare all scenes and the flows themselves; how many flows there are. None: columns do not serve this host."""
    assert source.capture is not None
    settled = Cache(loaded.built.host, {}, loaded.later, [source]).settled()
    if settled is None:
        return None
    portraits = Portraits(settled, source.name)
    host = loaded.built.host
    ours = Found(portraits.numbers(host, None), portraits.flows, portraits.replayed)
    theirs = found(gather(replay(loaded, [source], {})))
    numbers = theirs.numbers
    assert list(ours.numbers) == numbers
    assert [flow.number for flow in ours.known(numbers[1::2])] == numbers[1::2]
    assert ours.replayed(numbers) == theirs.replayed(numbers)
    assert flow_scenes(host, ours, "rules") == flow_scenes(host, theirs, "rules")
    assert list(flow_scenes(host, ours, "rules")) == list(flow_scenes(host, theirs, "rules"))
    assert map_scenes(host, ours, ours.replayed(numbers[:2])) == map_scenes(host, theirs, theirs.replayed(numbers[:2]))
    return len(numbers)


@every_capture
def test_recorded_captures(path: Path) -> None:
    """Those of the samples, and what a real kernel was seen to do with random worlds."""
    loaded, found = captures(path)
    assert [same(loaded, source) for source in found]


@pytest.mark.parametrize("seed", range(6))
def test_many_connections(seed: int) -> None:
    """Generated traffic of many connections of few kinds, some spoilt."""
    loaded = load(str(ROOT / "samples" / "default-bridge" / "snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, seed, connections=250, spoilt=(0, 0.03, 0.2)[seed % 3], lost=(0, 0.002)[seed % 2])
    capture = read_frames(data, "any.pcap")
    assert same(loaded, Source("any.pcap", capture, capture=capture))
