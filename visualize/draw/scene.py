"""What is to be seen, with no word of any format: cards, arrows and frames. Reporters (DOT, Mermaid, text, draw.io) read it.

Every node has an id that is stable between runs: `o4` covers the original direction's steps from step 4 on, `r0` the reply's. In SVG the ids
and classes stand in the markup, and a row that quotes a rule links to `#rule=FILE:LINE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Look(Enum):
    """What a node is; a reporter gives each its shape and colour."""

    START = "start"  # where a packet's way begins
    HOP = "hop"  # nothing was decided here
    PASS = "pass"  # a rule decided, and the packet went on
    REWRITE = "rewrite"  # headers changed
    DELIVERED = "delivered"
    FORWARDED = "forwarded"
    DROPPED = "dropped"  # dropped, rejected or looped
    UNKNOWN = "unknown"
    ANSWER = "answer"  # a packet that this one begot
    NOTE = "note"
    WORLD = "world"  # beyond what was captured
    INTERFACE = "interface"
    BRIDGE = "bridge"
    CHAIN = "chain"
    PARTING = "parting"  # where two flows stop going the same way


class Kind(Enum):
    """What a row of a card is."""

    TEXT = "text"
    STRONG = "strong"
    CODE = "code"  # a rule or a route, as the host prints it
    DIM = "dim"
    HEADER = "header"  # an address with its port
    SEEN = "seen"
    NOT_SEEN = "not seen"
    CONTRADICTED = "contradicted"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card, wrapped by the reporter. `old` is what stood here before a rewrite; `rule` is `FILE:LINE`; `port` names it for edges."""

    text: str
    kind: Kind = Kind.TEXT
    label: str = ""
    old: str = ""
    rule: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A card: a bar with `title` and `gloss` (none: no bar), then rows. `doubtful` is drawn dashed; `tip` shows on hover.

    `steps` are the first and last step of the path (indexes from 0) that the card stands for.
    """

    id: str
    look: Look
    title: str = ""
    gloss: str = ""
    rows: tuple[Row, ...] = ()
    doubtful: bool = False
    tip: str = ""
    steps: tuple[int, int] | None = None
    strong: bool = False
    lane: str = ""  # nodes of one lane stand in a straight line


class Line(Enum):
    """What an edge is."""

    ORIGINAL = "original"
    REPLY = "reply"  # drawn upwards
    CABLE = "cable"  # a veth pair, a vlan's parent
    PORT = "port"  # a bridge and its port
    BEGETS = "begets"
    JUMP = "jump"
    PUBLISHED = "published"
    HIDDEN = "hidden"  # only holds the layout


@dataclass(frozen=True, slots=True)
class Edge:
    """From node to node, in the direction of the packet, past the spacers named in `via`. `strong` is highlighted."""

    tail: str
    head: str
    line: Line = Line.ORIGINAL
    label: str = ""
    doubtful: bool = False
    strong: bool = False
    tail_port: str = ""
    head_port: str = ""
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame with nodes in it: a namespace, a container; `gloss` are smaller lines below its title.

    `levels` name what stands on one height, from left to right, level by level from top to bottom; a name without a node is a spacer.
    """

    id: str
    title: str
    gloss: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    container: bool = False
    levels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture. `caption` is one sentence for people; `room` is the width of a card's text in points; `wide`: left to right."""

    name: str
    title: str
    caption: str
    clusters: tuple[Cluster, ...]
    edges: tuple[Edge, ...]
    nodes: tuple[Node, ...] = ()
    room: float = 236
    wide: bool = False

    def all_nodes(self) -> Iterator[Node]:
        """Every node, frames first to last."""
        yield from self.nodes
        for cluster in self.clusters:
            yield from cluster.nodes
