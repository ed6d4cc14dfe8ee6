"""`-m realm`: the realm of the route."""

from ..case import Case

CASES = r"""
-m realm --realm 0x10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m realm ! --realm 0x10/0xf0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO realm is 0x10
-m realm --realm 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m realm --realm 0x10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 world=blind ; UNKNOWN
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
