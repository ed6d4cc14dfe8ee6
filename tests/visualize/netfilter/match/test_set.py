"""`-m set`: membership in ipsets of every type, as `ipset save` prints them."""

from ..case import Case

SETS = """\
create ips hash:ip family inet hashsize 1024 maxelem 65536
add ips 10.0.0.1
add ips 10.9.9.9
create masked hash:ip family inet hashsize 1024 maxelem 65536 netmask 24
add masked 10.0.0.0
create timed hash:ip family inet hashsize 1024 maxelem 65536 timeout 600
add timed 10.0.0.1 timeout 599
add timed 10.0.0.2 timeout 0
create nets hash:net family inet hashsize 1024 maxelem 65536 counters
add nets 10.0.0.0/8 packets 0 bytes 0
add nets 10.0.0.0/30 nomatch packets 0 bytes 0
add nets 10.0.0.2 packets 7 bytes 700
create everything hash:net family inet hashsize 1024 maxelem 65536
add everything 0.0.0.0/1
add everything 128.0.0.0/1
create nets6 hash:net family inet6 hashsize 1024 maxelem 65536
add nets6 2001:db8::/32
create ipport hash:ip,port family inet hashsize 1024 maxelem 65536
add ipport 10.0.0.2,tcp:80
add ipport 10.0.0.2,udp:53
add ipport 10.0.0.2,icmp:echo-request
add ipport 10.0.0.2,gre:0
add ipport 10.0.0.2,sctp:38412
create ipportip hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add ipportip 10.0.0.2,tcp:80,10.0.0.1
create ipportnet hash:ip,port,net family inet hashsize 1024 maxelem 65536
add ipportnet 10.0.0.1,tcp:80,10.0.0.0/24
create netport hash:net,port family inet hashsize 1024 maxelem 65536
add netport 10.0.0.0/24,tcp:80
add netport 10.0.0.2,tcp:81
create netnet hash:net,net family inet hashsize 1024 maxelem 65536
add netnet 10.0.0.0/24,10.0.0.0/8
add netnet 10.0.0.1,10.0.0.0/24 nomatch
create netportnet hash:net,port,net family inet hashsize 1024 maxelem 65536
add netportnet 10.0.0.0/24,tcp:80,10.0.0.0/8
create ipmark hash:ip,mark family inet markmask 0x000000ff hashsize 1024 maxelem 65536
add ipmark 10.0.0.1,0x00000005
create macs hash:mac hashsize 1024 maxelem 65536
add macs 02:42:AC:11:00:02
create ipmac hash:ip,mac family inet hashsize 1024 maxelem 65536
add ipmac 10.0.0.1,02:42:AC:11:00:02
create netiface hash:net,iface family inet hashsize 1024 maxelem 65536
add netiface 10.0.0.0/24,eth0
add netiface 0.0.0.0/0,docker wildcard
add netiface 10.7.0.0/24,physdev:vp1
create bip bitmap:ip range 10.0.0.0-10.0.0.255
add bip 10.0.0.1
create bipmac bitmap:ip,mac range 10.0.0.0-10.0.0.255
add bipmac 10.0.0.1,02:42:AC:11:00:02
add bipmac 10.0.0.2
create bport bitmap:port range 0-65535
add bport 80
create ranges hash:ip family inet hashsize 1024 maxelem 65536
add ranges 10.0.0.0/30
add ranges 10.0.1.1-10.0.1.3
create none hash:net family inet hashsize 1024 maxelem 65536
create every list:set size 8
add every none
add every ips
create broken list:set size 8
add broken lost
add broken ips
create circle list:set size 8
add circle circle
"""

