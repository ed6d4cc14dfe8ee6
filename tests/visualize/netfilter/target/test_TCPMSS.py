"""`-j TCPMSS`: the announced MSS."""

from ..case import Case

CASES = r"""
-p tcp -j TCPMSS --set-mss 1400 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 ; CONTINUE TCPMSS tcp_options=02040578
-p tcp -j TCPMSS --set-mss 1400 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=0101020405b4 ; CONTINUE TCPMSS tcp_options=010102040578
# never raised
-p tcp -j TCPMSS --set-mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=02040578 ; CONTINUE TCPMSS
# added where it is missing, but not more than 536, and not where data follows
-p tcp -j TCPMSS --set-mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN length=40 ; CONTINUE TCPMSS length=44 tcp_options=02040218
-p tcp -j TCPMSS --set-mss 100 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN length=44 options=01010101 ; CONTINUE TCPMSS length=48 tcp_options=0204006401010101
-p tcp -j TCPMSS --set-mss 1460 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN length=41 payload=1 ; CONTINUE TCPMSS
-p tcp -j TCPMSS --clamp-mss-to-pmtu ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 in=eth0 out=ppp0 ; CONTINUE TCPMSS tcp_options=020405ac
-p tcp -j TCPMSS --clamp-mss-to-pmtu ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 flags=SYN options=020405b4 in=eth0 out=ppp0 ; CONTINUE TCPMSS tcp_options=02040598
-p tcp -j TCPMSS --clamp-mss-to-pmtu ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 in=eth0 out=tiny ; DROP
-p tcp -j TCPMSS --clamp-mss-to-pmtu ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 world=blind ; CONTINUE
-p tcp -j TCPMSS ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
