"""Which pictures are drawn of a set of flows."""

from pathlib import Path

from tests.visualize.draw.pictured import flow, sample, words
from visualize.flows import gather
from visualize.load import load, replay, sources
from visualize.pictures import flow_scenes, found, way_of

RECORDED = Path(__file__).parent.parent / "kernel" / "recorded"


def test_flows_that_went_the_same_way_share_a_picture() -> None:
    """They differ in the client's port only; the picture names them all. `each` draws every one."""
    host, flows = sample("hairpin")
    shared = flow_scenes(host, found(flows), "rules")
    alike = [f for f in flows if f.first.start.dport == 80]
    assert len(alike) == 4
    assert len({way_of(f) for f in alike}) == 1
    name = f"flow-{alike[0].number:03d}"
    assert " and ".join(str(f.number) for f in alike[-2:]) in shared[name].caption
    assert not any(f"flow-{f.number:03d}" in shared for f in alike[1:])
    assert len(flow_scenes(host, found(flows), "rules", each=True)) == len(flows)


def test_another_service_is_another_way() -> None:
    """The same rules, but another port of the container: a picture of its own."""
    assert way_of(flow("publish", 40003)) != way_of(flow("publish", 40004))


def test_packets_of_one_flow_that_end_differently_have_pictures_of_their_own() -> None:
    """A flow whose first packet left, and whose second was rejected."""
    folder = RECORDED / "reject"
    loaded = load(str(folder / "snapshot.tar.gz"))
    captures = (str(folder / "any.pcap"), *([f"{folder / 'local.pcap'}@local"] if (folder / "local.pcap").exists() else []))
    flows = gather(replay(loaded, sources(loaded, captures)[0], {}))
    split = [f for f in flows if len({use.path.verdict for use in f.original}) > 1]
    scenes = flow_scenes(loaded.built.host, found(flows), "rules")
    assert split
    for one in split:
        ends = {use.path.verdict.value for use in one.original}
        told = words(scenes[f"flow-{one.number:03d}"]) + words(scenes[f"flow-{one.number:03d}-2"])
        assert "another way" in scenes[f"flow-{one.number:03d}-2"].title
        assert ("REJECTED" in told) == ("rejected" in ends)
