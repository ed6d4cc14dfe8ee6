"""`-m limit`: a token bucket."""

from ..case import Case

CASES = r"""
-m limit --limit 3/min --limit-burst 10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes assumed to be under 3/min
-m limit ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes 3/hour
-m limit --limit-colour 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
