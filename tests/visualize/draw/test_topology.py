"""The picture of the host alone."""

from ipaddress import ip_address

from snapshot.host import Host, Namespace
from snapshot.host.link import Address, Bridge, BridgePort, Interface
from visualize.draw.scene import Line
from visualize.draw.topology import topology_scene

from .pictured import flow, sample, words


def test_the_topology_holds_everything() -> None:
    """Containers, bridges with their networks and ports, addresses, cables, published ports."""
    host, _ = sample("user-networks")
    map_of = topology_scene(host)
    text = words(map_of)
    for wanted in ("container web", "docker network front", "docker network vault, internal", "172.21.0.1/24", "*:8080 → web:80/tcp",
                   "IPv4 default route via 198.51.100.1"):
        assert wanted in text, wanted
    ports = {row.port for node in map_of.all_nodes() for row in node.rows if row.label == "port"}
    assert len([edge for edge in map_of.edges if edge.tail_port in ports and edge.line is Line.CABLE]) == len(ports) == 4


def test_a_flow_is_highlighted_on_its_way() -> None:
    """The outer interface, the bridge, the container's interface and the cables between them are strong; others are not."""
    host, _ = sample("user-networks")
    map_of = topology_scene(host, [flow("user-networks", 40005)])
    strong = {node.title for node in map_of.all_nodes() if node.strong}
    assert "eth0" in strong
    assert any(name.startswith("br-") for name in strong)
    assert "eth1" not in strong
    assert len([edge for edge in map_of.edges if edge.strong and edge.line is Line.CABLE]) == 2


def interface(name: str, kind: str | None = None, address: str = "", **more: object) -> Interface:
    """An interface that is up."""
    held = (Address(ip_address(address), 24),) if address else ()
    return Interface(name, kind=kind, flags=frozenset({"UP"}), addresses=held, **more)  # type: ignore[arg-type]


def space(name: str, *interfaces: Interface, containers: tuple[str, ...] = ()) -> Namespace:
    """A namespace with these interfaces."""
    return Namespace(name, {i.name: i for i in interfaces}, containers=containers)


def test_what_leads_outside_stands_before_what_hangs_on_it() -> None:
    """A bond's members lead to the bond, the bond to its VLANs, a VLAN to the bridge that it is the uplink of, the parent to its macvlan."""
    own = space("host", interface("eth0", master="bond0"), interface("bond0", "bond", "192.0.2.1"),
                interface("bond0.7", "vlan", parent="bond0", vlan_id=7, master="br0"), interface("br0", "bridge", "10.7.0.1", bridge=Bridge()))
    child = space("m", interface("eth0", "macvlan", "192.0.2.9", peer_netns="host", peer_name="bond0"), containers=("printer",))
    map_of = topology_scene(Host({"host": own, "m": child}))
    names = {node.id: node.title for node in map_of.all_nodes()}
    edges = {(names.get(edge.tail, edge.tail), names.get(edge.head, edge.head), edge.line) for edge in map_of.edges if edge.line is not Line.HIDDEN}
    assert {("eth0", "bond0", Line.PORT), ("bond0", "bond0.7", Line.CABLE), ("bond0.7", "br0", Line.PORT), ("bond0", "eth0", Line.CABLE)} <= edges
    assert [label for edge in map_of.edges if (label := edge.label)] == ["vlan 7", "macvlan"]


def test_very_many_containers_are_folded_by_their_bridge() -> None:
    """Forty of one bridge become one card with a row each; a few stay as they are."""
    def host(count: int) -> Host:
        ports = [interface(f"veth{n}", "veth", master="docker0", peer_netns=f"c{n}", peer_name="eth0", port=BridgePort()) for n in range(count)]
        own = space("host", interface("docker0", "bridge", "172.17.0.1", bridge=Bridge()), *ports)
        rest = [space(f"c{n}", interface("eth0", "veth", f"172.17.0.{n + 2}", peer_netns="host", peer_name=f"veth{n}"), containers=(f"app{n}",))
                for n in range(count)]
        return Host({one.name: one for one in (own, *rest)})

    crowded = topology_scene(host(40))
    card = next(node for node in crowded.all_nodes() if node.title == "40 containers")
    assert [row.label for row in card.rows] == [f"app{n}" for n in range(40)]
    assert "172.17.0.41" in words(crowded)
    assert len(crowded.clusters) == 1
    assert len(topology_scene(host(10)).clusters) == 11
