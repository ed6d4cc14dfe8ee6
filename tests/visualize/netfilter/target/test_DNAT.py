"""`-j DNAT`: asks for another destination."""

from ..case import Case

CASES = r"""
-p tcp -j DNAT --to-destination 172.17.0.2:80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 172.17.0.2-172.17.0.2 ports=80-80
-j DNAT --to-destination 172.17.0.2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 172.17.0.2-172.17.0.2
-j DNAT --to-destination 172.17.0.2-172.17.0.9 --random --persistent ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 172.17.0.2-172.17.0.9 random persistent
-p tcp -j DNAT --to-destination 172.17.0.2-172.17.0.9:80-90 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 172.17.0.2-172.17.0.9 ports=80-90
-p tcp -j DNAT --to-destination 172.17.0.2:80-90/8000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 172.17.0.2-172.17.0.2 ports=80-90 base=8000
-p tcp -j DNAT --to-destination :8080 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) ports=8080-8080
-p tcp -j DNAT --to-destination [2001:db8::5]:80 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT DNAT(destination) 2001:db8::5-2001:db8::5 ports=80-80
-j DNAT --to-destination 2001:db8::5 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT DNAT(destination) 2001:db8::5-2001:db8::5
-j DNAT --to-destination 2001:db8::5-2001:db8::9 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT DNAT(destination) 2001:db8::5-2001:db8::9
-p tcp -j DNAT --to-destination [2001:db8::5-2001:db8::9]:80-90 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT DNAT(destination) 2001:db8::5-2001:db8::9 ports=80-90
-j DNAT --to-destination 10.0.0.7 --to-destination 10.0.0.8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT DNAT(destination) 10.0.0.7-10.0.0.7 UNKNOWN
-j DNAT --to-destination 2001:db8::5 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR is of the other family
-j DNAT --to-destination here ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR 'here' is not an address
-j DNAT ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR --to-destination is missing
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
