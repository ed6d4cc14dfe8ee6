"""`-m ecn`: the ECN bits."""

from ..case import Case

CASES = r"""
-p tcp -m ecn --ecn-tcp-cwr ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,CWR ; YES
-p tcp -m ecn --ecn-tcp-ece ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,CWR ; NO ECE is not set
-p tcp -m ecn ! --ecn-tcp-ece ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,CWR ; YES
-p tcp -m ecn ! --ecn-tcp-cwr ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,CWR ; NO
-m ecn --ecn-ip-ect 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xbb ; YES
-m ecn ! --ecn-ip-ect 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xb8 ; NO ECN is 0
-m ecn ! --ecn-tcp-ece ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; NO not a TCP header
-m ecn --ecn-ip-ect 4 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
