"""`-j MASQUERADE`: the outgoing address."""

from ..case import Case

CASES = r"""
-j MASQUERADE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT MASQUERADE(source)
-p tcp -j MASQUERADE --to-ports 1024-2048 --random ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT MASQUERADE(source) ports=1024-2048 random
-j MASQUERADE --random-fully ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; ACCEPT MASQUERADE(source) random_fully
-j MASQUERADE --to-source 1.2.3.4 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR option --to-source is not known
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
