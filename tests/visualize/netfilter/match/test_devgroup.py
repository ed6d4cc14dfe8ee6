"""`-m devgroup`: the group of an interface."""

from ..case import Case

CASES = r"""
-m devgroup --src-group 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; YES
-m devgroup --src-group 0x10/0xff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; YES
-m devgroup ! --src-group 16 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; NO group of eth1 is 16
-m devgroup --dst-group 16 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 out=eth0 ; NO group of eth0 is 0
-m devgroup --src-group 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=unheard0 ; UNKNOWN the group of interface unheard0
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
