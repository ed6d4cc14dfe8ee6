"""`-m connlimit`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
-m connlimit --connlimit-upto 20 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m connlimit ! --connlimit-upto 20 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
