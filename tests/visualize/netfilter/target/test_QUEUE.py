"""`-j QUEUE`: a process decides."""

from ..case import Case

CASES = r"""
-j QUEUE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; QUEUE UNKNOWN yes
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
