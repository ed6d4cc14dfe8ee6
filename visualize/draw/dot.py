"""A scene as DOT: each node a card, an HTML-like table whose lines are broken by measure, so that text stays inside its box."""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from visualize.draw.legend import legend
from visualize.draw.measure import MONO, SANS, width, wrap
from visualize.draw.palette import DIM, INK, MARKS, PAGE, Theme, Tone, frame_colours, line_colour, shade, text_colour, tone
from visualize.draw.quoting import dot, label
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene

TITLE, BODY, SMALL = 11.0, 10.0, 9.0
_LABEL_ROOM = 70.0
_ARROW = 12.0  # points of `→ `, before what a rewrite put in
_SIZES = {Kind.CODE: SMALL, Kind.DIM: SMALL, Kind.SEEN: SMALL, Kind.NOT_SEEN: SMALL, Kind.CONTRADICTED: SMALL, Kind.DOUBT: SMALL}
_BREAK = '<BR ALIGN="LEFT"/>'
_GAP = '<TR><TD HEIGHT="3" CELLPADDING="0"></TD></TR>'
_ARROWS = {Line.ORIGINAL: 'penwidth=2', Line.REPLY: 'dir=back arrowtail=onormal penwidth=1.3', Line.CABLE: 'dir=none penwidth=1.3 weight=8',
           Line.PORT: 'dir=none penwidth=2.5 weight=8', Line.BEGETS: 'style=dotted arrowhead=vee penwidth=1.3', Line.JUMP: 'penwidth=1.3',
           Line.PUBLISHED: 'style=dotted arrowhead=vee penwidth=1.5', Line.HIDDEN: 'style=invis'}


def to_dot(scene: Scene, theme: Theme = Theme.LIGHT, prefix: str = "", link: str = "") -> str:
    """The DOT text: the same scene gives the same bytes.

    `prefix` begins every SVG id, so that many pictures live in one page; `link` stands before `#rule=FILE:LINE` (a report's address).
    """
    return _Writer(scene, theme, prefix, link).text()


@lru_cache(maxsize=20000)
def _font(text: str, size: float, colour: str, mono: bool = False, bold: bool = False, struck: bool = False) -> str:
    """One run of text."""
    inner = label(text) or " "
    inner = f"<S>{inner}</S>" if struck else inner
    inner = f"<B>{inner}</B>" if bold else inner
    face = f' FACE="{MONO}"' if mono else ""
    return f'<FONT POINT-SIZE="{size:g}"{face} COLOR="{colour}">{inner}</FONT>'


@dataclass(frozen=True, slots=True)
class _Rows:
    """How the rows of a picture are written. Pictures of one capture share most of theirs."""

    theme: Theme
    link: str
    room: float
    wide: bool

    def row(self, row: Row, labelled: bool) -> str:
        """A row of a card's table."""
        attributes = self.link_of(row) + (f' PORT={dot(row.port)}' if row.port else "")
        if not row.label:
            span = ' COLSPAN="2"' if labelled else ""
            return f'<TR><TD{span} ALIGN="LEFT" BALIGN="LEFT"{attributes}>{self.body(row, self.room)}</TD></TR>'
        room = self.room - _LABEL_ROOM - 4
        name = _BREAK.join(_font(line, SMALL, shade(DIM, self.theme)) for line in wrap(row.label, _LABEL_ROOM, SMALL)) + _BREAK
        first, second = ("", "") if self.wide else (f' WIDTH="{_LABEL_ROOM + 4:g}"', f' WIDTH="{room + 8:g}"')
        return (f'<TR><TD ALIGN="LEFT" BALIGN="LEFT" VALIGN="TOP"{first}>{name}</TD>'
                f'<TD ALIGN="LEFT" BALIGN="LEFT"{second}{attributes}>{self.body(row, room)}</TD></TR>')

    def link_of(self, row: Row) -> str:
        if not row.rule:
            return ""
        return f' HREF="{label(self.link)}#rule={_url(row.rule)}" TITLE="{label(row.rule)}"'

    def body(self, row: Row, room: float) -> str:
        size, mono, bold = _SIZES.get(row.kind, BODY), row.kind is Kind.CODE, row.kind is Kind.STRONG or bool(row.old)
        colour = text_colour(row.kind, self.theme)
        mark = MARKS.get(row.kind, "")
        text = f"{mark} {row.text}" if mark else row.text + ("\u00a0" if "→" in row.text else "")  # an arrow is wider than it is measured
        free = room - _ARROW if row.old else room
        lines = [_font(line, size, colour, mono, bold) for line in wrap(text, free, size, bold, mono, "  " if mono else "")]
        if row.old:
            lines[0] = _font("→ ", size, colour) + lines[0]
            lines = [_font(line, size, shade(DIM, self.theme), struck=True) for line in wrap(row.old, room, size)] + lines
        return _BREAK.join(lines) + _BREAK


@lru_cache(maxsize=8192)
def _row(rows: _Rows, row: Row, labelled: bool) -> str:
    return rows.row(row, labelled)


