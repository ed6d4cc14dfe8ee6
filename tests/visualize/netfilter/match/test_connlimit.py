"""`-m connlimit`: how many connections an address has. Sequences stand in the kernel lab's sheets."""

from ..case import Case

CASES = r"""
-m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO 1 connections
-m connlimit --connlimit-upto 20 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m connlimit ! --connlimit-upto 20 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO
-m connlimit --connlimit-above 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m connlimit --connlimit-mask 24 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
