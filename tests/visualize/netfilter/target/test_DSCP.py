"""`-j DSCP`: sets six bits."""

from ..case import Case

CASES = r"""
-j DSCP --set-dscp 0x2e ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=1 ; CONTINUE DSCP tos=185
-j DSCP --set-dscp-class CS1 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 tos=3 ; CONTINUE DSCP tos=35
-j DSCP ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
