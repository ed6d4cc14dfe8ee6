"""A report of a capture whose equal connections were replayed once says what a report of every packet's replay says, flow by flow."""

import sys
from pathlib import Path
from typing import Any

import pytest

from visualize.alike import Alike
from visualize.columns.cache import Cache
from visualize.columns.portraits import Portraits
from visualize.draw.report.book import Origin, book
from visualize.flows import gather
from visualize.load import Loaded, load, replay
from visualize.packet.pcap import read_frames
from visualize.replay import Source
from visualize.report import PacketLog, logged

sys.path.insert(0, str(Path(__file__).parent))
import traffic
from recorded_captures import ROOT, captures, every_capture

NOWHERE = Origin("s", "", (), (), ())


def plain(loaded: Loaded, source: Source) -> dict[str, Any]:
    """The record of a report for which every packet was replayed."""
    log = PacketLog()
    flows = gather(log.watch(replay(loaded, [source], {})))
    return book(loaded.built.host, flows, log.of(flows), (), NOWHERE)


def once(loaded: Loaded, source: Source) -> tuple[dict[str, Any], int] | None:
    """The record of one for which equal connections were replayed once, and how many flows were not replayed."""
    assert source.capture is not None
    settled = Cache(loaded.built.host, {}, loaded.later, [source]).settled()
    if settled is None:
        return None
    portraits = Portraits(settled, source.name)
    flows, log = logged(portraits, portraits.flows())
    return book(loaded.built.host, flows, log.of(flows), (), NOWHERE), sum(isinstance(flow, Alike) for flow in flows)


def filled(record: dict[str, Any]) -> list[Any]:
    """Each flow as a page would fill it, without the places of later sightings in the capture."""
    def fill(made: Any, values: list[Any]) -> Any:
        if isinstance(made, list) and made and all(isinstance(part, str | int) for part in made) and any(isinstance(part, str) for part in made):
            return "".join(part if isinstance(part, str) else str(values[part]) for part in made)
        if isinstance(made, list | tuple):
            return [fill(part, values) for part in made]
        return {key: fill(value, values) for key, value in made.items()} if isinstance(made, dict) else made

    words, found = record["words"], []
    for number, kind, start, span, packets, capture, sender, values, uses, log in record["flows"]:
        told = record["kinds"][kind]
        ways = []
        for use, (count, first, *_) in zip(told["uses"], uses, strict=True):
            way, mine = record["ways"][use["way"]], [None if values[slot] is None else words[values[slot]] for slot in use["slots"]]
            steps = [record["steps"][step] for step in way["steps"]]
            ways.append((use["role"], count, first, mine, fill({**way, "steps": []}, mine), [fill(step, mine) for step in steps]))
        lines = [(packet, use, time, length, words[info]) for packet, use, time, length, info in log]
        caption = fill(told["caption"], ways[0][3])
        found.append((number, start, span, packets, words[capture], words[sender], told["where"], told["decided"], caption, ways, lines))
    return found


def same(loaded: Loaded, source: Source) -> int | None:
    """Compare both; how many flows were not replayed."""
    short = once(loaded, source)
    if short is None:
        return None
    ours, whole = filled(short[0]), filled(plain(loaded, source))
    assert len(ours) == len(whole)
    for mine, theirs in zip(ours, whole, strict=True):
        assert mine[:-1] == theirs[:-1]
        for line, other in zip(mine[-1], theirs[-1], strict=True):  # a frame is listed as it is, where the replay put fragments together
            assert line == other or "first fragment" in line[-1]
    return short[1]


@every_capture
def test_recorded_captures(path: Path) -> None:
    """Those of the samples, and what a real kernel was seen to do with random worlds."""
    loaded, found = captures(path)
    assert [same(loaded, source) for source in found]


@pytest.mark.parametrize("seed", range(6))
def test_many_connections(seed: int) -> None:
    """Generated traffic of many connections of few kinds, some spoilt: those that are not replayed come out the same."""
    loaded = load(str(ROOT / "samples" / "default-bridge" / "snapshot.tar.gz"))
    data = traffic.capture(loaded.built.host, seed, connections=350, spoilt=(0, 0.03, 0.2)[seed % 3], lost=(0, 0.002)[seed % 2])
    capture = read_frames(data, "any.pcap")
    count = same(loaded, Source("any.pcap", capture, capture=capture))
    assert count is not None
    assert count > 30 or seed % 3
