"""`-m icmp6`: type and code."""

from ..case import Case

CASES = r"""
-p ipv6-icmp -m icmp6 --icmpv6-type 135 ; icmpv6 fe80::1 > fe80::2 type=135 code=0 ; YES
-p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation ; icmpv6 fe80::1 > fe80::2 type=135 code=0 ; YES
-p icmpv6 --icmpv6-type 1/4 ; icmpv6 fe80::1 > fe80::2 type=1 code=4 ; YES
-p ipv6-icmp -m icmp6 ! --icmpv6-type 1/4 ; icmpv6 fe80::1 > fe80::2 type=1 code=4 ; NO ICMP type is 1/4
-p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big ; icmpv6 fe80::1 > fe80::2 type=2 code=0 ; YES
# type 255 is a type like others, not "any"
-p ipv6-icmp -m icmp6 --icmpv6-type 255 ; icmpv6 fe80::1 > fe80::2 type=2 code=0 ; NO
-p ipv6-icmp -m icmp6 --icmpv6-type 128 ; icmpv6 fe80::1 > fe80::2 fragment=1232 ; NO a later fragment
-p ipv6-icmp -m icmp6 --icmp-type 8 ; icmpv6 fe80::1 > fe80::2 type=128 code=0 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
