"""`-m iprange`: addresses between two."""

from ..case import Case

CASES = r"""
-m iprange --src-range 10.0.0.1-10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m iprange --src-range 10.0.0.2-10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO source is 10.0.0.1
-m iprange ! --src-range 10.0.0.1-10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m iprange --dst-range 10.0.0.0-10.0.0.2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m iprange --src-range 10.0.0.1-10.0.0.9 --dst-range 10.0.0.3-10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO destination is 10.0.0.2
-m iprange --dst-range 10.0.0.2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m iprange --src-range 2001:db8::-2001:db8::ff ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; YES
-m iprange --src-range 10.0.0.x-10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
