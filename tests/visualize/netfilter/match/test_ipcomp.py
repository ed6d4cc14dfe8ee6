"""`-m ipcomp`: the CPI."""

from ..case import Case

CASES = r"""
-p ipcomp -m ipcomp --ipcompspi 0x12 ; ipcomp 10.0.0.1 > 10.0.0.2 raw=450000000000000000000000000000000000000006000012 ; YES
-p ipcomp -m ipcomp ! --ipcompspi 18 ; ipcomp 10.0.0.1 > 10.0.0.2 raw=450000000000000000000000000000000000000006000012 ; NO CPI is 18
-p ipcomp -m ipcomp --ipcompspi 0x12 ; ipcomp 10.0.0.1 > 10.0.0.2 ; UNKNOWN
-m ipcomp --ipcompspi 0x12 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO not an IPComp header
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
