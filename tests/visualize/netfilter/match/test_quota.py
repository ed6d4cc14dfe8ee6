"""`-m quota`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m quota --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN yes
-m quota ! --quota 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN how much of the quota
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
