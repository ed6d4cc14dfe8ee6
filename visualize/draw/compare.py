"""Two flows side by side, one that works and one that fails: where they first part, and in what they differed until then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from snapshot.host import Host
from visualize.draw.cards import cards
from visualize.draw.folding import Card
from visualize.draw.lanes import TWO_LANES, Lane, clusters, edges
from visualize.draw.scene import Kind, Line, Look, Node, Row, Scene
from visualize.draw.words import VERDICTS, did, rule_name
from visualize.flow import Flow
from visualize.packet.packet import Packet
from visualize.path import Bridged, Crossed, Ended, Path, PolicyApplied, Received, Rewritten, Routed, RuleMatched, Sent, Step, Tracked

_FIELDS = (("source address", "src"), ("source port", "sport"), ("destination address", "dst"), ("destination port", "dport"),
           ("protocol", "protocol_name"), ("TTL", "ttl"), ("mark", "mark"), ("TCP flags", "tcp_flags"), ("TOS", "tos"))


@dataclass(frozen=True, slots=True)
class Missed:
    """Which of two flows (0 or 1) did not match the rule at which they part, its name, and why it did not match, in words."""

    which: int
    rule: str
    why: str


def compare_scene(host: Host, first: Flow, second: Flow, detail: str = "rules", missed: Missed | None = None) -> Scene:
    """Both flows' original directions, side by side, with a mark where they first part."""
    at = parting(first.first, second.first)
    left, right = (tuple(cards(host, flow.original[0], prefix, detail)) for flow, prefix in ((first, "a"), (second, "b")))
    lanes = [Lane("a", Line.ORIGINAL, _titled(first, left)), Lane("b", Line.ORIGINAL, _titled(second, right))]
    if at:
        lanes = list(_marked(lanes, (first, second), at, missed))
    title = f"flow {first.number} ({VERDICTS[first.verdict]}) beside flow {second.number} ({VERDICTS[second.verdict]})"
    frames = clusters(host, lanes)
    name = f"compare-{first.number:03d}-{second.number:03d}"
    return Scene(name, title, compared(first, second, missed), frames, edges(lanes, frames), (), TWO_LANES)


def compared(first: Flow, second: Flow, missed: Missed | None = None) -> str:
    """Where two flows part, in words."""
    at = parting(first.first, second.first)
    if at is None:
        return f"Flow {first.number} and flow {second.number} went the same way, step by step."
    if missed is not None and at:
        flows = (first, second)
        matches, misses = flows[1 - missed.which], flows[missed.which]
        return (f"They go the same way until {missed.rule}, which flow {matches.number} matches and flow {misses.number} does not: "
                f"its {missed.why}." if missed.why.startswith(("source", "destination")) else
                f"They go the same way until {missed.rule}, which flow {matches.number} matches and flow {misses.number} does not ({missed.why}).")
    differ = _differences(first.first.start, second.first.start)
    why = f" Their packets differ in {', '.join(differ)}." if differ else " Their packets are alike; what was known of their connections differs."
    if at == 0:
        return f"They begin in different places.{why}"
    one, two = (_met(f.first.steps[min(at, len(f.first.steps) - 1)]) for f in (first, second))
    return f"They go the same way until flow {first.number} meets {one}, and flow {second.number} {two}.{why}"


def _met(step: Step) -> str:
    """A step as what a packet meets, within a sentence."""
    if isinstance(step, Ended):
        return f"its end ({step.why})"
    what, _, made = _told(step).partition(": ")
    return f"{what} ({made})" if made else what


def parting(first: Path, second: Path) -> int | None:
    """The index of the first step in which two paths differ, whatever their addresses; None where there is none."""
    for index, (one, two) in enumerate(zip(first.steps, second.steps, strict=False)):
        if same_step(one) != same_step(two):
            return index
    return None if len(first.steps) == len(second.steps) else min(len(first.steps), len(second.steps))


