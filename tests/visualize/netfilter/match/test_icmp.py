"""`-m icmp`: type and code."""

from ..case import Case

CASES = r"""
-p icmp -m icmp --icmp-type 8 ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; YES
-p icmp -m icmp --icmp-type echo-request ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; YES
-p icmp -m icmp --icmp-type 8/1 ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; NO ICMP type is 8/0
-p icmp -m icmp --icmp-type 3 ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=4 ; YES
-p icmp -m icmp --icmp-type 3/4 ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=4 ; YES
-p icmp -m icmp --icmp-type fragmentation-needed ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; NO
-p icmp -m icmp ! --icmp-type 3/4 ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; YES
-p icmp -m icmp --icmp-type any ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; YES
-p icmp -m icmp --icmp-type 255 ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; YES
-p icmp -m icmp ! --icmp-type any ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; NO
-p icmp -m icmp --icmp-type ttl-zero-during ; icmp 10.0.0.1 > 10.0.0.2 type=11 code=0 ; YES
-p icmp -m icmp ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 ; YES
-p icmp -m icmp ! --icmp-type 8 ; icmp 10.0.0.1 > 10.0.0.2 fragment=1480 ; NO a later fragment
-p icmp -m icmp --icmp-type 8 ; icmp 10.0.0.1 > 10.0.0.2 length=22 ; HOTDROP
-p icmp -m icmp --icmp-type 8 ; icmp 10.0.0.1 > 10.0.0.2 length=84 ; UNKNOWN the capture lacks the icmp header
-p icmp -m icmp --icmp-type nosuch ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
