"""`-j SYNPROXY`: handshakes."""

from ..case import Case

CASES = r"""
-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; STOLEN UNKNOWN yes
-p tcp -j SYNPROXY --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=ACK,PSH ; STOLEN UNKNOWN yes
-p tcp -j SYNPROXY --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=RST ; CONTINUE
-p tcp -j SYNPROXY --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,ACK ; CONTINUE
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
