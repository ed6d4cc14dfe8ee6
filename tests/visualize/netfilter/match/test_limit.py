"""`-m limit`: a token bucket."""

from ..case import Case, answers

CASES = r"""
-m limit --limit 3/min --limit-burst 10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes assumed to be under 3/min
-m limit ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes 3/hour
-m limit ; tcp 10.0.0.1:1000 > 10.0.0.2:80 fresh= ; YES
-m limit --limit 3/fortnight ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m limit --limit-colour 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()


def test_a_bucket_just_loaded_is_counted_exactly() -> None:
    """A burst passes, then one packet for each interval; how often it is asked changes nothing."""
    assert answers("-m limit --limit 1/sec --limit-burst 3", [0, 0.1, 0.2, 0.3, 0.4, 0.9, 1.5, 1.6, 2.5]) == "YYYNNNYNY"
    assert answers("-m limit --limit 3/hour", [0.1 * n for n in range(8)]) == "YYYYYNNN"


def test_what_a_jiffy_could_turn_is_not_certain() -> None:
    """At a bucket's brink the kernel's clock decides, and a capture's does not show it."""
    assert answers("-m limit --limit 1/sec --limit-burst 1", [0, 1.001])[1] == "y"
    assert answers("-m limit --limit 1/sec --limit-burst 1", [0, 1.1]) == "YY"


def test_an_unknown_bucket_is_full_after_a_while() -> None:
    """Burst times interval after the capture's start, a bucket is full whatever it held."""
    assert answers("-m limit --limit 1/sec --limit-burst 5", [0.5], fresh=False, start=0) == "y"
    assert answers("-m limit --limit 1/sec --limit-burst 5", [6, 6, 6, 6, 6, 6], fresh=False, start=0) == "YYYYYN"
