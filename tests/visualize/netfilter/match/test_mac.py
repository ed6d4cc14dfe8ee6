"""`-m mac`: the source MAC address."""

from ..case import Case

CASES = r"""
-m mac --mac-source 02:42:AC:11:00:02 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m mac --mac-source 02:42:ac:11:00:03 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; NO source MAC is 02:42:ac:11:00:02
-m mac ! --mac-source 02:42:ac:11:00:03 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m mac ! --mac-source 02:42:ac:11:00:03 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=lo ; NO no Ethernet header
-m mac ! --mac-source 02:42:ac:11:00:03 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=wg0 ; NO wireguard has no Ethernet header
-m mac --mac-source 02:42:ac:11:00:03 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; UNKNOWN the capture lacks the source MAC address
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
