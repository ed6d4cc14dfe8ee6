"""`-j HL`: the hop limit."""

from ..case import Case

CASES = r"""
-j HL --hl-set 64 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=3 ; CONTINUE HL ttl=64
-j HL --hl-dec 1 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ttl=3 ; CONTINUE HL ttl=2
-j HL --ttl-dec 1 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
