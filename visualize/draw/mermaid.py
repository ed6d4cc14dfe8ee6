"""A scene as a Mermaid flowchart, which GitHub, GitLab and many wikis draw from text in a ticket."""

from visualize.draw.palette import MARKS, Theme, tone
from visualize.draw.quoting import mermaid, visible
from visualize.draw.scene import Cluster, Edge, Line, Look, Node, Row, Scene

_ARROWS = {Line.ORIGINAL: "==>", Line.REPLY: "-->", Line.CABLE: "---", Line.PORT: "===", Line.BEGETS: "-.->", Line.JUMP: "-->",
           Line.PUBLISHED: "-.->"}


_INIT = '%%{init: {"flowchart": {"wrappingWidth": 460}}}%%'


def to_mermaid(scene: Scene) -> str:
    """The flowchart's text; the same scene gives the same bytes. Mermaid draws no arrow upwards: the reply is a column of its own."""
    lines = [_INIT, f"%% {visible(scene.title)}", f"%% {visible(scene.caption)}", f"flowchart {'LR' if scene.wide else 'TB'}"]
    lines += [f"  {_node(node)}" for node in scene.nodes]
    for cluster in scene.clusters:
        for lane in dict.fromkeys(node.lane for node in cluster.nodes):
            lines += _cluster(cluster, lane)
    outside = {node.id for node in scene.nodes}
    lines += [f"  {_edge(edge)}" for edge in scene.edges if edge.line is not Line.HIDDEN
              and not (edge.line is Line.REPLY and {edge.tail, edge.head} & outside)]
    looks = list(dict.fromkeys(node.look for node in scene.all_nodes()))
    for look in looks:
        paint = tone(look, Theme.LIGHT)
        lines.append(f"  classDef {look.value} fill:{paint.paper},stroke:{paint.frame},stroke-width:{paint.pen}px,color:#1a1a1a,text-align:left")
        lines.append(f"  class {','.join(_id(node.id) for node in scene.all_nodes() if node.look is look)} {look.value}")
    return "\n".join([*lines, ""])


def _cluster(cluster: Cluster, lane: str) -> list[str]:
    title = ", ".join((cluster.title, *cluster.gloss))
    nodes = [f"    {_node(node)}" for node in cluster.nodes if node.lane == lane]
    return [f'  subgraph {_id(cluster.id + lane)}["{mermaid(title)}"]', *nodes, "  end"]


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
