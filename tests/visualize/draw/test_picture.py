"""From scenes to files: every format, on every system, the same bytes each time."""

import subprocess
from xml.etree import ElementTree

import pytest

from visualize.commands.common import PICTURES
from visualize.draw import picture as drawing
from visualize.draw.compare import compare_scene
from visualize.draw.dot import to_dot
from visualize.draw.flow_scene import path_scene
from visualize.draw.measure import wrap
from visualize.draw.palette import Theme
from visualize.draw.picture import SUFFIXES, Style, picture, pictures
from visualize.draw.render import RenderError, program, svg_to_pdf
from visualize.draw.rules_map import rules_scene
from visualize.draw.scene import Look, Scene
from visualize.draw.topology import topology_scene

from .pictured import flow, sample, scene, words

SVG = "{http://www.w3.org/2000/svg}"


def test_the_command_line_knows_every_format() -> None:
    """The list that `--help` shows without loading anything is the list of formats."""
    assert tuple(SUFFIXES) == PICTURES


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_it_renders_with_pip_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """graphviz-pure draws without any `dot` in the PATH."""
    monkeypatch.setenv("PATH", "")
    data = picture(scene("default-bridge", 40001), kind)
    assert data.startswith(b"<?xml" if kind == "svg" else b"\x89PNG")


def test_pdf_without_anything_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the ways out."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(RenderError, match=r"packetpath\[pdf\]"):
        svg_to_pdf(lambda: b"", "digraph {}")


def test_pdf_is_made_by_pip_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """vl-convert makes a PDF of the SVG, the same bytes each time."""
    pytest.importorskip("vl_convert")
    monkeypatch.setenv("PATH", "")
    data = picture(scene("default-bridge", 40001), "pdf")
    assert data.startswith(b"%PDF")
    assert data.rstrip().endswith(b"%%EOF")
    assert {picture(scene("default-bridge", 40001), "pdf") for _ in range(6)} == {data}


@pytest.mark.parametrize("form", [form for form in PICTURES if form not in ("pdf", "png")])
def test_the_same_scene_gives_the_same_bytes(form: str) -> None:
    """And each format holds what matters."""
    data = picture(scene("default-bridge", 40005), form)
    assert data == picture(scene("default-bridge", 40005), form)
    for wanted in ("DNAT", "172.17.0.2:80", "container web", "un-DNAT"):
        assert wanted.encode() in data, wanted


def test_text_is_narrow() -> None:
    """No line of the text format is wider than a ticket's 80 columns."""
    for line in picture(scene("default-bridge", 40005), "text").decode().splitlines():
        assert len(line) <= 80


def test_svg_pins_texts_names_cards_and_links_rules() -> None:
    """Ids, classes and links as svg.py promises; a picture has a name; no title shows an inner name."""
    root = ElementTree.fromstring(picture(scene("default-bridge", 40005), "svg", Style(link="report.html")))
    groups = {group.get("id"): group for group in root.iter(f"{SVG}g")}
    assert groups["o2"].get("class") == "node rewrite"
    assert groups["o0-o2"].get("class") == "edge original"
    assert {"place0", "place1", "r0"} <= set(groups)
    links = {link.get("{http://www.w3.org/1999/xlink}href") for link in root.iter(f"{SVG}a")} - {None}
    assert "report.html#rule=netns/host/iptables-nft-save.txt:36" in links
    assert all(text.get("textLength") for text in root.iter(f"{SVG}text") if len(text.text or "") > 1)
    assert root.get("role") == "img"
    assert "o2" not in {title.text for title in root.iter(f"{SVG}title")}


def test_text_stays_inside_its_box() -> None:
    """Every line of a card, as measured, ends before its card does."""
    for name, port in (("default-bridge", 40005), ("docker-user", 40002), ("user-networks", 40005)):
        root = ElementTree.fromstring(picture(scene(name, port), "svg"))
        for group in root.iter(f"{SVG}g"):
            if not (group.get("class") or "").startswith("node"):
                continue
            corners = [float(point.split(",")[0]) for shape in group.iter(f"{SVG}polygon") for point in shape.get("points", "").split()]
            for text in group.iter(f"{SVG}text"):
                if corners and group.get("id") != "legend":
                    assert float(text.get("x", "0")) + float(text.get("textLength", "0")) <= max(corners), text.text


def test_measures_are_graphviz_own() -> None:
    """A box around a text is as wide as we measure the text: regular, bold, mono, with and without characters beyond ASCII."""
    from visualize.draw.measure import width
    texts = ["The quick brown fox, 0123456789!", "-A DOCKER ! -i docker0 -p tcp", "→ ● ü 漢", "".join(map(chr, range(33, 127)))]
    styles = [(False, False), (True, False), (False, True)]
    nodes = []
    for number, (text, (bold, mono)) in enumerate((text, style) for text in texts for style in styles):
        from visualize.draw.quoting import html
        inner = f"<B>{html(text)}</B>" if bold else html(text)
        nodes.append(f'n{number} [shape=plain margin=0 label=<<FONT FACE="{"Courier New" if mono else "Arial"}" POINT-SIZE="20">{inner}</FONT>>];')
    done = subprocess.run([program(), "-Tplain"], input=f"digraph {{{''.join(nodes)}}}".encode(), capture_output=True, check=True)
    found = {line.split()[1]: float(line.split()[4]) * 72 for line in done.stdout.decode().splitlines() if line.startswith("node")}
    for number, (text, (bold, mono)) in enumerate((text, style) for text in texts for style in styles):
        assert abs(found[f"n{number}"] - width(text, 20, bold, mono)) < 3, (text, bold, mono)


