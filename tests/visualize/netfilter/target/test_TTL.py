"""`-j TTL`: the time to live."""

from ..case import Case

CASES = r"""
-j TTL --ttl-set 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=3 ; CONTINUE TTL ttl=64
-j TTL --ttl-inc 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=3 ; CONTINUE TTL ttl=4
-j TTL --ttl-inc 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=255 ; CONTINUE TTL
# the target drops nothing, not even at 0
-j TTL --ttl-dec 5 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=3 ; CONTINUE TTL ttl=0
-j TTL --ttl-eq 5 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-j TTL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
