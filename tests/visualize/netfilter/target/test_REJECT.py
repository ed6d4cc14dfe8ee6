"""`-j REJECT`: drops and answers."""

from ..case import Case

CASES = r"""
-j REJECT ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-port-unreachable
-j REJECT --reject-with icmp-port-unreachable ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-port-unreachable
-j REJECT --reject-with icmp-net-unreachable ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-net-unreachable
-j REJECT --reject-with icmp-host-unreachable ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-host-unreachable
-j REJECT --reject-with icmp-proto-unreachable ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-proto-unreachable
-j REJECT --reject-with icmp-net-prohibited ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-net-prohibited
-j REJECT --reject-with host-prohib ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-host-prohibited
-j REJECT --reject-with icmp-admin-prohibited ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-admin-prohibited
-p tcp -j REJECT --reject-with tcp-reset ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; DROP begets=tcp-reset
-p tcp -j REJECT --reject-with tcp-reset ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=RST ; DROP
-p tcp -j REJECT --reject-with tcp-reset ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; DROP
-j REJECT ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP begets=icmp-port-unreachable
-j REJECT ; udp 10.0.0.1 > 10.0.0.2 fragment=1480 ; DROP
-j REJECT ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=1 ; DROP
-j REJECT ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; DROP begets=icmp-port-unreachable
-j REJECT ; udp 10.0.0.1:1000 > 10.0.0.2:53 frame=broadcast ; DROP
-j REJECT ; udp 10.0.0.1:1 > 224.0.0.1:2 ; DROP
-j REJECT ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-port-unreachable
-j REJECT --reject-with icmp6-no-route ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-no-route
-j REJECT --reject-with icmp6-adm-prohibited ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-adm-prohibited
-j REJECT --reject-with icmp6-addr-unreachable ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-addr-unreachable
-j REJECT --reject-with icmp6-policy-fail ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-policy-fail
-j REJECT --reject-with icmp6-reject-route ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; DROP begets=icmp6-reject-route
-p tcp -j REJECT --reject-with tcp-reset ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 flags=ACK ; DROP begets=tcp-reset
-j REJECT --reject-with flowers ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR --reject-with flowers is not known
-j REJECT --reject-with icmp6-no-route ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
