"""`-m state`: the old spelling of --ctstate."""

from ..case import Case

CASES = r"""
-m state --state RELATED,ESTABLISHED ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m state --state NEW ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO state is ESTABLISHED
-m state ! --state NEW ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m state --state INVALID ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m state --state UNTRACKED ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=UNTRACKED ; YES
-m state --state DNAT ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
