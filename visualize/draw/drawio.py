"""A scene as a draw.io file, with boxes and arrows that an author can move and edit. Graphviz lays it out; drawpyo writes it."""

import json
import logging
from typing import Any

from visualize.draw.dot import to_dot
from visualize.draw.palette import MARKS, Theme, frame_colours, line_colour, text_colour, tone
from visualize.draw.quoting import html
from visualize.draw.render import render
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene

_SCALE = 96 / 72  # draw.io counts pixels, Graphviz points
_TOP = 90.0  # room for the title
_TITLE = "text;fillColor=none;strokeColor=none;align=left;verticalAlign=top;fontSize=13;fontColor=#1a1a1a"
_PATTERNS = {Line.BEGETS: "dashed_small", Line.PUBLISHED: "dashed_small"}
Box = tuple[float, float, float, float]  # left, top, width, height


def to_drawio(scene: Scene) -> bytes:
    """The file's bytes; the same scene gives the same. Raises RenderError where Graphviz can't lay it out."""
    return _Writer(scene).file()


class _Writer:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.boxes, self.size = _layout(scene)
        self.made: dict[str, Any] = {}

    def file(self) -> bytes:
        logging.getLogger("drawpyo.utils.logger").setLevel(logging.WARNING)
        import drawpyo
        from drawpyo.page import Page

        class Steady(drawpyo.File):  # type: ignore[misc]
            """A file whose bytes do not tell when it was written."""

            modified = "1970-01-01T00:00:00"
            agent = "packetpath"

        target = Steady()
        page = Page(file=target, name=html(self.scene.name), width=int(self.size[0]) + 40, height=int(self.size[1] + _TOP) + 40)
        page.diagram._id = "packetpath"
        self.add(page, "title", self.heading(), (20.0, 10.0, max(self.size[0], 500.0), _TOP - 20), _TITLE)
        for cluster in self.scene.clusters:
            self.frame(page, cluster)
        for node in self.scene.nodes:
            self.card(page, node)
        for number, edge in enumerate(self.scene.edges):
            if edge.line is not Line.HIDDEN:
                self.arrow(page, edge, f"e{number}")
        return str(target.xml).encode() + b"\n"

    def heading(self) -> str:
        return f"<b>{html(self.scene.title)}</b><br>{html(self.scene.caption)}"

    def add(self, page: Any, name: str, value: str, box: Box, style: str, parent: str | None = None,
            rounded: bool = False, dashed: bool = False) -> None:
        from drawpyo.diagram import Object, TextFormat
        left, top, width, height = box
        inside = {"parent": self.made[parent]} if parent is not None else {}
        made = Object(page=page, id=name, value=value, width=round(width), height=round(height), baseStyle=f"{style};html=1", children=[],
                      out_edges=[], in_edges=[], text_format=TextFormat(), rounded=int(rounded),
                      line_pattern="small_dash" if dashed else "solid", **inside)
        over = self.boxes[parent] if parent is not None else (0.0, 0.0, 0.0, 0.0)
        made.geometry.x, made.geometry.y = round(left - over[0]), round(top - over[1])
        self.made[name] = made

    def frame(self, page: Any, cluster: Cluster) -> None:
        paper, border = frame_colours(cluster.container, Theme.LIGHT)
        style = (f"arcSize=4;fillColor={paper};strokeColor={border};strokeWidth={2 if cluster.container else 1};align=left;verticalAlign=top;"
                 "spacingLeft=6;container=1;collapsible=0;fontSize=12;fontColor=#1a1a1a")
        title = "<br>".join([f"<b>{html(cluster.title)}</b>", *map(html, cluster.gloss)])
        self.add(page, cluster.id, title, self.boxes[cluster.id], style, rounded=True)
        for node in cluster.nodes:
            self.card(page, node, cluster.id)

    def card(self, page: Any, node: Node, parent: str | None = None) -> None:
        look = tone(node.look, Theme.LIGHT)
        style = (f"fillColor={look.paper};strokeColor={look.frame};strokeWidth={look.pen + (2 if node.strong else 0)};align=left;verticalAlign=top;"
                 f"spacing=4;arcSize=6;fontSize=12;fontColor=#1a1a1a")
        head = f"{look.mark} {node.title}".strip()
        ink = look.frame if look.mark else text_colour(Kind.TEXT, Theme.LIGHT)
        lines = [f'<font color="{ink}"><b>{html(head)}</b></font> {html(node.gloss)}'] if node.title else []
        self.add(page, node.id, "<br>".join([*lines, *map(_row, node.rows)]), self.boxes[node.id], style, parent,
                 node.look in (Look.HOP, Look.WORLD), node.doubtful)

    def arrow(self, page: Any, edge: Edge, name: str) -> None:
        from drawpyo.diagram import Edge as Arrow
        from drawpyo.diagram import TextFormat
        plain = edge.line in (Line.CABLE, Line.PORT)
        made = Arrow(page=page, id=name, source=self.made[edge.tail], target=self.made[edge.head], label=html(edge.label) or None,
                     pattern="dashed_small" if edge.doubtful else _PATTERNS.get(edge.line, "solid"), waypoints="straight",
                     strokeWidth=5 if edge.strong else 2 if edge.line in (Line.ORIGINAL, Line.PORT) else 1, text_format=TextFormat(),
                     line_end_target="none" if plain else "block", endFill_target=edge.line is not Line.REPLY,
                     stroke_color=line_colour(edge.line, Theme.LIGHT))
        made.geometry.points = []


def _row(row: Row) -> str:
    text = html(row.text)
    if row.kind is Kind.CODE:
        text = f'<font face="Courier New" style="font-size:11px">{text}</font>'
    elif row.kind is Kind.STRONG or row.old:
        text = f"<b>{text}</b>"
    old = f"<strike>{html(row.old)}</strike> → " if row.old else ""
    label = f'<font color="#595959">{html(row.label)}</font>  ' if row.label.strip() else ""
    return f'{label}<font color="{text_colour(row.kind, Theme.LIGHT)}">{MARKS.get(row.kind, "")} {old}{text}</font>'


def _layout(scene: Scene) -> tuple[dict[str, Box], tuple[float, float]]:
    """Where Graphviz puts nodes and frames, in draw.io's pixels, and how large the whole is."""
    told = json.loads(render(to_dot(scene), "json0"))
    _, _, width, height = map(float, told["bb"].split(","))
    boxes: dict[str, Box] = {}
    for one in told.get("objects", ()):
        if "pos" in one:
            x, y = map(float, one["pos"].split(","))
            w, h = float(one["width"]) * 72, float(one["height"]) * 72
            boxes[one["name"]] = _pixels(x - w / 2, y + h / 2, w, h, height)
        elif "bb" in one:
            left, bottom, right, top = map(float, one["bb"].split(","))
            boxes[one["name"].removeprefix("cluster_")] = _pixels(left, top, right - left, top - bottom, height)
    return boxes, (width * _SCALE, height * _SCALE)


def _pixels(left: float, top: float, width: float, height: float, whole: float) -> Box:
    """From Graphviz' points, counted from below, to pixels from above."""
    return (left * _SCALE + 20, (whole - top) * _SCALE + _TOP / 3, width * _SCALE, height * _SCALE)
