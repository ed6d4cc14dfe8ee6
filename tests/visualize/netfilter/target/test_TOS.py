"""`-j TOS`: changes the TOS byte."""

from ..case import Case

CASES = r"""
-j TOS --set-tos 0x10/0x3f ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc8 ; CONTINUE TOS tos=208
-j TOS --set-tos 0x10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc8 ; CONTINUE TOS tos=16
-j TOS --set-tos Maximize-Throughput ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc0 ; CONTINUE TOS tos=200
-j TOS --and-tos 0x0f ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc8 ; CONTINUE TOS tos=8
-j TOS --or-tos 0x01 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc8 ; CONTINUE TOS tos=201
-j TOS --xor-tos 0x0c ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xc8 ; CONTINUE TOS tos=196
-j TOS ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
