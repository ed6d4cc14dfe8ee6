"""`-m comment`: a note for people."""

from ..case import Case

CASES = r"""
-m comment --comment "allow ssh, really" ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m comment --note x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
