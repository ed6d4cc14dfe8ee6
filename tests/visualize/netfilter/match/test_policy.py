"""`-m policy`: certain only where there is no IPsec policy."""

from ..case import Case

CASES = r"""
-m policy --dir out --pol none ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m policy --dir out --pol none ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ipsec=no ; YES
-m policy --dir in --pol ipsec --proto esp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ipsec=no ; NO there is no IPsec policy
-m policy --dir in --pol ipsec ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ipsec=yes ; ASSUMED no
-m policy --dir in --pol ipsec --reqid 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
