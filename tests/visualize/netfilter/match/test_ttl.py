"""`-m ttl`: the time to live."""

from ..case import Case

CASES = r"""
-m ttl --ttl-eq 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=64 ; YES
-m ttl --ttl-lt 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=64 ; NO TTL is 64
-m ttl --ttl-gt 63 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=64 ; YES
-m ttl ! --ttl-eq 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=64 ; NO
-m ttl --ttl 64 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ttl=63 ; NO
-m ttl --ttl-eq 256 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m ttl --ttl-xx 6 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
