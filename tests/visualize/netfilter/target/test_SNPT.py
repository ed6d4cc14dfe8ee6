"""`-j SNPT`: a prefix of the source."""

from ..case import Case

CASES = r"""
# the example of RFC 6296
-j SNPT --src-pfx fd01:203:405::/48 --dst-pfx 2001:db8:1::/48 ; tcp [fd01:203:405:1::1234]:1 > [2001:db8:ffff::1]:2 ; CONTINUE SNPT src=2001:db8:1:d550::1234
-j SNPT --src-pfx 10.0.0.0/8 --dst-pfx 2001:db8:1::/48 ; tcp [fd01::1]:1 > [2001:db8::1]:2 ; BINDERROR
-j SNPT --src-pfx fd01::/48 ; tcp [fd01::1]:1 > [2001:db8::1]:2 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
