"""`-m connmark`: the mark of the connection."""

from ..case import Case

CASES = r"""
-m connmark --mark 0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=1 ; YES
-m connmark --mark 0x1/0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=3 ; YES
-m connmark ! --mark 0x1/0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=3 ; NO the connection's mark is 0x3
-m connmark ! --mark 0x0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO
-m connmark --mark 0x0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; NO no connection
-m connmark ! --mark 0x0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; NO no connection
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
