"""Words of the tools themselves: a container that is called `tcp` can't be told from the protocol, and gives nothing away."""

_TEXT = """
accept access action active address addresses addrtype all allow any arp auto average bridge broadcast brd bytes chain client cluster code comment
conntrack counter created default destination dev device dhcp dns docker drop dst empty enabled error established eth0 eth1 exited false file
filter first flags forever forward global group hash high host http https icmp icmpv6 inet inet6 info input instance internal invalid iptables
kernel last length level limit link list listen local log loopback lower main mangle mark mask master match max metric min mode mtu multicast name
names nat ndp net netns netfilter network networks new nft nginx none null output packets permanent policy pool port ports postrouting preference
prerouting priority private proc process proto protocol public queue random raw reachable redirect reject related replay request return route
router rule rules running scope security self server service set size sll sll2 snapshot source src stale state static stats status table tcp text
time timeout true ttl type udp unicast unix unknown unreachable user users valid value veth vlan without world zone zones
"""
USUAL_WORDS = frozenset(_TEXT.split())
