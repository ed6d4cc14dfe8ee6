"""`-m addrtype`: what routing says of an address."""

from ..case import Case

CASES = r"""
-m addrtype --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m addrtype ! --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO 10.0.0.2 is LOCAL
-m addrtype --src-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO 10.0.0.1 is UNICAST
-m addrtype --src-type UNICAST,LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m addrtype --src-type UNICAST --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m addrtype --src-type LOCAL --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m addrtype --dst-type BROADCAST ; udp 10.0.0.1:68 > 10.0.0.255:67 ; YES
-m addrtype --dst-type MULTICAST ; udp 10.0.0.1:68 > 224.0.0.1:67 ; YES
-m addrtype --dst-type LOCAL --limit-iface-in ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; YES
-m addrtype --dst-type LOCAL --limit-iface-in ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; NO
-m addrtype --dst-type LOCAL --limit-iface-out ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 out=eth0 ; YES
-m addrtype --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 world=blind ; UNKNOWN routes were not captured
-m addrtype ! --dst-type LOCAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 world=blind ; UNKNOWN yes
# IPv6 asks for each kind in the list
-m addrtype --dst-type LOCAL ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; YES
-m addrtype ! --dst-type LOCAL ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO
-m addrtype --src-type LOCAL ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO 2001:db8::1 is UNICAST
-m addrtype --src-type UNICAST ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; YES
-m addrtype --src-type UNICAST,LOCAL ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; NO
-m addrtype --dst-type MULTICAST ; udp [fe80::1]:1 > [ff02::1]:2 ; YES
-m addrtype --dst-type UNICAST ; udp [fe80::1]:1 > [ff02::1]:2 ; NO
-m addrtype --src-type UNSPEC ; icmpv6 :: > ff02::1 type=135 code=0 ; YES
-m addrtype --dst-type ANYCAST ; udp [2001:db8::1]:1 > [2001:db8::a]:2 ; YES
-m addrtype --dst-type UNREACHABLE ; udp [2001:db8::1]:1 > [2001:db8:dead::1]:2 ; YES
-m addrtype --dst-type LOCAL ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 world=blind ; UNKNOWN
-m addrtype --dst-type PLANET ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR address type PLANET is not known
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
