"""`-m pkttype`: whom the frame was addressed to."""

from ..case import Case

CASES = r"""
-m pkttype --pkt-type unicast ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m pkttype --pkt-type broadcast ; tcp 10.0.0.1:1000 > 10.0.0.2:80 frame=broadcast ; YES
-m pkttype ! --pkt-type multicast ; tcp 10.0.0.1:1000 > 10.0.0.2:80 frame=multicast ; NO packet type is multicast
-m pkttype --pkt-type broadcast ; tcp 10.0.0.1:1000 > 10.0.0.2:80 frame=multicast ; NO
-m pkttype --pkt-type square ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
