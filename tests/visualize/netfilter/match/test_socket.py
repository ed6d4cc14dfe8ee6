"""`-m socket`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m socket --transparent ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN which connections had an open socket
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
