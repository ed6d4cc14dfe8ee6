"""Two columns of cards through the same frames: a flow's two directions, or two flows that are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from snapshot.host import HOST, Host
from visualize.draw.folding import Card
from visualize.draw.ranks import pair
from visualize.draw.scene import Cluster, Edge, Line, Look, Node
from visualize.draw.words import place_lines

ONE_LANE, TWO_LANES = 330.0, 236.0  # points of text in a card


@dataclass(frozen=True, slots=True)
class Lane:
    """One column: its cards from the packet's first to its last. `prefix` begins the names of its spacers."""

    prefix: str
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


def clusters(host: Host, lanes: Sequence[Lane]) -> tuple[Cluster, ...]:
    """Frames from top to bottom; where both lanes stay in the same namespace, they share its frame."""
    if len(lanes) == 1:
        return tuple(_frame(host, name, number, nodes, None, lanes) for number, (name, nodes) in enumerate(lanes[0].frames()))
    left, right = lanes[0].frames(), lanes[1].frames()
    found: list[Cluster] = []
    for tag, a, b, c, d in _aligned([name for name, _ in left], [name for name, _ in right]):
        if tag == "equal":
            found += [_frame(host, left[a + n][0], len(found) + n, left[a + n][1], right[c + n][1], lanes) for n in range(b - a)]
        else:
            found += [_frame(host, name, len(found) + n, nodes, [], lanes) for n, (name, nodes) in enumerate(left[a:b])]
            found += [_frame(host, name, len(found) + n, [], nodes, lanes) for n, (name, nodes) in enumerate(right[c:d])]
    return tuple(found)


def _aligned(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Which stretches of two sequences are equal, as difflib tells it; a common beginning always is."""
    same = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    rest = SequenceMatcher(None, left[same:], right[same:], autojunk=False).get_opcodes()
    return [("equal", 0, same, 0, same), *((tag, a + same, b + same, c + same, d + same) for tag, a, b, c, d in rest)]


def edges(lanes: Sequence[Lane], frames: Sequence[Cluster]) -> tuple[Edge, ...]:
    """The edges of all lanes, past the spacers of their frames."""
    columns = [[level[side] for frame in frames for level in frame.levels] for side in range(len(lanes))]
    return tuple(edge for lane, column in zip(lanes, columns, strict=True) for edge in lane.edges(column))


def beside(frames: Sequence[Cluster], node: str, below: bool) -> tuple[str, ...]:
    """The spacers of a node's lane below it (or above it), from top to bottom: what an edge to the outside passes."""
    for side in (0, 1):
        column = [level[side] for frame in frames for level in frame.levels]
        if node in column:
            at = column.index(node)
            return tuple(name for name in (column[at + 1:] if below else column[:at]) if "~" in name)
    return ()


def _between(order: Sequence[str], first: str, last: str) -> tuple[str, ...]:
    """The spacers between two cards of a lane."""
    return tuple(name for name in order[order.index(first) + 1:order.index(last)] if "~" in name) if order else ()


def _frame(host: Host, netns: str, number: int, left: Sequence[Node], right: Sequence[Node] | None, lanes: Sequence[Lane]) -> Cluster:
    title, *gloss = place_lines(host, netns)
    levels: tuple[tuple[str, str], ...] = ()
    if right is not None:
        one, two = lanes[0].prefix, lanes[1].prefix
        levels = tuple((a.id if a else f"{one}~{number}.{n}", b.id if b else f"{two}~{number}.{n}") for n, (a, b) in enumerate(_pairs(left, right)))
    return Cluster(f"place{number}", title, tuple(gloss), (*left, *(right or ())), container=netns != HOST, levels=levels)


def _pairs(left: Sequence[Node], right: Sequence[Node]) -> list[tuple[Node | None, Node | None]]:
    """Cards on one height. Compared flows agree card by card up to where they part."""
    parting, other = (next((n for n, node in enumerate(nodes) if node.look is Look.PARTING), None) for nodes in (left, right))
    if parting is None or parting != other:
        return pair(left, right, TWO_LANES)
    common = list(zip(left[:parting + 1], right[:parting + 1], strict=True))
    return [*common, *pair(left[parting + 1:], right[parting + 1:], TWO_LANES)]
