"""The picture of the host alone."""

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
