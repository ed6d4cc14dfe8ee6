"""`-m ipv6header`: which extension headers there are."""

from ..case import Case

CASES = r"""
-m ipv6header --header hop-by-hop,protocol --soft ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=0 ; YES
-m ipv6header --header hop-by-hop --soft ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO headers are [255]
-m ipv6header ! --header frag --soft ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; YES
-m ipv6header ! --header prot --soft ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO
-m ipv6header --header hop,prot ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=0,60 ; NO
-m ipv6header --header hop,dst,prot ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 chain=0,60 ; YES
-m ipv6header ! --header prot ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO
-m ipv6header --header esp ; esp 2001:db8::1 > 2001:db8::2 ; YES
-m ipv6header --header none ; ipv6-nonxt 2001:db8::1 > 2001:db8::2 ; YES
-m ipv6header --header nosuch ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