class _Writer:
    def __init__(self, scene: Scene, theme: Theme, prefix: str, link: str) -> None:
        self.scene, self.theme, self.prefix = scene, theme, prefix
        self.rows = _Rows(theme, link, scene.room, scene.wide)

    def text(self) -> str:
        scene = self.scene
        direction = "LR" if scene.wide else "TB"
        separation = "nodesep=0.25 ranksep=0.9" if scene.wide else "nodesep=0.3 ranksep=0.27"
        lines = [f"digraph {dot(scene.name)} {{",
                 f'  graph [id={dot(self.prefix + "picture")} rankdir={direction} {separation} pad=0.2 outputorder=edgesfirst '
                 f'{"" if scene.wide else "newrank=true remincross=false "}'
                 f'fontname={dot(SANS)} fontsize=14 fontcolor="{self.shade(INK)}" labelloc=t labeljust=l '
                 f'bgcolor="{self.shade(PAGE)}" tooltip={dot(scene.title)} label={self.heading()}];',
                 f'  node [shape=plain fontname={dot(SANS)} fontsize={BODY:g} fontcolor="{self.shade(INK)}"];',
                 f'  edge [fontname={dot(SANS)} fontsize={SMALL:g} fontcolor="{self.shade(DIM)}" arrowsize=0.8];']
        lines += ["  " + self.node(node) for node in scene.nodes]
        for cluster in scene.clusters:
            lines += self.cluster(cluster)
        lines += [f"  {line}" for edge in scene.edges for line in self.edge(edge)]
        lines += [f"  {line}" for line in self.legend()]
        return "\n".join([*lines, "}", ""])

    def shade(self, colour: str) -> str:
        return shade(colour, self.theme)

    def heading(self) -> str:
        room = 900.0 if self.scene.wide else max(2 * self.scene.room, 460.0)
        ink, dim = self.shade(INK), self.shade(DIM)
        lines = [_font(line, 14, ink, bold=True) for line in wrap(self.scene.title, room, 14, bold=True)]
        lines.append(_font(" ", 3, ink))
        lines += [_font(line, TITLE, dim) for line in wrap(self.scene.caption, room, TITLE) if line]
        return f"<{_BREAK.join([*lines, _font(' ', 6, ink)])}{_BREAK}>"

    def legend(self) -> list[str]:
        """What the marks in this picture mean; below everything."""
        items = legend(self.scene)
        if not items:
            return []
        cells = []
        for item in items:
            look = tone(item.look, self.theme) if item.look is not None else None
            colour = look.on_bar if look is not None else text_colour(item.kind, self.theme) if item.kind is not None else line_colour(
                item.line or Line.CABLE, self.theme)
            paper = f' BGCOLOR="{look.bar}"' if look is not None else ""
            cells.append(f'<TD{paper} WIDTH="16">{_font(item.mark, SMALL, colour, bold=True)}</TD>'
                         f'<TD ALIGN="LEFT">{_font(item.text, SMALL, self.shade(DIM))}</TD>')
        rows = "".join(f"<TR>{''.join(cells[n:n + 3])}</TR>" for n in range(0, len(cells), 3))
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="3" CELLPADDING="1">{rows}</TABLE>'
        ends = {node.id for node in self.scene.all_nodes()} - {e.tail if e.line is not Line.REPLY else e.head for e in self.scene.edges}
        hold = [f"{dot(name)} -> legend [style=invis];" for name in sorted(ends)] if not self.scene.wide else []
        return [f'legend [id={dot(self.prefix + "legend")} class=legend tooltip="what the marks mean" label=<{table}>];', *hold]

    # -- frames -----------------------------------------------------------------------------------------------------

    def cluster(self, cluster: Cluster) -> list[str]:
        paper, frame = frame_colours(cluster.container, self.theme)
        look = f'style="rounded,filled" penwidth={2 if cluster.container else 1} color="{frame}" fillcolor="{paper}"'
        room = self.scene.room if self.scene.wide else self.scene.room / 2 - 4  # in a path, the arrow comes in by the middle
        title = [_font(line, TITLE, self.shade(INK), bold=True) for line in wrap(cluster.title, room, TITLE, bold=True)]
        title += [_font(line, SMALL, self.shade(DIM)) for text in cluster.gloss for line in wrap(text, room, SMALL)]
        return [f"  subgraph {dot('cluster_' + cluster.id)} {{",
                f'    graph [id={dot(self.prefix + cluster.id)} {look} labeljust=l labelloc=t margin=14 '
                f'tooltip={dot(cluster.title)} label=<{_BREAK.join(title)}{_BREAK}>];',
                *(f"    {self.node(node)}" for node in cluster.nodes), *(f"    {line}" for line in self.levels(cluster)), "  }"]

    def levels(self, cluster: Cluster) -> list[str]:
        """What stands on one height, in order; spacers keep the lanes apart where only one of them has a card, and carry the line on."""
        names = {node.id for node in cluster.nodes}
        carried = {name: edge for edge in self.scene.edges for name in edge.via}
        spacers = []
        for name in (name for level in cluster.levels for name in level if name not in names):
            edge = carried.get(name)
            look = (f'style=filled penwidth=0 width={0.028 if edge.line is Line.ORIGINAL else 0.018} fillcolor="{line_colour(edge.line, self.theme)}"'
                    if edge is not None else "style=invis width=0")
            spacers.append(f'{dot(name)} [shape=box label="" height=0.04 margin=0 fixedsize=true {look} group={dot(name[0])}];')
        return spacers + [f"{{rank=same; {dot(left)} -> {dot(right)} [style=invis];}}" for left, right in cluster.levels]

    # -- cards ------------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> str:
        look = self.tone(node)
        labelled = any(row.label for row in node.rows)
        rows = [self.bar(node, labelled)] if node.title else []
        rows += [_row(self.rows, row, labelled) for row in node.rows]
        rounded = node.look in (Look.WORLD, Look.HOP) and not node.title and not node.doubtful
        if rounded:
            rows = [_GAP, *rows, _GAP]  # so that no text stands in the corners' curves
        style = ' STYLE="DASHED"' if node.doubtful else ' STYLE="ROUNDED"' if rounded else ""
        pen = look.pen + (2 if node.strong else 0)
        table = (f'<TABLE BORDER="{pen}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" COLOR="{look.frame}" BGCOLOR="{look.paper}"{style}>'
                 f'{"".join(rows)}</TABLE>')
        group = f" group={dot(node.lane)}" if node.lane else ""
        return (f'{dot(node.id)} [id={dot(self.prefix + node.id)} class={dot(node.look.value)}{group} tooltip={dot(node.tip or node.title)} '
                f'label=<{table}>];')

    def tone(self, node: Node) -> Tone:
        """A doubtful card's bar has no weight of its own."""
        found = tone(node.look, self.theme)
        return replace(found, bar=found.paper, on_bar=found.frame) if node.doubtful else found

    def bar(self, node: Node, labelled: bool) -> str:
        look = self.tone(node)
        head = f"{look.mark} {node.title}".strip()
        room = self.scene.room
        lines = [_font(line, TITLE, look.on_bar, bold=True) for line in wrap(head, room, TITLE, bold=True)]
        if node.gloss:
            last = wrap(head, room, TITLE, bold=True)[-1]
            gap = width(last + "  ", TITLE, bold=True) + width(node.gloss, SMALL)
            if gap <= room:
                lines[-1] += _font("  " + node.gloss, SMALL, look.on_bar)
            else:
                lines += [_font(line, SMALL, look.on_bar) for line in wrap(node.gloss, room, SMALL)]
        span = ' COLSPAN="2"' if labelled else ""
        return (f'<TR><TD{span} BGCOLOR="{look.bar}" ALIGN="LEFT" CELLPADDING="4" WIDTH="{self.minimum(node):g}">'
                f'{_BREAK.join(lines)}{_BREAK}</TD></TR>')

    def minimum(self, node: Node) -> float:
        """Cards of a path are equally wide; those of maps are as wide as they need."""
        return 40 if self.scene.wide or node.look is Look.WORLD else self.scene.room + 8 - 2 * (tone(node.look, self.theme).pen - 1)

    # -- edges ------------------------------------------------------------------------------------------------------

    def edge(self, edge: Edge) -> list[str]:
        """One line for each part of an edge; a reply is drawn upwards, so it is written from its head."""
        back = edge.line is Line.REPLY
        sideways = self.scene.wide and edge.line is not Line.HIDDEN
        stops = [_end(edge.tail, edge.tail_port, "e" if sideways else ""), *map(dot, edge.via),
                 _end(edge.head, edge.head_port, "w" if sideways else "")]
        parts = list(pairwise(stops))
        lines = []
        for number, (tail, head) in enumerate(parts):
            last = number == len(parts) - 1
            name = f"{self.prefix}{edge.tail}-{edge.head}" + ("" if last else f"-{number}")
            options = [f"id={dot(name)}", f"class={dot(edge.line.value)}", _ARROWS[edge.line], f'color="{line_colour(edge.line, self.theme)}"']
            options += [f"label={dot(edge.label)}"] if edge.label and last else []
            options += ["penwidth=4"] if edge.strong else []
            options += ["style=dashed"] if edge.doubtful and edge.line is not Line.HIDDEN else []
            if not last:
                options.append("arrowtail=none tailclip=false" if back else "arrowhead=none headclip=false")
            if number:
                options.append("headclip=false" if back else "tailclip=false")
            first, second = (head, tail) if back else (tail, head)
            lines.append(f"{first} -> {second} [{' '.join(options)}];")
        return lines


def _end(node: str, port: str, side: str = "") -> str:
    """A node, the row that an edge ends at, the side on which it does."""
    return dot(node) + (f":{dot(port)}" if port else "") + (f":{side}" if side else "")


def _url(text: str) -> str:
    """A rule's place as a fragment: percent-encoded but for what an address may hold."""
    from urllib.parse import quote
    return label(quote(text.encode(errors="surrogateescape"), safe="/:._-"))
