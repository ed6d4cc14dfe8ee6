"""`-m quota`: what is left of it."""

from ..case import Case

CASES = r"""
-m quota --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=40 ; ASSUMED yes how much of it was left is not known
-m quota ! --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=40 ; ASSUMED no
-m quota --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=1000 fresh= ; YES
-m quota --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=1001 fresh= ; NO the quota is used up
-m quota ! --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=1001 fresh= ; YES
-m quota --quota 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=40 ; NO
-m quota --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN the capture lacks the packet's length
-m quota --goat x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
