"""Rows of cards, and which card a doubt belongs to."""

import pytest

from visualize.draw.rows import concerns, header_rows
from visualize.draw.scene import Look, Node, Row
from visualize.path import Doubt

from .pictured import flow


@pytest.mark.parametrize(("at", "node", "belongs"), [
    ("capture", Node("a", Look.START), True),
    ("capture", Node("a", Look.HOP), False),
    ("routing", Node("a", Look.HOP, rows=(Row("out by eth0", label="route"),)), True),
    ("bridge br0", Node("a", Look.HOP, rows=(Row("to port", label="br0"),)), True),
    ("bridge br0", Node("a", Look.HOP, rows=(Row("to port", label="br1"),)), False),
    ("conntrack PREROUTING", Node("a", Look.START, rows=(Row("NEW", label="conntrack"),)), True),
    ("filter FORWARD 3", Node("a", Look.PASS, "FORWARD: ACCEPT", rows=(Row("filter FORWARD rule 3: ACCEPT"),)), True),
    ("filter FORWARD 3", Node("a", Look.PASS, "FORWARD: ACCEPT", rows=(Row("filter FORWARD rule 30: ACCEPT"),)), False),
    ("nat OUTPUT", Node("a", Look.HOP, rows=(Row("no rule decided", label="OUTPUT"),)), True),
    ("nat OUTPUT", Node("a", Look.PASS, "OUTPUT: ACCEPT"), True),
    ("somewhere else entirely so", Node("a", Look.HOP), False)])
def test_a_doubt_stands_where_it_concerns(at: str, node: Node, belongs: bool) -> None:
    """By the place that it names."""
    assert concerns(Doubt(at, "why", "no"), node) is belongs


def test_a_header_shows_what_changed() -> None:
    """Only the side that differs bears its old value; IPv6 addresses with ports have brackets."""
    path = flow("default-bridge", 40005).first
    source, destination = header_rows(path.end.packet, path.start)
    assert (source.text, source.old) == ("203.0.113.50:40005", "")
    assert (destination.text, destination.old) == ("172.17.0.2:80", "203.0.113.10:8080")