def test_wrapping_loses_nothing() -> None:
    """Long words are cut, no character is lost, every line fits."""
    from visualize.draw.measure import width
    text = "-A FORWARD -m comment --comment " + "x" * 200 + " -j ACCEPT"
    lines = wrap(text, 200, 9, mono=True, indent="  ")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line, 9, mono=True) <= 200 for line in lines)


def test_dark_holds_no_light_paper() -> None:
    """The dark theme shades every colour of the light one that stands for paper or ink."""
    light, dark = (to_dot(scene("default-bridge", 40005), theme) for theme in Theme)
    assert '"#ffffff"' in light
    assert '"#ffffff"' not in dark.replace('COLOR="#ffffff"', "")


def test_two_flows_part_at_the_first_rule_that_one_of_them_does_not_meet() -> None:
    """A published port beside one that is not: the mark stands in both lanes, the sentence tells rule and header fields."""
    host, _ = sample("default-bridge")
    beside = compare_scene(host, flow("default-bridge", 40005), flow("default-bridge", 40006))
    marks = [node for node in beside.all_nodes() if node.look is Look.PARTING]
    assert [node.rows[0].text for node in marks] == ["nat PREROUTING rule 1: to chain DOCKER", "nat PREROUTING policy: ACCEPT"]
    assert "destination port (8080, 80)" in beside.caption
    picture(beside, "svg")


def test_every_two_flows_can_be_compared() -> None:
    """Whatever their places of origin and ends; a flow beside itself does not part."""
    host, flows = sample("hairpin-noproxy")
    for one in flows:
        for two in flows:
            beside = compare_scene(host, one, two)
            assert isinstance(beside, Scene)
            assert ("went the same way" in beside.caption) is (one is two or "went the same way" in beside.caption)
    assert "went the same way" in compare_scene(host, flows[3], flows[3]).caption


def test_the_rules_map_counts_the_packets_of_each_rule() -> None:
    """What the map says is the number of replayed packets that matched the rule."""
    host, flows = sample("default-bridge")
    told = words(rules_scene(host, flows))
    masquerade = sum(len(use.packets) for f in flows for use in (*f.original, *f.reply)
                     if any(getattr(s, "target", "") == "MASQUERADE" for s in use.path.steps))
    assert f"{masquerade} x  rule 1: MASQUERADE" in told
    picture(rules_scene(host, flows), "svg")
    picture(topology_scene(host), "svg")


def test_a_drawio_file_can_be_edited() -> None:
    """Ids are unique, arrows join boxes that are there, boxes lie inside the frame that holds them and beside each other."""
    for name, port in (("default-bridge", 40005), ("hairpin-noproxy", 40004)):
        cells = {cell.get("id"): cell for cell in ElementTree.fromstring(picture(scene(name, port), "drawio")).iter("mxCell")}
        boxes = {}
        for key, cell in cells.items():
            shape = cell.find("mxGeometry")
            if cell.get("edge") == "1":
                assert {cell.get("source"), cell.get("target")} <= set(cells)
            elif shape is not None:
                boxes[key] = (cell.get("parent"), *(float(shape.get(side, "0")) for side in ("x", "y", "width", "height")))
        for key, (parent, x, y, width, height) in boxes.items():
            if parent in boxes:
                assert x >= 0
                assert y >= 0
                assert x + width <= boxes[parent][3] + 1
                assert y + height <= boxes[parent][4] + 1
            for other, (beside, a, b, wide, high) in boxes.items():
                if other != key and beside == parent and "title" not in (key, other):
                    assert x + width <= a + 1 or a + wide <= x + 1 or y + height <= b + 1 or b + high <= y + 1, (key, other)


@pytest.mark.parametrize("form", ["svg", "png", "text", "pdf"])
def test_many_pictures_come_in_their_order(form: str) -> None:
    """Each the same as alone, however many Graphviz draws in one go."""
    host, flows = sample("default-bridge")
    scenes = {f"{f.number}": path_scene(host, f) for f in flows} if form != "pdf" else {"1": scene("default-bridge", 40001)}
    drawn = list(pictures(scenes, form))
    assert [name for name, _ in drawn] == list(scenes)
    if form != "pdf":
        assert all(data == picture(scenes[name], form) for name, data in drawn)


def test_a_picture_that_occurs_twice_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under both names."""
    texts: list[str] = []
    render_all = drawing.render_all
    monkeypatch.setattr(drawing, "render_all", lambda some, form: texts.extend(some) or render_all(some, form))
    one, other = scene("default-bridge", 40001), scene("default-bridge", 40005)
    drawn = dict(pictures({"a": one, "b": other, "c": one}, "svg"))
    assert len(texts) == 2
    assert drawn["a"] == drawn["c"] != drawn["b"]
