"""`-m eui64`: an interface id made from the MAC."""

from ..case import Case

CASES = r"""
-m eui64 ; tcp [fe80::42:acff:fe11:2]:1 > [fe80::2]:2 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m eui64 ; tcp [fe80::42:acff:fe11:3]:1 > [fe80::2]:2 in=eth0 mac=02:42:ac:11:00:02 ; NO is not made from
-m eui64 ; tcp [fe80::42:acff:fe11:3]:1 > [fe80::2]:2 in=eth0 ; UNKNOWN
-m eui64 ; tcp [fe80::42:acff:fe11:3]:1 > [fe80::2]:2 in=lo ; NO
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
