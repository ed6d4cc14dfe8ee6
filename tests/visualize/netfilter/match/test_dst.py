"""`-m dst`: the destination options header."""

from ..case import Case

CASES = r"""
-m dst --dst-len 8 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=60 raw=6000000000103c4000000000000000000000000000000000000000000000000000000000000000000600050200000100 ; YES
-m dst --dst-opts 5:2 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=60 raw=6000000000103c4000000000000000000000000000000000000000000000000000000000000000000600050200000100 ; YES
-m dst ! --dst-len 8 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=60 raw=6000000000103c4000000000000000000000000000000000000000000000000000000000000000000600050200000100 ; NO
-m dst --dst-len 8 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO there is no dst header
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
