"""`-j TEE`: a clone."""

from ..case import Case

CASES = r"""
-j TEE --gateway 10.0.0.9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE begets=clone>10.0.0.9
-j TEE --gateway 2001:db8::9 --oif eth0 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; CONTINUE begets=clone>2001:db8::9
-j TEE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR --gateway is missing
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
