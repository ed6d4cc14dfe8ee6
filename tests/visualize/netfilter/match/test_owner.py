"""`-m owner`: the process that sent the packet."""

from ..case import Case

CASES = r"""
-m owner --uid-owner 1337 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO the packet has no socket
-m owner ! --uid-owner 1337 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m owner ! --uid-owner 1337 --gid-owner 5 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m owner --socket-exists ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m owner --uid-owner 1337 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=OUTPUT local ; UNKNOWN --uid-owner 1337: a snapshot does not hold
-m owner ! --uid-owner 0-99 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=OUTPUT local ; UNKNOWN yes
-m owner --gid-owner staff --suppl-groups ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=OUTPUT local ; UNKNOWN
-m owner --socket-exists ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=OUTPUT local ; ASSUMED yes
-m owner ! --socket-exists ; tcp 10.0.0.1:1000 > 10.0.0.2:80 hook=OUTPUT local ; ASSUMED no
-m owner --shoe-size 9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
