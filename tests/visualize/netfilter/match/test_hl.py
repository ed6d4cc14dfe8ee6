"""`-m hl`: the hop limit."""

from ..case import Case

CASES = r"""
-m hl --hl-eq 255 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=255 ; YES
-m hl ! --hl-eq 255 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=255 ; NO
-m hl --hl-lt 255 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=254 ; YES
-m hl --hl-gt 254 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=254 ; NO TTL is 254
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
