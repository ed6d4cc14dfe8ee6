"""Folding cards."""

from visualize.draw.folding import Card, merge, without_hops, without_rounds
from visualize.draw.scene import Kind, Look, Node, Row


def card(name: str, look: Look = Look.HOP, netns: str = "host", *rows: Row) -> Card:
    """A card."""
    number = int(name)
    return Card(netns, Node(name, look, rows=rows or (Row(name),), steps=(number, number)))


def test_neighbouring_hops_of_one_place_become_one_card() -> None:
    """Their rows and steps are joined; another namespace, or something that decided, begins a new one."""
    merged = merge([card("0", Look.START), card("1"), card("2"), card("3", Look.PASS), card("4"), card("5", Look.HOP, "web"), card("6", Look.HOP, "web")])
    assert [(c.node.id, c.node.steps, len(c.node.rows)) for c in merged] == [
        ("0", (0, 0), 1), ("1", (1, 2), 2), ("3", (3, 3), 1), ("4", (4, 4), 1), ("5", (5, 6), 2)]


def test_what_conntrack_says_at_once_stands_in_the_first_card() -> None:
    """And nothing else does."""
    merged = merge([card("0", Look.START), card("1", Look.HOP, "host", Row("NEW", label="conntrack")), card("2")])
    assert [c.node.id for c in merged] == ["0", "2"]
    assert merged[0].node.rows[-1].text == "NEW"


def test_a_summary_keeps_what_the_capture_contradicts() -> None:
    """Hops are left out, but for those."""
    kept = without_hops([card("0", Look.START), card("1"), card("2", Look.HOP, "host", Row("differs", Kind.CONTRADICTED)), card("3", Look.DROPPED)])
    assert [c.node.id for c in kept] == ["0", "2", "3"]


def test_a_circle_is_followed_for_a_while() -> None:
    """Then one card stands for the rest, and the end is the end."""
    found = [card(str(n)) for n in range(60)]
    short = without_rounds(found)
    assert len(short) == 10
    assert short[-1] is found[-1]
    assert short[-2].node.rows[0].text == "and so on: 51 more boxes like these"
    assert short[-2].node.steps == (8, 58)
    assert without_rounds(found[:10]) == found[:10]
