"""`-m udp`: ports."""

from ..case import Case

CASES = r"""
-p udp -m udp --dport 53 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; YES
-p udp -m udp --dport domain ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; YES
-p udp -m udp --sport 1024: --dport 53 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; NO source port is 1000
-p udp -m udp ! --sport 1024:65535 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; YES
-p udp -m udp ! --dport 53 ; udp 10.0.0.1 > 10.0.0.2 fragment=8 ; NO a later fragment
-p udp -m udp --dport 53 ; udp 10.0.0.1 > 10.0.0.2 length=27 ; HOTDROP
-p udp -m udp --dport 53 ; udp 10.0.0.1 > 10.0.0.2 length=28 ; UNKNOWN
-m udp --dport 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO protocol is tcp
-p udp -m udp --syn ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; BINDERROR option --syn is not known
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
