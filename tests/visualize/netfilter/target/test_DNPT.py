"""`-j DNPT`: a prefix of the destination."""

from ..case import Case

CASES = r"""
# the example of RFC 6296, back again
-j DNPT --src-pfx 2001:db8:1::/48 --dst-pfx fd01:203:405::/48 ; tcp [2001:db8:ffff::1]:1 > [2001:db8:1:d550::1234]:2 ; CONTINUE DNPT dst=fd01:203:405:1::1234
-j DNPT --src-pfx fd00:1:1:1::/64 --dst-pfx fd00:2:2:2::/64 ; tcp [2001:db8::1]:1 > [fd00:1:1:1:ffff:ffff:ffff:ffff]:2 ; DROP
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
