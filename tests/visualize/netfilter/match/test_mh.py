"""`-m mh`: the type of a mobility header."""

from ..case import Case

CASES = r"""
-p ipv6-mh -m mh --mh-type 5:6 ; ipv6-mh 2001:db8::1 > 2001:db8::2 raw=600000000010874000000000000000000000000000000000000000000000000000000000000000003b00050000000000000000000000000000000000 ; YES
-p ipv6-mh -m mh --mh-type binding-update ; ipv6-mh 2001:db8::1 > 2001:db8::2 raw=600000000010874000000000000000000000000000000000000000000000000000000000000000003b00050000000000000000000000000000000000 ; YES
-p ipv6-mh -m mh ! --mh-type 5 ; ipv6-mh 2001:db8::1 > 2001:db8::2 raw=600000000010874000000000000000000000000000000000000000000000000000000000000000003b00050000000000000000000000000000000000 ; NO mobility type is 5
-p ipv6-mh -m mh --mh-type 5 ; ipv6-mh 2001:db8::1 > 2001:db8::2 ; UNKNOWN
-p ipv6-mh -m mh --mh-type huge ; ipv6-mh 2001:db8::1 > 2001:db8::2 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
