"""`-m helper`: a connection that a helper expected."""

from ..case import Case

CASES = r"""
-m helper --helper ftp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO no helper expected this connection
-m helper ! --helper ftp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m helper --helper ftp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW status=EXPECTED ; UNKNOWN
-m helper --helper ftp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
