"""`-m tos`: the TOS byte."""

from ..case import Case

CASES = r"""
-m tos --tos 0x10/0x3f ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x10 ; YES
-m tos --tos 0x10/0x3f ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x50 ; YES
-m tos --tos 0x10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x50 ; NO TOS is 0x50
-m tos ! --tos 0x10/0x3f ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0x10 ; NO
# a name means six of the eight bits
-m tos --tos Minimize-Delay ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xd0 ; YES
-m tos --tos Loud ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
