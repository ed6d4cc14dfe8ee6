"""A flow as one picture: the original direction goes down on the left, the reply comes up on the right, through the same frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from snapshot.host import HOST, Host
from visualize.draw.caption import caption
from visualize.draw.cards import Card, cards
from visualize.draw.ranks import pair
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene
from visualize.draw.words import place_lines, tuple_text
from visualize.flow import Flow, PathUse
from visualize.path import Received, Verdict

ONE_LANE, TWO_LANES = 330.0, 236.0  # points of text in a card


@dataclass(frozen=True, slots=True)
class Lane:
    """One direction: its cards from first to last, and its stays in namespaces (`frames`), one after the other."""

    line: Line
    cards: tuple[Card, ...]

    def frames(self) -> list[tuple[str, list[Node]]]:
        """Stays of the packet in one namespace, in the order of the picture from top to bottom."""
        found: list[tuple[str, list[Node]]] = []
        for card in reversed(self.cards) if self.line is Line.REPLY else self.cards:
            if not found or found[-1][0] != card.netns:
                found.append((card.netns, []))
            found[-1][1].append(card.node)
        return found

    def way(self) -> list[Node]:
        """The cards that the packet itself passes."""
        return [card.node for card in self.cards if card.node.look not in (Look.ANSWER, Look.NOTE)]

    def edges(self, column: Sequence[str]) -> list[Edge]:
        """From card to card; what the end begot, and what is doubted, hangs on the last. `column` is the lane from top to bottom with its
        spacers."""
        way = self.way()
        order = list(reversed(column)) if self.line is Line.REPLY else list(column)
        found = [Edge(a.id, b.id, self.line, doubtful=b.doubtful, via=_between(order, a.id, b.id)) for a, b in pairwise(way)]
        for card in self.cards:
            if card.node.look in (Look.ANSWER, Look.NOTE):
                line = Line.BEGETS if card.node.look is Look.ANSWER else Line.HIDDEN
                above, below = (way[-1].id, card.node.id) if self.line is Line.ORIGINAL or line is Line.BEGETS else (card.node.id, way[-1].id)
                found.append(Edge(above, below, line))
        return found


def _between(order: Sequence[str], first: str, last: str) -> tuple[str, ...]:
    """The spacers between two cards of a lane."""
    return tuple(name for name in order[order.index(first) + 1:order.index(last)] if "~" in name) if order else ()


def path_scene(host: Host, flow: Flow, detail: str = "rules") -> Scene:
    """The picture of a flow. `detail`: summary, rules or full."""
    original = Lane(Line.ORIGINAL, tuple(cards(host, flow.original[0], "o", detail)))
    lanes = [_counted(original, flow.original)]
    if flow.reply and not _is_answer(flow):
        lanes.append(_counted(Lane(Line.REPLY, tuple(cards(host, flow.reply[0], "r", detail))), flow.reply))
    clusters = _clusters(host, lanes)
    world, ways = _world(flow, lanes)
    columns = [[level[side] for cluster in clusters for level in cluster.levels] for side in (0, 1)]
    edges = [edge for lane, column in zip(lanes, columns, strict=False) for edge in lane.edges(column)]
    number = f"flow {flow.number}: " if flow.capture != "trace" else ""
    title = f"{number}{flow.first.start.protocol_name.upper()} {tuple_text(flow.first.start)}"
    return Scene(f"flow-{flow.number:03d}", title, caption(host, flow), tuple(clusters), (*edges, *ways), world,
                 TWO_LANES if len(lanes) > 1 else ONE_LANE)


def _is_answer(flow: Flow) -> bool:
    """Whether the "reply" is only the kernel's answer to what it refused, which the original's own picture shows."""
    first = flow.reply[0].path.steps[0]
    return isinstance(first, Received) and first.by_kernel and bool(flow.first.children)


def _counted(lane: Lane, uses: Sequence[PathUse]) -> Lane:
    """The first card tells how many packets went this way, and how the later ones did."""
    total = sum(len(use.packets) for use in uses)
    if total < 2:
        return lane
    first = len(uses[0].packets)
    text = f"{total} packets like this one" if first == total else f"{total} packets: {first} like this one"
    if len(uses) > 1:
        later = uses[1].path
        same = later.verdict is uses[0].path.verdict
        tail = ("rewritten by conntrack without asking the nat rules" if same and later.state == "ESTABLISHED"
                else f"{later.verdict.value}, {later.state or 'untracked'}")
        text += f", {total - first} more ({tail})"
    start = lane.cards[0]
    return replace(lane, cards=(replace(start, node=replace(start.node, rows=(*start.node.rows, Row(text, Kind.DIM)))), *lane.cards[1:]))


def _clusters(host: Host, lanes: Sequence[Lane]) -> list[Cluster]:
    """Frames from top to bottom; where both directions stay in the same namespace, they share its frame."""
    left = lanes[0].frames()
    right = lanes[1].frames() if len(lanes) > 1 else []
    found: list[Cluster] = []
    matcher = SequenceMatcher(None, [name for name, _ in left], [name for name, _ in right], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            found += [_frame(host, left[a + n][0], len(found) + n, left[a + n][1], right[c + n][1], True) for n in range(b - a)]
        else:
            found += [_frame(host, name, len(found) + n, nodes, [], bool(right)) for n, (name, nodes) in enumerate(left[a:b])]
            found += [_frame(host, name, len(found) + n, [], nodes, True) for n, (name, nodes) in enumerate(right[c:d])]
    return found


def _frame(host: Host, netns: str, number: int, left: Sequence[Node], right: Sequence[Node], paired: bool) -> Cluster:
    title, *gloss = place_lines(host, netns)
    levels: tuple[tuple[str, str], ...] = ()
    if paired:
        levels = tuple((a.id if a else f"o~{number}.{n}", b.id if b else f"r~{number}.{n}")
                       for n, (a, b) in enumerate(pair(left, right, TWO_LANES)))
    return Cluster(f"place{number}", title, tuple(gloss), (*left, *right), container=netns != HOST, levels=levels)


def _world(flow: Flow, lanes: Sequence[Lane]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Who stands outside of what was captured, above and below, for both directions."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    first = flow.first.steps[0]
    way = lanes[0].way()
    back = lanes[1].way() if len(lanes) > 1 else []
    if isinstance(first, Received) and not first.local and len(way[0].rows) and way[0].gloss.startswith("arrives"):
        nodes.append(Node("top", Look.WORLD, rows=(Row(str(flow.first.start.src), Kind.STRONG), Row(f"outside, beyond {first.interface}", Kind.DIM))))
        edges.append(Edge("top", way[0].id, Line.ORIGINAL))
        if back and flow.reply[0].path.verdict is Verdict.FORWARDED:
            edges.append(Edge(back[-1].id, "top", Line.REPLY))
    if flow.verdict is Verdict.FORWARDED:
        end = flow.first.end
        nodes.append(Node("bottom", Look.WORLD, rows=(Row(str(end.packet.dst), Kind.STRONG), Row(f"outside, beyond {end.interface}", Kind.DIM))))
        edges.append(Edge(way[-1].id, "bottom", Line.ORIGINAL))
        if back and back[0].gloss.startswith("arrives"):
            edges.append(Edge("bottom", back[0].id, Line.REPLY))
    return tuple(nodes), tuple(edges)
