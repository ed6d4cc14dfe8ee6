"""What is inferred: containers whose namespaces were not captured, interfaces that only rules name."""

from pathlib import Path

import pytest

from snapshot.archive import open_snapshot
from snapshot.build import build
from snapshot.raw import RawFile, RawSnapshot
from visualize.load import Loaded, load, replay, sources
from visualize.path import Certainty, RuleMatched
from visualize.path import Path as Way

SAMPLES = sorted((Path(__file__).parent.parent.parent / "samples").glob("*/snapshot.tar.gz"))


def without_containers(path: Path) -> Loaded:
    """A sample as a host's own tools see it: no namespace but the host's, containers from docker inspect."""
    raw = open_snapshot(path)
    kept = {name: file for name, file in raw.files.items() if not name.startswith("netns/") or name.startswith("netns/host/")}
    less = RawSnapshot(raw.source, kept)
    return Loaded(less, build(less), load(str(path)).later)


def told(way: Way) -> tuple[object, ...]:
    """Where a packet ended, by which rules."""
    return way.end.verdict, way.end.netns, way.end.interface, tuple((s.table, s.chain, s.rule) for s in way.steps if isinstance(s, RuleMatched))


@pytest.mark.parametrize("path", SAMPLES, ids=[path.parent.name for path in SAMPLES])
def test_inferred_containers_answer_as_captured_ones(path: Path) -> None:
    """Of the packets that the host saw, most take the same way; none takes another one and is called certain."""
    full, less = load(str(path)), without_containers(path)
    ways = {(one.capture, one.number): one.path for one in replay(full, sources(full, ())[0], {})}
    others = {(one.capture, one.number): one.path for one in replay(less, sources(less, ())[0], {})}
    both = [key for key in ways if key in others]
    assert both
    wrong = [key for key in both if told(ways[key]) != told(others[key])]
    assert len(wrong) <= len(both) // 6
    assert not [key for key in wrong if others[key].certainty is Certainty.CERTAIN]


@pytest.mark.parametrize("path", SAMPLES, ids=[path.parent.name for path in SAMPLES])
def test_a_path_through_an_inferred_namespace_is_never_certain(path: Path) -> None:
    """The namespace says why it is there, and so does every path that touches it."""
    less = without_containers(path)
    inferred = {name for name, space in less.built.host.namespaces.items() if space.inferred}
    assert inferred
    for one in replay(less, sources(less, ())[0], {}):
        if any(step.netns in inferred for step in one.path.steps):
            assert one.path.certainty is not Certainty.CERTAIN


def rules(text: str) -> RawSnapshot:
    """A lone iptables-save."""
    return RawSnapshot("rules.v4", {"rules.v4": RawFile("rules.v4", text.encode())})


def test_interfaces_of_a_lone_ruleset_are_invented_and_said_to_be() -> None:
    """docker0's subnet is told by its MASQUERADE rule; eth0 is just a name."""
    built = build(rules("*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n"))
    host = built.host.namespaces["host"]
    assert host.interfaces["docker0"].kind == "bridge"
    assert str(host.interfaces["docker0"].addresses[0].network) == "172.17.0.0/16"
    assert all(one.invented for one in host.interfaces.values())
    assert any("invented" in finding.why and "docker0 (172.17.0.0/16)" in finding.why for finding in built.findings)


def test_a_fact_that_was_captured_is_not_inferred() -> None:
    """Where interfaces were captured, a rule's other names stay names."""
    raw = RawSnapshot("x", {name: RawFile(name, text.encode()) for name, text in {
        "netns/host/ip-addr.txt": "1: lo: <LOOPBACK,UP> mtu 65536\n", "netns/host/iptables-save.txt": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i eth9 -j DROP\nCOMMIT\n"}.items()})
    assert list(build(raw).host.namespaces["host"].interfaces) == ["lo"]
