"""Strangers' text stays text, in every format."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from snapshot.host import HOST
from visualize.draw.flow_scene import path_scene
from visualize.draw.picture import picture
from visualize.draw.quoting import code, dot, html, markdown, mermaid, visible
from visualize.draw.scene import Scene
from visualize.draw.topology import topology_scene
from visualize.path import RuleMatched

from .pictured import flow, sample


@pytest.mark.parametrize("text", ["<b>x</b>", 'a"b', "a\\Nb", "a&amp;b", "a\x1b[31mb", "a\u202eb", "a\udcffb", "]]>", "a\nb"])
def test_no_name_becomes_markup(text: str) -> None:
    """Quoting for HTML, DOT and terminals leaves no character that means something there."""
    assert not set("<>\"\x1b\u202e\n") & set(html(text))
    assert dot(text).count('"') - dot(text).count('\\"') == 2
    assert visible(text).isprintable()


@pytest.mark.parametrize("text", ["<b>x</b>", "a`b", "a|b", "[x](y)", "a\nb", "~~x~~", "a\\|b", '"];end'])
def test_no_name_becomes_markdown_or_mermaid(text: str) -> None:
    """What has a meaning there is escaped; a code span is not left, a table's cell neither."""
    assert not set('"<>`;|[]') & set(mermaid(text).replace("#", "").replace(";", "", mermaid(text).count("#")))
    for found in (markdown(text), code(text)):
        assert "\n" not in found
        for number, character in enumerate(found):
            assert character != "|" or found[number - 1] == "\\"
    assert code(text).count("`") == 2


HOSTILE = '<script>alert(1)</script>"];end --> `x` | </td> ${y} ]]> &lt; \\N \x1b[31m \u202e %%{init: {}}%%'


def hostile(port: int) -> tuple[Scene, Scene]:
    """A flow and a topology of a host whose hostname, container, image, network and rules all bear the name HOSTILE."""
    host, _ = sample("default-bridge")
    one = flow("default-bridge", port)
    spaces = {name: replace(space, containers=tuple(HOSTILE for _ in space.containers)) for name, space in host.namespaces.items()}
    containers = tuple(replace(c, name=HOSTILE, image=HOSTILE, endpoints=tuple(replace(e, network=HOSTILE) for e in c.endpoints)) for c in host.containers)
    bad = replace(host, hostname=HOSTILE, namespaces=spaces, containers=containers, networks=tuple(replace(n, name=HOSTILE) for n in host.networks))
    use = one.original[0]
    steps = tuple(replace(s, text=HOSTILE, chain=HOSTILE, file=HOSTILE) if isinstance(s, RuleMatched) else s for s in use.path.steps)
    flow_of = replace(one, original=(replace(use, path=replace(use.path, steps=steps)),))
    return path_scene(bad, flow_of), topology_scene(bad)


@pytest.mark.parametrize("form", ["svg", "drawio", "dot", "mermaid", "text", "markdown"])
def test_hostile_names_stay_text_in_every_format(form: str) -> None:
    """XML is well formed and holds no element that is not ours; nothing acts; no control character gets through."""
    assert HOST in sample("default-bridge")[0].namespaces
    for one in hostile(40005):
        text = picture(one, form).decode()
        assert "\x1b" not in text
        assert "\u202e" not in text
        if form in ("svg", "drawio"):
            tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()}
            assert tags <= {"svg", "style", "desc", "title", "g", "a", "text", "polygon", "polyline", "path", "ellipse", "mxfile", "diagram", "mxGraphModel",
                            "root", "mxCell", "mxGeometry", "Array", "mxPoint"}
        if form == "drawio":  # a cell's value is HTML of its own
            for cell in ElementTree.fromstring(text).iter("mxCell"):
                assert "<script" not in (cell.get("value") or "")
        if form == "mermaid":
            body = [line for line in text.splitlines() if not line.startswith("%%")]
            assert not any("<script" in line or "%%{" in line for line in body)
            assert text.startswith("%%{init")
            assert text.count("%%{init: {\"flowchart\"") == 1
        if form == "markdown":
            assert "<script" not in "".join(part for number, part in enumerate(text.split("`")) if number % 2 == 0).replace("\\<script", "")
        if form == "dot":
            assert json.dumps(HOSTILE) not in text
        if form == "svg":  # Graphviz puts no name of its own in the place of `\\N`
            shown = "".join("".join(element.itertext()) for element in ElementTree.fromstring(text).iter() if element.tag.endswith("}text"))
            assert not re.search(r"&lt;\s*[or]\d", shown)
            assert "\\N" in shown
