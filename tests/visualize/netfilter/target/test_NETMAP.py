"""`-j NETMAP`: a network onto another."""

from ..case import Case

CASES = r"""
-j NETMAP --to 192.168.0.0/16 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=PREROUTING ; ACCEPT NETMAP(destination) 192.168.0.2-192.168.0.2 /16
-j NETMAP --to 192.168.7.0/24 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=POSTROUTING ; ACCEPT NETMAP(source) 192.168.7.1-192.168.7.1 /24
-j NETMAP --to 2001:db8:1::/48 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 hook=PREROUTING ; ACCEPT NETMAP(destination) 2001:db8:1::2-2001:db8:1::2 /48
-j NETMAP --to 2001:db8:1::/48 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-j NETMAP ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
