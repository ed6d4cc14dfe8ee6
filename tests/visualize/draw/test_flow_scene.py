"""The picture of a flow: what it says, and what it folds."""

import json

import pytest

from visualize.draw.dot import to_dot
from visualize.draw.flow_scene import path_scene
from visualize.draw.picture import pictures
from visualize.draw.render import render
from visualize.draw.scene import Kind, Look

from .pictured import NAMES, sample, scene, words


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


def test_the_original_goes_down_on_the_left_and_the_reply_comes_up_on_the_right() -> None:
    """Whatever the frames: lanes keep their sides, and each is a straight column."""
    for name in NAMES:
        host, flows = sample(name)
        for flow in flows:
            told = json.loads(render(to_dot(path_scene(host, flow)), "json0"))
            places = {one["name"]: tuple(map(float, one["pos"].split(","))) for one in told["objects"] if "pos" in one and "~" not in one["name"]}
            left = [x for node, (x, _) in places.items() if node.startswith("o")]
            right = [x for node, (x, _) in places.items() if node.startswith("r")]
            assert not right or max(left) + 100 < min(right), (name, flow.number)
            for lane in (left, right):
                assert not lane or max(lane) - min(lane) < 4, (name, flow.number)


@pytest.mark.parametrize("name", NAMES)
def test_every_flow_of_every_sample_draws(name: str) -> None:
    """Each diagram is accepted by Graphviz."""
    host, flows = sample(name)
    drawn = dict(pictures({str(f.number): path_scene(host, f) for f in flows}, "svg"))
    assert len(drawn) == len(flows)
