"""`-j REDIRECT`: to this host."""

from ..case import Case

CASES = r"""
-j REDIRECT ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT REDIRECT(destination)
-p tcp -j REDIRECT --to-ports 8080 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT REDIRECT(destination) ports=8080-8080
-p tcp -j REDIRECT --to-port 8080 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT REDIRECT(destination) ports=8080-8080
-p tcp -j REDIRECT --to-ports 8080-8090 --random ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT REDIRECT(destination) ports=8080-8090 random
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
