"""`-m rpfilter`: the way back."""

from ..case import Case

CASES = r"""
-m rpfilter ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; YES
-m rpfilter --invert ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; NO the way back to 10.0.0.1 is eth0
-m rpfilter ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; NO the way back to 10.0.0.1 is not eth1
-m rpfilter --invert ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; YES
-m rpfilter --loose ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 ; YES
-m rpfilter ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 mark=7 ; NO
-m rpfilter --validmark ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth1 mark=7 ; YES
-m rpfilter --invert ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=lo ; NO not looked at
-m rpfilter ; tcp 192.0.2.1:1 > 10.0.0.2:2 in=eth0 ; NO
-m rpfilter ; udp 0.0.0.0:68 > 255.255.255.255:67 in=eth0 ; YES
-m rpfilter --invert ; icmpv6 :: > ff02::1 type=135 code=0 in=eth0 ; NO
-m rpfilter ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 world=blind ; UNKNOWN yes
-m rpfilter --invert ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 world=blind ; UNKNOWN
-m rpfilter --sideways ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
