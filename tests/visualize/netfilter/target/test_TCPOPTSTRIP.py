"""`-j TCPOPTSTRIP`: NOPs for options."""

from ..case import Case

CASES = r"""
-p tcp -j TCPOPTSTRIP --strip-options wscale,mss ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b40402030307 ; CONTINUE TCPOPTSTRIP tcp_options=010101010402010101
-p tcp -j TCPOPTSTRIP --strip-options 8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b4 ; CONTINUE TCPOPTSTRIP
-p tcp -j TCPOPTSTRIP --strip-options 8 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; CONTINUE
-p tcp -j TCPOPTSTRIP --strip-options socks ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
