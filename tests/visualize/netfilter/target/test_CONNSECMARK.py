"""`-j CONNSECMARK`: lets the walk go on."""

from ..case import Case

CASES = r"""
-j CONNSECMARK --restore ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE
-j CONNSECMARK --no-such-option ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR option --no-such-option is not known
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
