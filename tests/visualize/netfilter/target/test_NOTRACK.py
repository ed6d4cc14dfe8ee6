"""`-j NOTRACK`: no tracking."""

from ..case import Case

CASES = r"""
-j NOTRACK ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=PREROUTING ; CONTINUE notrack
-j NOTRACK ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; CONTINUE
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
