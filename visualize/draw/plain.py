"""A scene as text: for a ticket that shows no pictures. Cards become boxes of ASCII, one below the other, in the order of the packet's way."""

from collections.abc import Iterator
from textwrap import wrap

from visualize.draw.palette import MARKS, Theme, tone
from visualize.draw.quoting import code, markdown, visible
from visualize.draw.scene import Kind, Line, Look, Node, Row, Scene

WIDTH = 76
_ASCII = {"√": "ok", "↔": "NAT", "■": "END", "►": "OUT", "×": "X", "?": "?", "≠": "!=", "": ""}


def to_text(scene: Scene) -> str:
    """Boxes of text, at most 78 columns wide."""
    lines = [*_wrapped(scene.title), *_wrapped(scene.caption), ""]
    for title, way in _ways(scene):
        lines += [title, ""] if title else []
        for number, (place, node) in enumerate(way):
            moved = not number or place != way[number - 1][0]
            lines += ["  " + " " * 6 + "|", "  " + " " * 6 + "v"] if number and node.look not in (Look.ANSWER, Look.NOTE) else []
            lines += [f"  == in {visible(place)} =="] if moved and place else []
            lines += [f"  {line}" for line in _box(node)]
        lines.append("")
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def to_markdown(scene: Scene) -> str:
    """A heading, the sentence, and for each direction a table of steps: for tickets that draw Markdown."""
    lines = [f"### {markdown(scene.title)}", "", markdown(scene.caption), ""]
    for title, way in _ways(scene):
        lines += [f"**{markdown(title)}**", ""] if title else []
        lines += ["| | where | what | details |", "|---:|---|---|---|"]
        for number, (place, node) in enumerate(way, 1):
            what = f"{tone(node.look, Theme.LIGHT).mark} {node.title}".strip()
            details = "<br>".join(_cell(row) for row in node.rows)
            lines.append(f"| {number} | {markdown(place)} | {f'**{markdown(what)}**' if what else ''} {markdown(node.gloss)} | {details} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _ways(scene: Scene) -> Iterator[tuple[str, list[tuple[str, Node]]]]:
    """The columns of a path's picture, or all cards of a map: each with a title, and cards with the places where they stand."""
    placed = [*(("", node) for node in scene.nodes), *((cluster.title, node) for cluster in scene.clusters for node in cluster.nodes)]
    lanes = list(dict.fromkeys(node.lane for _, node in placed if node.lane))
    if not lanes:
        yield "", placed
        return
    back = {edge.head for edge in scene.edges if edge.line is Line.REPLY}
    for lane in lanes:
        way = [(place, node) for place, node in placed if node.lane == lane]
        reply = any(node.id in back for _, node in way)
        title = "" if len(lanes) == 1 else "THE REPLY" if reply else "THE PACKET" if back else way[0][1].title
        yield title, way[::-1] if reply else way


def _box(node: Node) -> list[str]:
    """A card: hops without a frame, everything else framed; rewrites and drops with a heavy one."""
    rows = [line for row in node.rows for line in _row(row)]
    mark = _ASCII.get(tone(node.look, Theme.LIGHT).mark, "")
    head = visible(f"{f'[{mark}] ' if mark else ''}{node.title}" + (f"  ({node.gloss})" if node.gloss else "")) if node.title else ""
    body = [*_wrapped(head), *(f"  {row}" for row in rows)] if head else rows
    if node.look in (Look.HOP, Look.WORLD):
        return [f"  . {line}" for line in body]
    edge = "#" if node.look in (Look.REWRITE, Look.DROPPED) else "+"
    bar = edge + ("=" if edge == "#" else "-") * (WIDTH - 4) + edge
    side = "#" if edge == "#" else "|"
    return [bar, *(f"{side} {line:<{WIDTH - 6}} {side}" for line in body), bar]


def _row(row: Row) -> list[str]:
    mark = {Kind.SEEN: "*", Kind.NOT_SEEN: "o", Kind.CONTRADICTED: "!", Kind.DOUBT: "?"}.get(row.kind, "")
    text = f"{row.old}  ->  {row.text}" if row.old else row.text
    label = f"{row.label:<12} " if row.label else ""
    return _wrapped(visible(f"{label}{f'{mark} ' if mark else ''}{text}".replace("→", "->")), " " * len(label) or "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(visible(text), WIDTH - 8, subsequent_indent=indent, break_long_words=True, break_on_hyphens=False) if text else []


def _cell(row: Row) -> str:
    text = code(row.text) if row.kind is Kind.CODE else markdown(row.text)
    mark = MARKS.get(row.kind, "")
    old = f"~~{markdown(row.old)}~~ → " if row.old else ""
    strong = f"**{text}**" if row.kind is Kind.STRONG or row.old else text
    return " ".join(part for part in (f"{markdown(row.label)}:" if row.label.strip() else "", mark, f"{old}{strong}") if part)
