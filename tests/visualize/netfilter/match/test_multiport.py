"""`-m multiport`: lists of ports and ranges."""

from ..case import Case

CASES = r"""
-p tcp -m multiport --dports 22,80,443 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport --dports 22,443 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO destination port is 80
-p tcp -m multiport ! --dports 22,443 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport ! --dports 22,80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-p tcp -m multiport --dports 22,70:90 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport --dports ssh,http ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport --sports 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport --source-ports 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO source port is 1000
-p tcp -m multiport --ports 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport --ports 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m multiport ! --ports 1000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO ports are 1000 and 80
-p udp -m multiport --dports 53,67:68 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; YES
-p sctp -m multiport --dports 38412 ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 ; YES
-m multiport --dports 80 ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; NO icmp has no ports
-p tcp -m multiport ! --dports 80 ; tcp 10.0.0.1 > 10.0.0.2 fragment=8 ; NO a later fragment
-p tcp -m multiport ! --dports 80 ; tcp 10.0.0.1 > 10.0.0.2 length=23 ; HOTDROP
-p tcp -m multiport --dports 80 ; tcp 10.0.0.1 > 10.0.0.2 length=60 ; UNKNOWN
-p tcp -m multiport --dports 80,x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
