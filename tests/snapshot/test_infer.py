"""What is inferred: containers whose namespaces were not captured, interfaces that only rules name."""

from pathlib import Path

import pytest

from snapshot.archive import open_snapshot
from snapshot.build import build
from snapshot.raw import RawFile, RawSnapshot
from visualize.draw.words import place_lines
from visualize.load import Loaded, load, replay, sources
from visualize.path import Certainty, RuleMatched
from visualize.path import Path as Way
from visualize.trace import Question, ask

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


ROUTES = """default via 192.0.2.1 dev eth0
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
"""


def test_routes_tell_addresses_that_were_not_captured() -> None:
    """`ip route` alone names eth0's and docker0's addresses, but perhaps not all: no answer is certain, and it says why."""
    built = build(RawSnapshot("ip_route.txt", {"ip_route.txt": RawFile("ip_route.txt", ROUTES.encode())}))
    host = built.host.namespaces["host"]
    assert {name: [f"{a.local}/{a.prefix_length}" for a in one.addresses] for name, one in host.interfaces.items()} == {
        "lo": ["127.0.0.1/8"], "docker0": ["172.17.0.1/16"], "eth0": ["192.0.2.10/24"]}
    here = ask(built.host, Question("tcp", "203.0.113.5:4000", "192.0.2.10:22", "eth0", None), {})
    assert (here.end.verdict.value, here.certainty) == ("delivered", Certainty.ASSUMED)
    there = ask(built.host, Question("tcp", "203.0.113.5:4000", "198.51.100.7:22", "eth0", None), {})
    assert there.certainty is not Certainty.CERTAIN
    assert any("addresses were not captured" in doubt.why for doubt in there.doubts)


def test_local_routes_tell_every_address() -> None:
    """Where the local table was captured, what is the host's own is known for certain."""
    text = ROUTES + "local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10\nlocal 192.0.2.99 dev eth0 table local proto kernel scope host src 192.0.2.10\n"
    host = build(RawSnapshot("r.txt", {"ip_route_show_table_all": RawFile("ip_route_show_table_all", text.encode())})).host.namespaces["host"]
    assert not host.invented
    assert [str(a.local) for a in host.interfaces["eth0"].addresses] == ["192.0.2.10", "192.0.2.99"]


def test_a_bridge_without_captured_ports_lets_packets_go() -> None:
    """A lone ruleset's docker0: the packet leaves by it, to whatever container."""
    built = build(rules("*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\n"
                        "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\nCOMMIT\n"))
    path = ask(built.host, Question("tcp", "203.0.113.5:4000", "192.0.2.10:8080", "eth7", None), {})
    assert (path.end.verdict.value, path.end.interface) == ("forwarded", "docker0")
    assert path.certainty is not Certainty.CERTAIN


def test_whether_an_address_is_the_host_s_own_is_not_known_without_addresses() -> None:
    """`--dst-type LOCAL` answers neither yes nor no."""
    built = build(rules("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2\n-A PREROUTING -i docker0 -j RETURN\nCOMMIT\n"))
    path = ask(built.host, Question("tcp", "203.0.113.5:4000", "192.0.2.10:8080", "eth0", None), {})
    assert any("type of 192.0.2.10" in doubt.why for doubt in path.doubts)


def test_a_picture_says_what_is_inferred() -> None:
    """Beside a container's name, in every drawing and text."""
    host = without_containers(SAMPLES[0]).built.host
    name = next(name for name, space in host.namespaces.items() if space.inferred)
    assert "inferred, not captured" in place_lines(host, name)
    assert "inferred, not captured" not in place_lines(load(str(SAMPLES[0])).built.host, name)
