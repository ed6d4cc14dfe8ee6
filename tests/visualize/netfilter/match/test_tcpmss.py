"""`-m tcpmss`: the MSS option."""

from ..case import Case

CASES = r"""
-p tcp -m tcpmss --mss 1400:1500 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 ; YES
-p tcp -m tcpmss --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 ; YES
-p tcp -m tcpmss ! --mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 ; NO MSS is 1460
-p tcp -m tcpmss --mss 1:1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=01020405b4 ; NO
-p tcp -m tcpmss --mss 1:65535 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; NO not announced
-p tcp -m tcpmss ! --mss 1:65535 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; YES
-p tcp -m tcpmss --mss 1460 ; tcp 10.0.0.1 > 10.0.0.2 length=30 ; HOTDROP
-p tcp -m tcpmss --mss 1460 ; tcp 10.0.0.1 > 10.0.0.2 length=60 ; UNKNOWN
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
