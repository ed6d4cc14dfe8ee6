"""`-j ECN`: the ECN bits."""

from ..case import Case

CASES = r"""
-p tcp -j ECN --ecn-tcp-remove ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,ECE,CWR ; CONTINUE ECN tcp_flags=2
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-tcp-ece 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,ECE ; CONTINUE ECN tcp_flags=130
-j ECN --ecn-ip-ect 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 tos=0xbb ; CONTINUE ECN tos=185
-p tcp -j ECN --ecn-tcp-remove ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; CONTINUE ECN
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
