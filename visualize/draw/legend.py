"""What the marks of a picture mean: only those that it holds."""

from dataclasses import dataclass

from visualize.draw.scene import Kind, Line, Look, Scene


@dataclass(frozen=True, slots=True)
class Item:
    """A mark and its meaning, in the colours of a card, a row or a line."""

    mark: str
    text: str
    look: Look | None = None
    kind: Kind | None = None
    line: Line | None = None


_LINES = {Line.ORIGINAL: ("▼", "the packet's way"), Line.REPLY: ("▲", "the reply's way (hollow arrow)")}
_LOOKS = {Look.REWRITE: ("↔", "headers rewritten"), Look.PASS: ("√", "a rule decided; it went on"), Look.DELIVERED: ("■", "delivered"),
          Look.FORWARDED: ("►", "left the host"), Look.DROPPED: ("×", "dropped, rejected or looped"), Look.UNKNOWN: ("?", "end not known")}
_KINDS = {Kind.SEEN: ("●", "seen in the capture"), Kind.NOT_SEEN: ("○", "predicted, but not seen"),
          Kind.CONTRADICTED: ("!", "the capture contradicts"), Kind.DOUBT: ("?", "not certain (dashed)")}


def legend(scene: Scene) -> tuple[Item, ...]:
    """The items for this picture; none for a map, whose cards bear their own words."""
    if scene.wide:
        return ()
    nodes = list(scene.all_nodes())
    looks, kinds, lines = {n.look for n in nodes}, {row.kind for n in nodes for row in n.rows}, {edge.line for edge in scene.edges}
    found = [Item(mark, text, line=line) for line, (mark, text) in _LINES.items() if line in lines]
    found += [Item(mark, text, look=look) for look, (mark, text) in _LOOKS.items() if look in looks]
    found += [Item(mark, text, kind=kind) for kind, (mark, text) in _KINDS.items() if kind in kinds]
    return tuple(found)
