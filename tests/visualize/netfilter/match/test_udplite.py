"""`-m udplite`: ports."""

from ..case import Case

CASES = r"""
-p udplite -m udplite --dport 53 ; udplite 10.0.0.1:1000 > 10.0.0.2:53 ; YES
-p udplite -m udplite ! --dport 53 ; udplite 10.0.0.1:1000 > 10.0.0.2:53 ; NO
-m udplite --dport 53 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; NO protocol is udp
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
