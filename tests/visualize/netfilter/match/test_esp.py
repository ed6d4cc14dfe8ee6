"""`-m esp`: the SPI."""

from ..case import Case

CASES = r"""
-p esp -m esp --espspi 256:512 ; esp 10.0.0.1 > 10.0.0.2 raw=45000000000000000000000000000000000000000000010100000000000000000000000000000000 ; YES
-p esp -m esp --espspi 1 ; esp 10.0.0.1 > 10.0.0.2 raw=45000000000000000000000000000000000000000000010100000000000000000000000000000000 ; NO SPI is 257
-p esp -m esp ! --espspi 1 ; esp 10.0.0.1 > 10.0.0.2 raw=45000000000000000000000000000000000000000000010100000000000000000000000000000000 ; YES
-p esp -m esp --espspi 1 ; esp 10.0.0.1 > 10.0.0.2 ; UNKNOWN the capture lacks the esp header
-p esp -m esp ! --espspi 1 ; esp 10.0.0.1 > 10.0.0.2 fragment=8 ; NO
-m esp --espspi 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO protocol is tcp
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
