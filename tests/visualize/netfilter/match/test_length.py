"""`-m length`: the length of the packet."""

from ..case import Case

CASES = r"""
-m length --length 40:60 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=60 ; YES
-m length --length 40:59 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=60 ; NO length is 60
-m length ! --length 60 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=60 ; NO
-m length --length 60: ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=1500 ; YES
-m length --length :59 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 length=60 ; NO
-m length --length 60 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN the packet's length
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
