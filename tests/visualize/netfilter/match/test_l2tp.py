"""`-m l2tp`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m l2tp --tid 42 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
