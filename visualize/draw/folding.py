"""Folding cards: neighbouring hops become one, and a summary leaves them out."""

from dataclasses import dataclass, replace

from visualize.draw.scene import Kind, Look, Node, Row

_LONG = 10  # cards of a circle that are drawn


@dataclass(frozen=True, slots=True)
class Card:
    """A node and the namespace that it stands in."""

    netns: str
    node: Node


def merge(found: list[Card]) -> list[Card]:
    """Neighbouring hops of one namespace become one card; what conntrack said at once goes to the start's."""
    merged: list[Card] = []
    for card in found:
        last = merged[-1] if merged else None
        if last is not None and last.netns == card.netns and card.node.look is Look.HOP:
            conntrack = all(row.label == "conntrack" for row in card.node.rows)
            if last.node.look is Look.HOP or (last.node.look is Look.START and conntrack):
                merged[-1] = replace(last, node=replace(last.node, rows=last.node.rows + card.node.rows, steps=_span(last.node, card.node),
                                                             doubtful=last.node.doubtful or card.node.doubtful))
                continue
        merged.append(card)
    return merged


def _span(first: Node, second: Node) -> tuple[int, int] | None:
    return (first.steps[0], second.steps[1]) if first.steps is not None and second.steps is not None else first.steps


def without_rounds(found: list[Card]) -> list[Card]:
    """A packet that goes round in a circle is followed for a while; the many rounds after that are one card, before its end."""
    if len(found) <= _LONG:
        return found
    left_out = found[_LONG - 2:-1]
    first, last = left_out[0].node, left_out[-1].node
    told = Node(f"{first.id}more", Look.HOP, rows=(Row(f"and so on: {len(left_out)} more boxes like these", Kind.DIM),),
                tip="the same again and again", steps=(first.steps[0], last.steps[1]) if first.steps and last.steps else None)
    return [*found[:_LONG - 2], Card(found[-1].netns, told), found[-1]]


def without_hops(found: list[Card]) -> list[Card]:
    """A summary leaves hops out, but for what the capture contradicts."""
    def speaks(node: Node) -> bool:
        return node.look is not Look.HOP or any(row.kind is Kind.CONTRADICTED for row in node.rows)
    return [card for card in found if speaks(card.node)]