def same_step(step: Step) -> tuple[Any, ...]:
    """What makes two steps the same."""
    match step:
        case RuleMatched():
            what: tuple[Any, ...] = (step.hook, step.file, step.line)
        case PolicyApplied():
            what = (step.hook, step.table, step.chain, step.verdict)
        case Tracked():
            what = (step.state, step.role)
        case Rewritten():
            what = (step.hook, step.kind, step.by)
        case Routed():
            what = (step.table, step.route, step.type, step.out)
        case Bridged():
            what = (step.bridge, step.port)
        case Received() | Sent() | Crossed():
            what = (step.interface,)
        case Ended():
            what = (step.verdict, step.interface, step.at)
        case _:
            what = ()
    return (type(step).__name__, step.netns, *what)


def _told(step: Step) -> str:
    """A step in a few words."""
    match step:
        case RuleMatched():
            return f"{rule_name(step)}: {did(step)}"
        case PolicyApplied():
            return f"{step.table} {step.chain} policy: {step.verdict}"
        case Tracked():
            return f"conntrack: {step.state}"
        case Rewritten():
            return f"{step.kind} by {step.by}"
        case Routed():
            return f"route {step.route}" if step.route else "no route"
        case Bridged():
            return f"bridge {step.bridge}: " + (f"to port {step.port}" if step.port else "up to the host")
        case Received():
            return f"arrives at {step.interface}" if step.interface else f"sent by {step.netns}"
        case Sent():
            return f"out by {step.interface}"
        case Crossed():
            return f"into {step.netns} by {step.interface}"
        case Ended():
            return step.why
        case _:
            return type(step).__name__.lower()


def _differences(one: Packet, two: Packet) -> list[str]:
    """The header fields in which two packets differ, with both values."""
    values = [(name, getattr(one, field), getattr(two, field)) for name, field in _FIELDS]
    found = [f"{name} ({mine}, {other})" for name, mine, other in values if mine != other and mine is not None and other is not None]
    return [text for text in found if not text.startswith("source port")] or found


def _titled(flow: Flow, found: Sequence[Card]) -> tuple[Card, ...]:
    """The first card tells which flow this is."""
    start = found[0].node
    return (replace(found[0], node=replace(start, title=f"flow {flow.number}", gloss=f"{start.title}, {start.gloss}")), *found[1:])


def _marked(lanes: Sequence[Lane], flows: tuple[Flow, Flow], at: int, missed: Missed | None) -> tuple[Lane, Lane]:
    """A card in both lanes before the first card in which they differ; the cards above it are as many in both."""
    count = max(1, min(_common(lanes[0].cards, at), _common(lanes[1].cards, at)))
    found = []
    for which, (lane, flow) in enumerate(zip(lanes, flows, strict=True)):
        step = flow.first.steps[min(at, len(flow.first.steps) - 1)]
        rule = f"{step.file}:{step.line}" if isinstance(step, RuleMatched) else ""
        rows = [Row(_told(step), Kind.STRONG, rule=rule)] + ([Row(step.text, Kind.CODE, rule=rule)] if isinstance(step, RuleMatched) else [])
        if missed is not None and missed.which == which:
            rows.insert(0, Row(f"does not match {missed.rule}: {missed.why}"))
        netns = lane.cards[count].netns if count < len(lane.cards) else lane.cards[-1].netns
        shared = lane.cards[count - 1].netns if count else netns
        mark = Card(shared, Node(f"{lane.prefix}parting", Look.PARTING, "Here they part", "", tuple(rows), tip="the first difference",
                                 lane=lane.prefix))
        found.append(replace(lane, cards=(*lane.cards[:count], mark, *lane.cards[count:])))
    return found[0], found[1]


def _common(found: Sequence[Card], at: int) -> int:
    """How many cards end before this step."""
    return next((n for n, card in enumerate(found) if card.node.steps is None or card.node.steps[1] >= at), len(found))


