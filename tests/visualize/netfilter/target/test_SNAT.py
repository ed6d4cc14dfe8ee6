"""`-j SNAT`: asks for another source."""

from ..case import Case

CASES = r"""
-j SNAT --to-source 192.0.2.1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT SNAT(source) 192.0.2.1-192.0.2.1
-p tcp -j SNAT --to-source 192.0.2.1-192.0.2.4:1024-2048 --random-fully ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT SNAT(source) 192.0.2.1-192.0.2.4 ports=1024-2048 random_fully
-j SNAT --to-source fd16:9254:7127:1337:ffff:ffff:ffff:ffff ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT SNAT(source) fd16:9254:7127:1337:ffff:ffff:ffff:ffff-fd16:9254:7127:1337:ffff:ffff:ffff:ffff
-j SNAT --to-destination 192.0.2.1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR option --to-destination is not known
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
