"""Pictures: what they say, that hostile names stay text, and that they render without a system Graphviz."""

from functools import cache
from pathlib import Path

import pytest

from snapshot.host import Host
from visualize.draw.dot import to_dot
from visualize.draw.quoting import dot, file_name, html, visible
from visualize.draw.render import RenderError, render, render_all
from visualize.draw.scene import path_scene, topology_scene
from visualize.flow import Flow
from visualize.flows import gather
from visualize.load import load, replay, sources

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples"


@cache
def sample(name: str) -> tuple[Host, tuple[Flow, ...]]:
    """A sample's host and flows."""
    loaded = load(str(SAMPLES / name / "snapshot.tar.gz"))
    return loaded.built.host, tuple(gather(replay(loaded, sources(loaded, ())[0], {})))


def flow(name: str, port: int) -> str:
    """The DOT of the flow that begins with this source port."""
    host, flows = sample(name)
    return to_dot(path_scene(host, next(f for f in flows if f.first.start.sport == port)))


def test_a_published_port_shows_both_directions() -> None:
    """DNAT before and after, the rule's text, the container by name, the reply un-NATed, the tuple on the edges."""
    text = flow("default-bridge", 40005)
    for words in ("NAT: DNAT", "destination 203.0.113.10:8080  → 172.17.0.2:80", "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080",
                  "container web", "NAT: un-DNAT", "source 172.17.0.2:80", "203.0.113.50:40005 → 172.17.0.2:80", "seen in the capture"):
        assert words in text.replace("  →  ", "  → "), words


def test_a_drop_names_what_did_it() -> None:
    """The policy, or the rule with its text, file and line."""
    assert "dropped by filter FORWARD policy" in flow("default-bridge", 40006)
    text = flow("docker-user", 40004)
    assert "DROPPED" in text
    assert "netns/host/iptables-nft-save.txt:" in text


def test_uneventful_chains_are_folded_and_unfold() -> None:
    """Chains that decided nothing are one line; `full` shows their rules, `summary` hides hooks."""
    host, flows = sample("default-bridge")
    one = next(f for f in flows if f.first.start.sport == 40005)
    rules, full, summary = (to_dot(path_scene(host, one, detail)) for detail in ("rules", "full", "summary"))
    assert "nothing decided in DOCKER-USER, DOCKER-ISOLATION-STAGE-1" in rules
    assert "-A DOCKER-USER -j RETURN" in full
    assert "FORWARD" not in summary
    assert "NAT: DNAT" in summary


def test_the_topology_holds_everything() -> None:
    """Containers, bridges with their networks, addresses, cables, published ports."""
    text = to_dot(topology_scene(sample("user-networks")[0]))
    for words in ("container web", "docker network front", "docker network vault, internal", "172.21.0.1/24", "*:8080 → 80/tcp", "veth"):
        assert words in text, words


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
    data = render(flow("default-bridge", 40001), kind)
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
    drawn = render_all({str(f.number): to_dot(path_scene(host, f)) for f in flows}, "svg")
    assert len(drawn) == len(flows)
