"""A flow as one picture: the original direction goes down on the left, the reply comes up on the right, through the same frames."""

from collections.abc import Sequence
from dataclasses import replace

from snapshot.host import Host
from visualize.draw.caption import caption
from visualize.draw.cards import cards
from visualize.draw.lanes import ONE_LANE, TWO_LANES, Lane, beside, clusters, edges
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene
from visualize.draw.words import tuple_text
from visualize.flow import Flow, PathUse
from visualize.path import Received, Rewritten, Verdict


def path_scene(host: Host, flow: Flow, detail: str = "rules", alike: Sequence[int] = ()) -> Scene:
    """The picture of a flow. `detail`: summary, rules or full. `alike` are the numbers of other flows that went the same way."""
    original = Lane("o", Line.ORIGINAL, tuple(cards(host, flow.original[0], "o", detail)))
    lanes = [_counted(original, flow.original)]
    if flow.reply and not _is_answer(flow):
        lanes.append(_counted(Lane("r", Line.REPLY, tuple(cards(host, flow.reply[0], "r", detail))), flow.reply))
    frames = clusters(host, lanes)
    world, ways = _world(flow, lanes, frames)
    also = f" {_numbers(alike)} went the same way." if alike else ""
    number = f"flow {flow.number}: " if flow.capture != "trace" else ""
    title = f"{number}{flow.first.start.protocol_name.upper()} {tuple_text(flow.first.start)}"
    return Scene(f"flow-{flow.number:03d}", title, caption(host, flow) + also, frames, (*edges(lanes, frames), *ways), world,
                 TWO_LANES if len(lanes) > 1 else ONE_LANE)


def _numbers(flows: Sequence[int]) -> str:
    """`Flow 3`, `Flows 3, 7 and 12`, `Flows 3, 7, 12, 13 and 40 more`."""
    if len(flows) == 1:
        return f"Flow {flows[0]}"
    shown, more = (flows[:-1], str(flows[-1])) if len(flows) <= 6 else (flows[:5], f"{len(flows) - 5:,} more")
    return f"Flows {', '.join(map(str, shown))} and {more}"


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
    text = f"{total:,} packets like this one" if first == total else f"{total:,} packets: {first:,} like this one"
    if len(uses) > 1:
        later = uses[1].path
        by_conntrack = any(isinstance(step, Rewritten) and step.by == "conntrack" for step in later.steps)
        tail = ("rewritten by conntrack without asking the nat rules" if by_conntrack and later.verdict is uses[0].path.verdict
                else f"{later.verdict.value}, {later.state or 'untracked'}")
        text += f", {total - first:,} more ({tail})"
    start = lane.cards[0]
    return replace(lane, cards=(replace(start, node=replace(start.node, rows=(*start.node.rows, Row(text, Kind.DIM)))), *lane.cards[1:]))


def _world(flow: Flow, lanes: Sequence[Lane], frames: Sequence[Cluster]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Who stands outside of what was captured, above and below, for both directions."""
    nodes: list[Node] = []
    ways: list[Edge] = []
    first = flow.first.steps[0]
    way = lanes[0].way()
    back = lanes[1].way() if len(lanes) > 1 else []
    if isinstance(first, Received) and not first.local and len(way[0].rows) and way[0].gloss.startswith("arrives"):
        nodes.append(Node("top", Look.WORLD, rows=(Row(str(flow.first.start.src), Kind.STRONG), Row(f"outside, beyond {first.interface}", Kind.DIM))))
        ways.append(Edge("top", way[0].id, Line.ORIGINAL, via=beside(frames, way[0].id, below=False)))
        if back and flow.reply[0].path.verdict is Verdict.FORWARDED:
            ways.append(Edge(back[-1].id, "top", Line.REPLY, via=beside(frames, back[-1].id, below=False)[::-1]))
        elif back:
            ways.append(Edge("top", back[-1].id, Line.HIDDEN))
    if flow.verdict is Verdict.FORWARDED:
        end = flow.first.end
        nodes.append(Node("bottom", Look.WORLD, rows=(Row(str(end.packet.dst), Kind.STRONG), Row(f"outside, beyond {end.interface}", Kind.DIM))))
        ways.append(Edge(way[-1].id, "bottom", Line.ORIGINAL, via=beside(frames, way[-1].id, below=True)))
        if back and back[0].gloss.startswith("arrives"):
            ways.append(Edge("bottom", back[0].id, Line.REPLY, via=beside(frames, back[0].id, below=True)[::-1]))
        elif back:
            ways.append(Edge(back[0].id, "bottom", Line.HIDDEN))
    return tuple(nodes), tuple(ways)
