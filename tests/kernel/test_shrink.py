"""Failing cases are made small: nothing that the failure does not need stays, and what is left still makes sense."""

from dataclasses import replace

from .case import Case, Move
from .rulesets import random_case
from .shrink import shrink, without_moves


def test_what_answers_a_dropped_move_goes_too() -> None:
    """Moves refer to earlier ones by number: those that answer what is gone go, and the others are numbered anew."""
    moves = (Move("send", dport=1), Move("send", dport=2), Move("reply", of=0), Move("reply", of=1), Move("follow", of=3))
    kept = without_moves(Case("x", moves=moves), [0]).moves
    assert [move.kind for move in kept] == ["send", "reply", "follow"]
    assert [move.of for move in kept] == [-1, 0, 1]


def test_the_smallest_case_that_fails_is_found() -> None:
    """Of sixty moves and a whole ruleset two moves and one rule are left, where the failure needs no more."""
    case = random_case("policy", 5, 60)
    mark = "-A FORWARD -p udp -m udp --dport 4242 -j DROP\n"
    rules = {backend: text.replace("COMMIT\n", mark + "COMMIT\n", 1) for backend, text in case.rules.items()}
    last = len(case.moves)
    case = replace(case, rules=rules, moves=(*case.moves, Move("send", dport=4242), Move("reply", of=last)))

    def fails(smaller: Case) -> bool:
        answered = any(move.kind == "reply" and smaller.moves[move.of].dport == 4242 for move in smaller.moves)
        return answered and any(mark in text for text in smaller.rules.values())

    small = shrink(case, fails)
    assert fails(small)
    assert len(small.moves) == 2
    assert sum(line.startswith("-A") for text in small.rules.values() for line in text.splitlines()) == 1
    assert not small.setup
    assert not small.sysctl
    assert not small.ipset
