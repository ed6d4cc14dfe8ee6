"""`-m mark`: the mark of the packet."""

from ..case import Case

CASES = r"""
-m mark --mark 0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=1 ; YES
-m mark --mark 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=3 ; NO mark is 0x3
-m mark --mark 0x1/0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=3 ; YES
-m mark ! --mark 0x1/0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=3 ; NO
-m mark --mark 0x0/0xff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=0x100 ; YES
-m mark --mark 010 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=8 ; YES
# only the packet's mark is masked
-m mark --mark 0x11/0x10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=0x11 ; NO
-m mark --mark red ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR 'red' is not a number
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
