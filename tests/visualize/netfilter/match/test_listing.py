"""`listing`: what `iptables -L` did not tell of a rule can't be judged, and says why."""

from ..case import Case

CASES = r"""
-m listing --why "listed without -v: the interfaces are not shown" ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN listed without -v
-m listing ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN does not show the whole rule
"""


def test_match(case: Case) -> None:
    """Each line above holds."""
    case.check()
