"""`-m cpu`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m cpu --cpu 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN which CPU
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
