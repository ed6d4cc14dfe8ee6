"""A scene as DOT. Shapes and line styles tell everything that colours tell, so that a black-and-white print reads the same."""

from visualize.draw.quoting import dot, html
from visualize.draw.scene import Cluster, Edge, Look, Node, Row, Scene

FONT, MONO = "Arial", "Courier New"
# Okabe-Ito colours: fill, border
_COLOURS = {
    Look.INTERFACE: ("#ffffff", "#555555"), Look.HOOK: ("#eef4fa", "#0072b2"), Look.ROUTE: ("#f4f4f4", "#777777"),
    Look.BRIDGE: ("#f1f8f5", "#009e73"), Look.REWRITE: ("#fff3d6", "#b36b00"), Look.PROCESS: ("#ffffff", "#222222"),
    Look.DELIVERED: ("#e3f3ec", "#00704f"), Look.FORWARDED: ("#e3f3ec", "#00704f"), Look.DROPPED: ("#fbe3dc", "#a83800"),
    Look.UNKNOWN: ("#ffffff", "#a83800"), Look.BEGOT: ("#fbf0f6", "#8a4a70"), Look.NOTE: ("#fffdf0", "#888844"),
    Look.WORLD: ("#ffffff", "#555555")}
_SHAPES = {Look.DROPPED: "octagon", Look.DELIVERED: "box", Look.FORWARDED: "cds", Look.PROCESS: "oval", Look.WORLD: "oval",
           Look.NOTE: "note", Look.UNKNOWN: "octagon"}
_MARKS = {Look.DROPPED: "× ", Look.REWRITE: "NAT: ", Look.UNKNOWN: "? "}  # only what every font has


def to_dot(scene: Scene) -> str:
    """The DOT text: the same scene gives the same bytes."""
    lines = [f"digraph {dot(scene.name)} {{",
             f'  graph [rankdir={"LR" if scene.wide else "TB"} fontname="{FONT}" fontsize=15 labelloc=t labeljust=l pad=0.3 '
             f'nodesep=0.3 ranksep={"0.7" if scene.wide else "0.32"} bgcolor="#ffffff" label={_title(scene)} '
             f'tooltip={dot(scene.title)}];',
             f'  node [fontname="{FONT}" fontsize=11 style=filled margin="0.12,0.07"];',
             f'  edge [fontname="{MONO}" fontsize=9 color="#333333" fontcolor="#333333" arrowsize=0.7];']
    for node in scene.nodes:
        lines.append("  " + _node(node))
    for cluster in scene.clusters:
        lines += _cluster(cluster, "  ")
    lines += ["  " + _edge(edge) for edge in scene.edges]
    return "\n".join([*lines, "}", ""])


def _title(scene: Scene) -> str:
    rows = [f'<B>{html(scene.title)}</B>'] + [f'<FONT POINT-SIZE="11">{html(line)}</FONT>' for line in scene.subtitle]
    return "<" + '<BR ALIGN="LEFT"/>'.join(rows) + '<BR ALIGN="LEFT"/>>'


def _cluster(cluster: Cluster, indent: str) -> list[str]:
    style = 'style=invis' if cluster.plain else 'style="rounded,filled"'
    fill = "#fcfcfc" if cluster.container else "#f7f7f7"
    pen = 'penwidth=0' if cluster.plain else f'penwidth={"1.6" if cluster.container else "1"} color="#666666" fillcolor="{fill}"'
    title = f"<<B>{html(cluster.title)}</B>>"
    if cluster.plain:
        style = 'style=""'
        pen = 'penwidth=0 color="#ffffff"'
    lines = [f"{indent}subgraph {dot('cluster_' + cluster.id)} {{",
             f'{indent}  graph [{style} {pen} fontsize=12 labeljust=l labelloc=t margin=26 label={title}];']
    for node in cluster.nodes:
        lines.append(f"{indent}  " + _node(node))
    for inner in cluster.clusters:
        lines += _cluster(inner, indent + "  ")
    return [*lines, indent + "}"]


def _row(row: Row) -> str:
    text = html(row.text) or " "
    if row.strong:
        text = f"<B>{text}</B>"
    font = f' FACE="{MONO}"' if row.mono else ""
    colour = ' COLOR="#555555"' if row.dim else ""
    return f'<FONT POINT-SIZE="{9 if row.mono or row.dim else 10}"{font}{colour}>{text}</FONT>'


def _node(node: Node) -> str:
    fill, border = _COLOURS[node.look]
    title = f"<B>{_MARKS.get(node.look, '')}{html(node.title)}</B>"
    left = '<BR ALIGN="LEFT"/>'
    rows = [title, *map(_row, node.rows)]
    label = left.join(rows) + (left if node.rows and node.look not in (Look.PROCESS, Look.WORLD) else "")
    width = {Look.REWRITE: 2.2, Look.DROPPED: 2.4, Look.DELIVERED: 1.8, Look.FORWARDED: 1.6}.get(node.look, 0.8)
    extra = " peripheries=2" if node.look in (Look.REWRITE, Look.DELIVERED) else ""
    style = "filled,dashed" if node.doubtful else "filled,rounded" if node.look in (Look.INTERFACE, Look.BRIDGE) else "filled"
    tip = f" tooltip={dot(node.tip or node.title)}"
    return (f'{dot(node.id)} [shape={_SHAPES.get(node.look, "box")} style="{style}" fillcolor="{fill}" color="{border}" '
            f'penwidth={width}{extra} label=<{label}>{tip}];')


def _edge(edge: Edge) -> str:
    options = []
    if edge.label:
        options.append(f"label={dot('  ' + edge.label + '  ')}")
    if not edge.directed:
        options.append("dir=none")
    if edge.strong:
        options.append("penwidth=2.2")
    if edge.doubtful:
        options.append("style=dashed")
    return f"{dot(edge.tail)} -> {dot(edge.head)}" + (f" [{' '.join(options)}]" if options else "") + ";"
