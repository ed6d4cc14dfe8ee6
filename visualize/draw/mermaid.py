"""A scene as a Mermaid flowchart, which GitHub, GitLab and many wikis draw from text in a ticket."""

from visualize.draw.palette import MARKS, Theme, tone
from visualize.draw.quoting import mermaid, visible
from visualize.draw.scene import Cluster, Edge, Line, Look, Node, Row, Scene

_ARROWS = {Line.ORIGINAL: "==>", Line.REPLY: "-->", Line.CABLE: "---", Line.PORT: "===", Line.BEGETS: "-.->", Line.JUMP: "-->",
           Line.PUBLISHED: "-.->"}


def to_mermaid(scene: Scene) -> str:
    """The flowchart's text; the same scene gives the same bytes."""
    lines = [f"%% {visible(scene.title)}", f"%% {visible(scene.caption)}", f"flowchart {'LR' if scene.wide else 'TB'}"]
    lines += [f"  {_node(node)}" for node in scene.nodes]
    for cluster in scene.clusters:
        lines += _cluster(cluster, "  ")
    lines += [f"  {_edge(edge)}" for edge in scene.edges if edge.line is not Line.HIDDEN]
    looks = list(dict.fromkeys(node.look for node in scene.all_nodes()))
    for look in looks:
        paint = tone(look, Theme.LIGHT)
        lines.append(f"  classDef {look.value} fill:{paint.paper},stroke:{paint.frame},stroke-width:{paint.pen}px,color:#1a1a1a,text-align:left")
        lines.append(f"  class {','.join(_id(node.id) for node in scene.all_nodes() if node.look is look)} {look.value}")
    return "\n".join([*lines, ""])


def _cluster(cluster: Cluster, indent: str) -> list[str]:
    title = ", ".join((cluster.title, *cluster.gloss))
    lines = [f'{indent}subgraph {_id(cluster.id)}["{mermaid(title)}"]']
    lines += [f"{indent}  {_node(node)}" for node in cluster.nodes]
    for inner in cluster.clusters:
        lines += _cluster(inner, indent + "  ")
    return [*lines, f"{indent}end"]


def _node(node: Node) -> str:
    mark = tone(node.look, Theme.LIGHT).mark
    head = f"{mark} {node.title}".strip()
    lines = [f"<b>{mermaid(head)}</b>" + (f" {mermaid(node.gloss)}" if node.gloss else "")] if node.title else []
    lines += [_row(row) for row in node.rows]
    open_, close = ("(", ")") if node.look in (Look.HOP, Look.WORLD) else ("[", "]")
    return f'{_id(node.id)}{open_}"{"<br/>".join(lines) or " "}"{close}'


def _row(row: Row) -> str:
    mark = MARKS.get(row.kind, "")
    text = f"{mermaid(row.old)} → {mermaid(row.text)}" if row.old else mermaid(row.text)
    return " ".join(part for part in (f"{mermaid(row.label)}:" if row.label.strip() else "", mark, text) if part)


def _edge(edge: Edge) -> str:
    label = f'|"{mermaid(edge.label)}"|' if edge.label else ""
    arrow = "-.->" if edge.doubtful else _ARROWS[edge.line]
    return f"{_id(edge.tail)} {arrow}{label} {_id(edge.head)}"


def _id(name: str) -> str:
    """Mermaid's ids hold letters, digits and `_`; `end` is a word of its own."""
    return "x_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
