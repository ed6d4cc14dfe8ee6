"""Why a flow did not match the rule at which it parts from another."""

import pytest

from tests.visualize.draw.pictured import flow, sample
from visualize.draw.compare import Missed, compared
from visualize.whynot import missed


@pytest.mark.parametrize(("name", "works", "fails", "expected"), [
    ("default-bridge", 40005, 40006, Missed(1, "nat PREROUTING rule 1", "172.17.0.3 is UNICAST")),
    ("default-bridge", 40005, 40007, Missed(1, "nat DOCKER rule 2", "destination port is 8099")),
    ("default-bridge", 40007, 40005, Missed(0, "nat DOCKER rule 2", "destination port is 8099")),
    ("docker-user", 40002, 40003, Missed(1, "nat DOCKER rule 4", "destination port is 8082")),
    ("user-networks", 40001, 40002, None)])  # they part at a route
def test_the_rule_is_asked_again(name: str, works: int, fails: int, expected: Missed | None) -> None:
    """Whichever of the two flows missed it; nothing where no rule parts them."""
    assert missed(sample(name)[0], flow(name, works), flow(name, fails), {}) == expected


def test_it_is_told_in_one_sentence() -> None:
    """Rule, both flows, the reason."""
    one, two = flow("default-bridge", 40005), flow("default-bridge", 40007)
    assert compared(one, two, missed(sample("default-bridge")[0], one, two, {})) == (
        "They go the same way until nat DOCKER rule 2, which flow 9 matches and flow 11 does not: its destination port is 8099.")


def test_every_two_flows_can_be_asked_about() -> None:
    """No question fails, and no reason is empty."""
    host, flows = sample("docker-user")
    for one in flows:
        for two in flows:
            told = missed(host, one, two, {})
            assert told is None or (told.why and told.rule)
