"""`-m frag`: the fragment header."""

from ..case import Case

CASES = r"""
-m frag --fragid 7 ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; YES
-m frag ! --fragid 7 ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; NO fragment id is 7
-m frag --fragid 1:6 ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; NO
-m frag --fragfirst ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; YES
-m frag --fragfirst ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 fragment=8 ; NO not the first
-m frag --fragmore ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; YES
-m frag --fraglast ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 ; NO
-m frag --fraglast ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 fragment=8 ; YES
-m frag --fragres ; tcp 2001:db8::1 > 2001:db8::2 chain=44 id=7 more=1 raw=6000000000102c4000000000000000000000000000000000000000000000000000000000000000000600000100000007 ; YES
-m frag --fragid 7 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO there is no fragment header
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
