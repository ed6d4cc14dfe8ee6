"""`-m conntrack`: what connection tracking knows."""

from ..case import Case

CASES = r"""
-m conntrack --ctstate NEW ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m conntrack --ctstate RELATED,ESTABLISHED ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO state is NEW
-m conntrack ! --ctstate NEW ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO
-m conntrack ! --ctstate RELATED,ESTABLISHED ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m conntrack --ctstate ESTABLISHED ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctstate UNTRACKED ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=UNTRACKED ; YES
-m conntrack --ctstate INVALID ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; YES
-m conntrack --ctstate INVALID ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=UNTRACKED ; NO state is UNTRACKED
# before conntrack has looked (raw) a packet is INVALID
-m conntrack --ctstate INVALID ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m conntrack --ctstate NEW ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO state is INVALID
# NAT is a state of its own
-m conntrack --ctstate DNAT ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctstate SNAT ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
-m conntrack --ctstate DNAT ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO
-m conntrack ! --ctstate DNAT,SNAT ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
-m conntrack --ctproto 6 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack ! --ctproto tcp ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
-m conntrack --ctorigsrc 10.0.0.0/24 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctorigsrc 10.0.0.0/255.255.255.0 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctorigsrc 2001:db8::/ffff:ffff:: ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 state=NEW ; YES
-m conntrack --ctorigsrc 2001:db8::/ffff:0:ffff:: ; tcp [2001:db8::1]:1000 > [2001:db8::2]:80 state=NEW ; BINDERROR
-m conntrack --ctorigdst 192.0.2.1 --ctorigdstport 8080 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctorigdst 192.0.2.1 --ctorigdstport 8081 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO original destination port is 8080
-m conntrack ! --ctorigdst 192.0.2.1 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO original destination is 192.0.2.1
-m conntrack --ctorigsrcport 1000:2000 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctreplsrc 10.0.0.3/32 --ctreplsrcport 80 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctrepldst 10.0.0.1 --ctrepldstport 1000 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctrepldstport 1001 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
-m conntrack --ctstatus ASSURED ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctstatus EXPECTED ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
-m conntrack ! --ctstatus CONFIRMED ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m conntrack --ctstatus NONE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO
-m conntrack ! --ctstatus NONE ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m conntrack --ctdir REPLY ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; YES
-m conntrack --ctdir ORIGINAL ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO direction is REPLY
-m conntrack --ctdir ORIGINAL ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m conntrack --ctexpire 1:100 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED time=1970-01-01T00:00:10 timeout=99 ; YES
-m conntrack ! --ctexpire 1:100 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED time=1970-01-01T00:00:10 timeout=99 ; NO
-m conntrack --ctexpire 10 ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; UNKNOWN
-m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL ; tcp 10.0.0.3:80 > 10.0.0.1:1000 state=ESTABLISHED back original=10.0.0.1:1000>192.0.2.1:8080 reply=10.0.0.3:80>10.0.0.1:1000 status=DNAT,SEEN_REPLY,ASSURED,CONFIRMED ; NO
# without a connection only --ctstate decides; the rest says no, negated or not
-m conntrack --ctstate INVALID --ctproto 17 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; YES
-m conntrack --ctproto 6 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; NO belongs to no connection
-m conntrack ! --ctproto 6 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; NO belongs to no connection
# an ICMP connection's "ports" are the id, and type and code
-m conntrack --ctorigsrcport 7 ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 icmpid=7 state=NEW ; YES
-m conntrack --ctorigdstport 2048 ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 icmpid=7 state=NEW ; YES
-m conntrack --ctstate OLD ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR --ctstate OLD is not known
-m conntrack --ctmood good ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