CASES = """
-m set --match-set ips src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set ips dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO not in set ips
-m set ! --match-set ips src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO in set ips
-m set ! --match-set ips dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set masked dst ; tcp 10.0.0.1:1 > 10.0.0.77:80 ; YES
-m set --match-set masked dst ; tcp 10.0.0.1:1 > 10.0.1.77:80 ; NO
# an element that will time out is assumed to be there
-m set --match-set timed src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; ASSUMED yes lived 599 s
-m set --match-set timed dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set ! --match-set timed src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; ASSUMED no
# the longest prefix decides
-m set --match-set nets src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO 10.0.0.0/30 in set nets says nomatch
-m set --match-set nets dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set nets dst ; tcp 10.0.0.1:1 > 10.3.0.2:80 ; YES
-m set ! --match-set nets src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set nets src --return-nomatch ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set nets dst --return-nomatch ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set nets src ; tcp 192.0.2.1:1 > 10.0.0.2:80 ; NO
-m set --match-set everything src ; tcp 192.0.2.1:1 > 10.0.0.2:80 ; YES
-m set --match-set nets dst --packets-gt 5 ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; ASSUMED yes has counted
-m set --match-set nets src --packets-gt 5 ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; ASSUMED no
-m set --match-set nets dst ! --update-counters ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set nets6 src ; tcp [2001:db8::1]:1 > [2001:db8::2]:80 ; YES
-m set --match-set nets6 src ; tcp [2001:db9::1]:1 > [2001:db8::2]:80 ; NO
# a set of the other family, or of more dimensions, holds nothing
-m set --match-set nets6 src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO of another kind
-m set ! --match-set nets6 src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set ipport dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO of another kind
-m set --match-set ipport dst,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set ipport dst,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set ipport dst,dst ; udp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set ipport dst,dst ; udp 10.0.0.1:1 > 10.0.0.2:53 ; YES
-m set --match-set ipport dst,dst ; sctp 10.0.0.1:1 > 10.0.0.2:38412 ; YES
-m set --match-set ipport dst,dst ; icmp 10.0.0.1 > 10.0.0.2 type=8 code=0 ; YES
-m set --match-set ipport dst,dst ; icmp 10.0.0.1 > 10.0.0.2 type=3 code=0 ; NO
-m set --match-set ipport dst,dst ; gre 10.0.0.1 > 10.0.0.2 ; YES
-m set --match-set ipport dst,dst ; tcp 10.0.0.1 > 10.0.0.2 fragment=8 ; NO no port
-m set --match-set ipportip dst,dst,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set ipportip dst,dst,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set ipportnet src,dst,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set ipportnet src,dst,dst ; tcp 10.0.0.1:1 > 10.0.1.2:80 ; NO
-m set --match-set netport dst,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set netport dst,dst ; tcp 10.0.0.1:1 > 10.0.0.2:81 ; YES
-m set --match-set netport dst,dst ; tcp 10.0.0.1:1 > 10.0.0.3:81 ; NO
-m set --match-set netnet src,dst ; tcp 10.0.0.2:1 > 10.7.0.2:80 ; YES
-m set --match-set netnet src,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO says nomatch
-m set --match-set netnet src,dst ; tcp 10.0.0.1:1 > 10.7.0.2:80 ; YES
-m set --match-set netportnet src,dst,dst ; tcp 10.0.0.1:1 > 10.7.0.2:80 ; YES
-m set --match-set ipmark src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 mark=0x105 ; YES
-m set --match-set ipmark src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 mark=0x6 ; NO
-m set --match-set macs src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m set --match-set macs src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:03 ; NO
-m set --match-set macs src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 ; UNKNOWN the capture lacks the MAC address
-m set --match-set macs src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO no Ethernet header
-m set --match-set ipmac src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m set --match-set netiface src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 ; YES
-m set --match-set netiface src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth1 ; NO
-m set --match-set netiface src,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth1 out=eth0 ; YES
-m set --match-set netiface src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=docker0 ; NO
-m set --match-set netiface src,src ; tcp 192.0.2.1:1 > 10.0.0.2:80 in=docker0 ; YES
-m set --match-set netiface src,src ; tcp 192.0.2.1:1 > 10.0.0.2:80 in=eth0 ; NO
-m set --match-set netiface src,dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 ; NO no interface
# `-m set` never asks for bridge ports, so an element with physdev: matches nothing (seen in a real kernel)
-m set --match-set netiface src,src ; tcp 10.7.0.1:1 > 10.0.0.2:80 in=br0 physin=vp1 ; NO
-m set --match-set netiface src,src ; tcp 10.7.0.1:1 > 10.0.0.2:80 in=vp1 ; NO
-m set --match-set bip src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set bip dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set bipmac src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:02 ; YES
-m set --match-set bipmac src,src ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:03 ; NO
-m set --match-set bipmac src,src ; tcp 10.0.0.2:1 > 10.0.0.2:80 in=eth0 mac=02:42:ac:11:00:03 ; YES
-m set --match-set bport dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set bport dst ; udp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set bport src ; udp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set bport dst ; icmp 10.0.0.1 > 10.0.0.2 type=0 code=80 ; NO
-m set --match-set bport dst ; gre 10.0.0.1 > 10.0.0.2 ; NO no port
-m set --match-set ranges src ; tcp 10.0.0.3:1 > 10.0.0.2:80 ; YES
-m set --match-set ranges src ; tcp 10.0.1.3:1 > 10.0.0.2:80 ; YES
-m set --match-set ranges src ; tcp 10.0.1.4:1 > 10.0.0.2:80 ; NO
-m set --match-set every src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set every dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set broken src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; YES
-m set --match-set broken dst ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; UNKNOWN set lost is not in the snapshot
-m set --match-set circle src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; NO
-m set --match-set nowhere src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; UNKNOWN set nowhere is not in the snapshot
-m set ! --match-set nowhere src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; UNKNOWN yes
-m set --match-set ips up ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; BINDERROR
-m set --match-set ips ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
