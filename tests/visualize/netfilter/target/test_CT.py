"""`-j CT`: what tracking shall do."""

from ..case import Case

CASES = r"""
-j CT --notrack ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=PREROUTING ; CONTINUE notrack
-j CT --zone 2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=PREROUTING ; CONTINUE zone:2/2
-j CT --zone mark ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=0x10005 ; CONTINUE zone:5/5
-j CT --helper ftp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE helper:ftp
-j CT --zone-orig 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE zone:3/0
-j CT --zone-reply mark ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=7 ; CONTINUE zone:0/7
-j CT --notrack ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; CONTINUE
-j CT --shape round ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
