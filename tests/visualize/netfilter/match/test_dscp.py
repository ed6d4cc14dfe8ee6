"""`-m dscp`: the upper six bits of the TOS byte."""

from ..case import Case

CASES = r"""
-m dscp --dscp 0x2e ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xb8 ; YES
-m dscp --dscp-class EF ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xbb ; YES
-m dscp ! --dscp-class EF ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xb8 ; NO DSCP is 0x2e
-m dscp --dscp-class AF31 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x68 ; YES
-m dscp --dscp-class CS3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x60 ; YES
-m dscp --dscp-class BE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x60 ; NO
-m dscp --dscp 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m dscp --dscp-class ZZ ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
