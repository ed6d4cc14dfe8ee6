"""`-m ipv6-icmp`: another name of icmp6."""

from ..case import Case

CASES = r"""
-m ipv6-icmp --icmpv6-type 135 ; icmpv6 fe80::1 > fe80::2 type=135 code=0 ; YES
-m ipv6-icmp --icmpv6-type 135 ; icmpv6 fe80::1 > fe80::2 type=136 code=0 ; NO ICMP type is 136/0
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
