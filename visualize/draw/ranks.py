"""Which cards of two lanes stand on one height, so that the picture is as low as can be."""

from collections.abc import Sequence
from math import ceil

from visualize.draw.measure import width
from visualize.draw.scene import Kind, Node

_GAP = 30.0  # points between two cards


def height(node: Node, room: float) -> float:
    """About how high a card is, in points."""
    total = 22.0 if node.title else 6.0
    for row in node.rows:
        size, mono = (9, True) if row.kind is Kind.CODE else (10, False)
        space = room - 70 if row.label else room
        total += 12 * max(1, ceil(width(row.text, size, False, mono) / space)) + (12 if row.old else 0) + 4
    return total


def pair(left: Sequence[Node], right: Sequence[Node], room: float) -> list[tuple[Node | None, Node | None]]:
    """The levels from top to bottom: one card of either lane, or one of each. Both lanes keep their order; the total height is least."""
    a, b = [height(n, room) + _GAP for n in left], [height(n, room) + _GAP for n in right]
    best: list[list[float]] = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        best[i][len(b)] = a[i] + best[i + 1][len(b)]
    for j in range(len(b) - 1, -1, -1):
        best[len(a)][j] = b[j] + best[len(a)][j + 1]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = min(max(a[i], b[j]) + best[i + 1][j + 1], a[i] + best[i + 1][j], b[j] + best[i][j + 1])
    levels: list[tuple[Node | None, Node | None]] = []
    i = j = 0
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and best[i][j] == max(a[i], b[j]) + best[i + 1][j + 1]:
            levels.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif i < len(a) and best[i][j] == a[i] + best[i + 1][j]:
            levels.append((left[i], None))
            i += 1
        else:
            levels.append((None, right[j]))
            j += 1
    return levels
