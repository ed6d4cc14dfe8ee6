"""`-j NFQUEUE`: a process decides."""

from ..case import Case

CASES = r"""
-j NFQUEUE --queue-num 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; QUEUE UNKNOWN yes
-j NFQUEUE --queue-balance 0:3 --queue-bypass --queue-cpu-fanout ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; QUEUE UNKNOWN yes
-j NFQUEUE --queue-lunch 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
