"""`-m tcp`: ports, flags and options."""

from ..case import Case

CASES = r"""
-p tcp -m tcp --dport 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m tcp --dport 81 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO destination port is 80
-p tcp -m tcp ! --dport 80:90 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO destination port is 80
-p tcp -m tcp ! --dport 81:90 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m tcp --dport 80: ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m tcp --dport :79 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-p tcp -m tcp --dport ! 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-p tcp --dport http ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m tcp --destination-port ftp-data:ssh ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-p tcp -m tcp --sport 1000 --dport 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-p tcp -m tcp --source-port 1001 --dport 80 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO source port is 1000
-p tcp -m tcp --dport 80 ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 ; YES
-p tcp -m tcp ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
# flags
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; YES
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,ACK ; NO TCP flags are SYN,ACK
-p tcp -m tcp --syn ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN,ECE,CWR ; YES
-p tcp -m tcp ! --syn ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=ACK ; YES
-p tcp -m tcp --tcp-flags ALL NONE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags= ; YES
-p tcp -m tcp --tcp-flags ALL FIN,PSH,URG ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=FIN,PSH,URG ; YES
-p tcp -m tcp --tcp-flags SYN,BAD SYN ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN ; BINDERROR TCP flag 'BAD' is not known
# options: here MSS 1460, NOP, window scale 7
-p tcp -m tcp --tcp-option 2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b401030307 ; YES
-p tcp -m tcp --tcp-option 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b401030307 ; YES
-p tcp -m tcp --tcp-option 8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b401030307 ; NO
-p tcp -m tcp ! --tcp-option 8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 options=020405b401030307 ; YES
-p tcp -m tcp ! --tcp-option 8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 raw=45000000000000000000000000000000000000000000000000000000000000007000000000000000020405b4 ; UNKNOWN yes
-p tcp -m tcp --tcp-option 2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=SYN options=020405b4 raw=45000000000000000000000000000000000000000000000000000000000000007000000000000000020405b4 ; YES
# a later fragment has no ports, also behind a `!`; at offset 8 the kernel drops it
-p tcp -m tcp --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 fragment=1480 ; NO a later fragment
-p tcp -m tcp ! --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 fragment=1480 ; NO a later fragment
-p tcp -m tcp ! --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 fragment=8 ; HOTDROP
-p tcp -m tcp ! --dport 80 ; tcp 2001:db8::1 > 2001:db8::2 fragment=8 ; NO a later fragment
# a header that is cut in the packet, and one that is cut in the capture
-p tcp -m tcp ! --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 length=39 ; HOTDROP
-p tcp -m tcp ; tcp 10.0.0.1 > 10.0.0.2 length=39 ; HOTDROP
-p tcp -m tcp --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 length=60 ; UNKNOWN the capture lacks the tcp header
-p tcp -m tcp ! --dport 80 ; tcp 10.0.0.1 > 10.0.0.2 length=60 ; UNKNOWN yes
-m tcp --dport 53 ; udp 10.0.0.1:1000 > 10.0.0.2:53 ; NO protocol is udp
-p tcp -m tcp --dport 70000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-p tcp -m tcp --dport nosuchservice ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-p tcp -m tcp --colour red ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR option --colour is not known
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
