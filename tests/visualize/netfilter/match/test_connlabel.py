"""`-m connlabel`: a label of the connection."""

from ..case import Case

CASES = r"""
-m connlabel --label 7 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO not label 7
-m connlabel ! --label 7 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m connlabel --label 7 --set ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m connlabel --set ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR
-m connlabel --label 7 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; NO no connection
-m connlabel ! --label 7 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; YES
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
