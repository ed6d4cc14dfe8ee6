"""`-m physdev`: bridge ports."""

from ..case import Case

CASES = r"""
-m physdev --physdev-in veth1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; YES
-m physdev --physdev-in veth+ ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; YES
-m physdev --physdev-in veth2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; NO bridge port in is veth1
-m physdev ! --physdev-in veth2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; YES
-m physdev --physdev-is-bridged ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 physout=veth2 bridged ; YES
-m physdev --physdev-is-bridged ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; NO not being bridged
-m physdev ! --physdev-is-bridged ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; YES
-m physdev --physdev-is-in ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; YES
-m physdev --physdev-is-out ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=br0 physin=veth1 ; NO
-m physdev --physdev-out veth2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 physin=veth1 physout=veth2 bridged ; YES
-m physdev ! --physdev-out veth2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 physin=veth1 ; NO there is no bridge port out
-m physdev --physdev-in veth1 --physdev-out veth2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 physin=veth1 physout=veth3 bridged ; NO
# without bridge information the negated options match
-m physdev --physdev-in veth1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; NO
-m physdev ! --physdev-in veth1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; YES
-m physdev --physdev-is-bridged ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; NO
-m physdev ! --physdev-is-bridged ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; YES
-m physdev ! --physdev-in a --physdev-is-in ; tcp 10.0.0.1:1000 > 10.0.0.2:80 in=eth0 ; NO
-m physdev --physdev-up ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
