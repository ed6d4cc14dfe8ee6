"""Pictures: what they say, that hostile names stay text, and that they render without a system Graphviz."""

from functools import cache
from pathlib import Path

import pytest

from snapshot.host import Host
from visualize.draw.flow_scene import path_scene
from visualize.draw.picture import picture, pictures
from visualize.draw.quoting import dot, file_name, html, visible
from visualize.draw.render import RenderError, render
from visualize.draw.scene import Kind, Line, Look, Scene
from visualize.draw.topology import topology_scene
from visualize.flow import Flow
from visualize.flows import gather
from visualize.load import load, replay, sources

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples"


@cache
def sample(name: str) -> tuple[Host, tuple[Flow, ...]]:
    """A sample's host and flows."""
    loaded = load(str(SAMPLES / name / "snapshot.tar.gz"))
    return loaded.built.host, tuple(gather(replay(loaded, sources(loaded, ())[0], {})))


def scene(name: str, port: int, detail: str = "rules") -> Scene:
    """The picture of the flow that begins with this source port."""
    host, flows = sample(name)
    return path_scene(host, next(f for f in flows if f.first.start.sport == port), detail)


def words(picture_of: Scene) -> str:
    """Everything that a picture says, a line for each row."""
    lines = [picture_of.title, picture_of.caption, *(c.title for c in picture_of.clusters)]
    for node in picture_of.all_nodes():
        lines += [f"{node.title} {node.gloss}", *(f"{row.label} {row.old} {row.text}".strip() for row in node.rows)]
    return "\n".join(lines)


def test_a_published_port_shows_both_directions() -> None:
    """DNAT before and after, the rule's text with file and line, the container by name, the reply un-NATed, evidence on the hops."""
    text = words(scene("default-bridge", 40005))
    for wanted in ("DNAT: destination rewritten", "destination 203.0.113.10:8080 172.17.0.2:80", "container web", "un-DNAT: source restored",
                   "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
                   "netns/host/iptables-nft-save.txt:36", "source 172.17.0.2:80 203.0.113.10:8080", "seen in the capture, frame 74"):
        assert wanted in text, wanted


def test_a_flow_is_told_in_one_sentence() -> None:
    """The caption says what happened and why, in plain words."""
    assert scene("default-bridge", 40005).caption == (
        "A TCP connection from 203.0.113.50 to the host (203.0.113.10:8080) was redirected to container web, 172.17.0.2:80 (rule 2 of nat "
        "DOCKER), and was delivered there, let through by rule 1 of filter DOCKER; replies are translated back.")
    assert "was dropped because no rule of filter FORWARD let it through" in scene("default-bridge", 40006).caption


def test_a_drop_names_what_did_it() -> None:
    """The policy, or the rule with its text, file and line."""
    assert "filter FORWARD policy: DROP" in words(scene("default-bridge", 40006))
    drop = next(node for node in scene("docker-user", 40004).all_nodes() if node.look is Look.DROPPED)
    assert drop.title == "DROPPED"
    assert any(row.kind is Kind.CODE and row.text.endswith("-j DROP") for row in drop.rows)
    assert any(row.rule.startswith("netns/host/iptables-nft-save.txt:") for row in drop.rows)


def test_uneventful_chains_are_folded_and_unfold() -> None:
    """Chains that decided nothing are one line; `full` shows their rules, `summary` leaves hops and rule texts out."""
    rules, full, summary = (words(scene("default-bridge", 40005, detail)) for detail in ("rules", "full", "summary"))
    assert "nothing decided in DOCKER-USER, DOCKER-ISOLATION-STAGE-1" in rules
    assert "-A DOCKER-USER -j RETURN" in full
    assert "-A DOCKER" not in summary
    assert "veth" not in summary.replace("over the veth pair", "")
    assert "DNAT: destination rewritten" in summary


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


@pytest.mark.parametrize("text", ["<b>x</b>", 'a"b', "a\\Nb", "a&amp;b", "a\x1b[31mb", "a\u202eb", "a\udcffb", "]]>", "a\nb"])
def test_no_name_becomes_markup(text: str) -> None:
    """Quoting for HTML, DOT and terminals leaves no character that means something there."""
    assert not set("<>\"\x1b\u202e\n") & set(html(text))
    assert dot(text).count('"') - dot(text).count('\\"') == 2
    assert visible(text).isprintable()
    assert file_name("../" + text) not in ("", ".", "..")
    assert "/" not in file_name("../" + text)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_it_renders_with_pip_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """graphviz-pure draws without any `dot` in the PATH."""
    monkeypatch.setenv("PATH", "")
    data = picture(scene("default-bridge", 40001), kind)
    assert data.startswith(b"<?xml" if kind == "svg" else b"\x89PNG")


def test_pdf_without_graphviz_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the way out."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RenderError, match="install the system package graphviz"):
        render("digraph {}", "pdf")


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/expected.json")))
def test_every_flow_of_every_sample_draws(name: str) -> None:
    """Each diagram is accepted by Graphviz."""
    host, flows = sample(name)
    drawn = pictures({str(f.number): path_scene(host, f) for f in flows}, lambda one: picture(one, "svg"))
    assert len(drawn) == len(flows)
