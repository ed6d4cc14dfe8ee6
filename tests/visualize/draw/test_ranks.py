"""Two lanes side by side: order is kept, and the picture is as low as can be."""

from itertools import product

from visualize.draw.ranks import height, pair
from visualize.draw.scene import Look, Node, Row


def card(name: str, rows: int) -> Node:
    """A card of so many rows."""
    return Node(name, Look.PASS, name, rows=tuple(Row("x") for _ in range(rows)))


def total(levels: list[tuple[Node | None, Node | None]]) -> float:
    """The height of the picture."""
    return sum(max(height(n, 236) + 30 for n in level if n is not None) for level in levels)


def test_both_lanes_keep_their_order_and_every_card_stands_once() -> None:
    """Whatever the heights."""
    for left_rows, right_rows in product([(), (1,), (5, 1, 1), (1, 9, 2, 4)], repeat=2):
        left, right = [card(f"l{n}", r) for n, r in enumerate(left_rows)], [card(f"r{n}", r) for n, r in enumerate(right_rows)]
        levels = pair(left, right, 236)
        assert [a for a, _ in levels if a] == left
        assert [b for _, b in levels if b] == right


def test_cards_of_like_height_stand_beside_each_other() -> None:
    """A large card beside the large one: lower than card by card from the top."""
    left, right = [card("small", 1), card("large", 9)], [card("Large", 9)]
    levels = pair(left, right, 236)
    assert [(a.id if a else "", b.id if b else "") for a, b in levels] == [("small", ""), ("large", "Large")]
    assert total(levels) < total([(left[0], right[0]), (left[1], None)])
