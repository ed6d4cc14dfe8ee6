"""What a walk through one hook comes to."""

import pytest

from visualize.draw.rules import fold
from visualize.packet.packet import Packet
from visualize.path import PolicyApplied, RuleMatched

from .pictured import flow

PACKET: Packet = flow("default-bridge", 40005).first.start


def walk(text: str) -> list[RuleMatched | PolicyApplied]:
    """`FORWARD 1 JUMP A` a step; `FORWARD policy DROP` a policy; separated by `;`."""
    steps: list[RuleMatched | PolicyApplied] = []
    for line in text.split(";"):
        chain, number, verdict, *target = line.split()
        if number == "policy":
            steps.append(PolicyApplied("host", PACKET, "FORWARD", "ip", "nft", "filter", chain, verdict))
        else:
            to = target[0] if target else ""
            steps.append(RuleMatched("host", PACKET, "FORWARD", "ip", "nft", "filter", chain, int(number), "f", int(number), "-A", to, verdict))
    return steps


@pytest.mark.parametrize(("text", "kept", "idle", "accepted"), [
    # a chain that was left again with nothing decided is idle; the jump to the one that decided is kept
    ("F 1 JUMP A; A 1 RETURN; F 2 JUMP B; B 3 ACCEPT ACCEPT", ["F2", "B3"], ["A"], []),
    # left by its end, without a RETURN rule: the next step is the caller's
    ("F 1 JUMP A; F 2 JUMP B; F policy DROP", ["Fpolicy"], ["A", "B"], []),
    # nested: both jumps lead to what decided
    ("F 1 JUMP A; A 1 JUMP B; B 1 DROP DROP", ["F1", "A1", "B1"], [], []),
    # nested and idle: both are told
    ("F 1 JUMP A; A 1 JUMP B; B 2 RETURN; A 2 RETURN; F policy ACCEPT", [], ["A", "B"], ["filter F"]),
    # a rule that changes something matters; one that only counts does not
    ("F 1 CONTINUE LOG; F 2 CONTINUE; F policy ACCEPT", ["F1"], [], ["filter F"]),
    # goto counts as a way there
    ("F 1 GOTO A; A 1 ACCEPT ACCEPT", ["F1", "A1"], [], []),
    # the same chain twice: once in vain, once not
    ("F 1 JUMP A; A 1 RETURN; F 2 JUMP A; A 2 DROP DROP", ["F2", "A2"], ["A"], [])])
def test_folding(text: str, kept: list[str], idle: list[str], accepted: list[str]) -> None:
    """What decided and what led there is kept, in order; the rest is named."""
    told = fold(walk(text))
    assert [f"{s.chain}{s.rule}" if isinstance(s, RuleMatched) else f"{s.chain}policy" for s in told.kept] == kept
    assert list(told.idle) == idle
    assert list(told.accepted) == accepted
