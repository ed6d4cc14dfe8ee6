"""Fixed cases, one for each thing that a simulator is likely to get wrong.  A new one is one entry here, then `record --scenario`."""

from .case import Case, Move

A, B, WEB, GATEWAY = "10.1.0.2", "10.2.0.2", "198.51.100.80", "198.51.100.1"
FAR = "203.0.113.7"
C1, C2, C3 = "172.17.0.2", "172.17.0.3", "172.17.0.4"


def save(**tables: str) -> str:
    """iptables-restore text of tables, each a text of `:CHAIN policy` and `-A` lines."""
    built = {"raw": ("PREROUTING", "OUTPUT"), "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
             "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"), "filter": ("INPUT", "FORWARD", "OUTPUT")}
    out = ""
    for table, text in tables.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        named = {line.split()[0][1:] for line in lines if line.startswith(":")}
        heads = [line for line in lines if line.startswith(":")] + [f":{chain} ACCEPT" for chain in built[table] if chain not in named]
        out += "\n".join([f"*{table}", *(" ".join([*head.split()[:2], "[0:0]"]) for head in heads),
                          *(line for line in lines if not line.startswith(":")), "COMMIT", ""])
    return out


def handshake(at: str, src: str, dst: str, dport: int, sport: int = 40000) -> tuple[Move, ...]:
    """SYN, SYN/ACK, ACK, data, data back, RST: the first six moves."""
    return (Move("send", at, src=src, dst=dst, sport=sport, dport=dport), Move("reply", of=0, flags="SA"), Move("follow", of=0, flags="A"),
            Move("follow", of=0, flags="PA"), Move("reply", of=0, flags="PA"), Move("follow", of=0, flags="R"))


DOCKER = {
    "nat": f"""
        :DOCKER - [0:0]
        -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
        -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        -A POSTROUTING -s {C1}/32 -d {C1}/32 -p tcp -m tcp --dport 80 -j MASQUERADE
        -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {C1}:80""",
    "filter": f"""
        :FORWARD DROP
        :DOCKER - [0:0]
        :DOCKER-ISOLATION-STAGE-1 - [0:0]
        :DOCKER-ISOLATION-STAGE-2 - [0:0]
        :DOCKER-USER - [0:0]
        -A FORWARD -j DOCKER-USER
        -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A FORWARD -o docker0 -j DOCKER
        -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        -A FORWARD -i docker0 -o docker0 -j ACCEPT
        -A DOCKER -d {C1}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
        -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        -A DOCKER-ISOLATION-STAGE-2 -j RETURN
        -A DOCKER-USER -j RETURN"""}
NO_PROXY = {**DOCKER, "nat": DOCKER["nat"].replace("! -i docker0 -p tcp", "-p tcp")}
BRIDGED = (*handshake("veth1", C1, C2, 80), Move("send", "veth1", proto="udp", src=C1, dst=C3, sport=5000, dport=53),
           Move("reply", of=6), Move("send", "veth2", proto="icmp", src=C2, dst=C3, dport=77), Move("reply", of=8),
           Move("send", "veth3", src=C3, dst="172.17.0.1", sport=41000, dport=22))

NATIVE = """
table inet fw {
  set good { type ipv4_addr
    flags interval
    elements = { 10.1.0.0/29, 10.2.0.2 } }
  map ports { type inet_service : verdict
    elements = { 22 : accept, 23 : drop, 24 : jump sub, 25 : goto other } }
  set pair { type ipv4_addr . inet_service
    elements = { 10.1.0.3 . 81 } }
  map outer { type inet_service : ipv4_addr . inet_service
    elements = { 8080 : 10.2.0.2 . 80 } }
  chain sub {
    ip daddr 10.2.0.2 meta mark set 0x7
    meta mark 0x7 counter return
    drop
  }
  chain other {
    ip saddr 10.1.0.2 accept
  }
  chain early {
    type filter hook prerouting priority -290; policy accept;
    udp dport 53 notrack
    ct state invalid counter
  }
  chain forward {
    type filter hook forward priority 5; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    tcp flags & (fin | syn | rst | ack) == syn counter
    ip saddr . tcp dport @pair reject with tcp reset
    iifname "eth*" oifname { "eth1", "eth2" } tcp dport vmap @ports
    meta mark & 0xf == 0x7 ct mark set meta mark
    meta l4proto { tcp, udp } th dport 90-99 ip saddr @good accept
    ct status dnat ct direction original accept
    ct state untracked accept
    ip daddr != { 10.2.0.2, 10.2.0.3 } log prefix "out" accept
    icmp type { echo-request, timestamp-request } ip ttl > 10 accept
    udp dport 7 reject
    fib daddr type local drop
    tcp dport 26 meta mark set mark | 0x100 accept
  }
  chain pre {
    type nat hook prerouting priority -100; policy accept;
    ip daddr 198.51.100.10 dnat ip to tcp dport map @outer
    tcp dport 81 redirect to :3128
    udp dport 8090 dnat ip to 10.2.0.3:90
  }
  chain post {
    type nat hook postrouting priority 100; policy accept;
    oifname "eth2" masquerade
    ip saddr 10.1.0.4 snat ip to 10.2.0.9
  }
  chain input {
    type filter hook input priority 5; policy drop;
    iifname "lo" accept
    tcp dport 3128 ct original proto-dst 81 accept
    reject with icmpx admin-prohibited
  }
  chain out {
    type route hook output priority -140; policy accept;
    udp dport 9 meta mark set 9
  }
}
"""
NATIVE_DOCKER = """# as firewalld and Docker with its nftables back-end write them, shortened
table inet firewalld {
  ct helper helper-ftp-tcp {
    type "ftp" protocol tcp
    l3proto inet
  }
  chain mangle_PREROUTING {
    type filter hook prerouting priority -140; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
    iifname "eth0" goto mangle_PRE_public
    goto mangle_PRE_public
  }
  chain mangle_PRE_public {
    return
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
    tcp dport 21 ct helper set "helper-ftp-tcp"
    tcp dport 21 accept
    meta l4proto { icmp, ipv6-icmp } accept
    ip saddr { 10.0.0.0/8, 192.168.0.0/16 } tcp dport 3306 accept
    udp dport 67-68 accept
  }
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24 } reject with icmpv6 type addr-unreachable
    oifname "docker0" accept
    reject with icmpx admin-prohibited
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority -90; policy accept;
    meta nfproto ipv4 tcp dport 8080 dnat ip to 10.0.0.5:80
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority 110; policy accept;
    meta nfproto ipv4 oifname != "lo" masquerade
  }
  chain filter_OUTPUT {
    type filter hook output priority 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
    ip6 daddr { ::/96, 2002::/24 } reject with icmpv6 type addr-unreachable
  }
}
table ip docker-bridges {
  map filter-forward-in-jumps { type ifname : verdict
    elements = { "docker0" : jump fwd-in } }
  map nat-postrouting-in-jumps { type ifname : verdict
    elements = { "docker0" : jump nat-post } }
  chain fwd-in {
    ct state established,related counter accept
    iifname "docker0" counter accept
    ip daddr 172.17.0.2 tcp dport 80 counter accept comment "DNATs"
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain nat-post {
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade comment "MASQUERADE"
  }
  chain filter-FORWARD {
    type filter hook forward priority 0; policy accept;
    oifname vmap @filter-forward-in-jumps
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-pre
  }
  chain nat-pre {
    iifname != "docker0" tcp dport 8080 counter dnat to 172.17.0.2:80 comment "DNAT"
  }
  chain raw-PREROUTING {
    type filter hook prerouting priority -300; policy accept;
    iifname != "docker0" ip daddr 172.17.0.2 counter drop comment "DROP DIRECT ACCESS"
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority 100; policy accept;
    iifname vmap @nat-postrouting-in-jumps
    oifname vmap @nat-postrouting-in-jumps
  }
}
"""
CASES = [
    Case("dnat-and-reply", why="a published port, its answers, an ICMP error about it, and a second SYN",
         rules={"legacy": save(nat=f"-A PREROUTING -d 198.51.100.10 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {A}:80",
                               filter=f""":FORWARD DROP
                                   -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                                   -A FORWARD -d {A} -p tcp --dport 80 -j ACCEPT""")},
         moves=(*handshake("eth2", FAR, "198.51.100.10", 8080), Move("send", "eth2", src=FAR, dst="198.51.100.10", sport=40001, dport=8080),
                Move("follow", of=6), Move("error", of=6, code=1), Move("send", "eth2", src=FAR, dst="198.51.100.10", sport=40001, dport=81))),
    Case("masquerade-and-reply", why="out by MASQUERADE: TCP, UDP, ping, their answers, an ICMP error from a router",
         rules={"nft": save(nat="-A POSTROUTING -s 10.1.0.0/24 -o eth2 -j MASQUERADE",
                            filter="-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -j ACCEPT")},
         moves=(*handshake("eth0", A, FAR, 443), Move("send", "eth0", proto="udp", src=A, dst=FAR, sport=5353, dport=53), Move("reply", of=6),
                Move("send", "eth0", proto="icmp", src=A, dst=FAR, dport=9), Move("reply", of=8),
                Move("send", "eth0", proto="udp", src=A, dst=FAR, sport=5354, dport=53), Move("error", of=10, type=11, src=GATEWAY),
                Move("send", "eth0", proto="udp", src="10.1.0.3", dst=FAR, sport=5353, dport=54))),
    Case("drop-policy", why="policies of three chains, and what is dropped leaves no entry",
         rules={"legacy": save(filter=f""":INPUT DROP
                                  :FORWARD DROP
                                  -A FORWARD -s {A} -p tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
                                  -A FORWARD -p udp
                                  -A INPUT -p icmp -j ACCEPT""")},
         moves=(Move("send", "eth0", src=A, dst=B, sport=1000, dport=80), Move("reply", of=0, flags="SA"), Move("follow", of=0),
                Move("send", "eth0", src=A, dst=B, sport=1001, dport=81), Move("follow", of=3),
                Move("send", "eth0", proto="udp", src=A, dst=B, sport=1001, dport=81), Move("follow", of=5),
                Move("send", "eth0", proto="icmp", src=A, dst="10.1.0.1", dport=3), Move("send", "eth0", src=A, dst="10.2.0.1", dport=22))),
    Case("reject", why="REJECT by a reset and by ICMP, forwarded and to the host; a ruleset that counts the answers",
         rules={"legacy": save(filter="""-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset
                                  -A INPUT -p udp -j REJECT
                                  -A FORWARD -p tcp --dport 25 -j REJECT --reject-with tcp-reset
                                  -A FORWARD -p udp -j REJECT --reject-with icmp-admin-prohibited
                                  -A OUTPUT -p tcp --tcp-flags RST RST
                                  -A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT
                                  -A OUTPUT -p icmp""", mangle="-A POSTROUTING -p icmp")},
         moves=(Move("send", "eth0", src=A, dst="10.1.0.1", sport=7, dport=22), Move("send", "eth0", proto="udp", src=A, dst="10.1.0.1", dport=9),
                Move("send", "eth0", src=A, dst=B, sport=8, dport=25), Move("send", "eth0", proto="udp", src=A, dst=B, sport=8, dport=25),
                Move("send", "eth0", src=A, dst=B, sport=8, dport=26), Move("follow", of=4, flags="A", wild=True))),
    Case("notrack", why="NOTRACK and CT --notrack: UNTRACKED packets meet no nat rule, in either direction",
         rules={"legacy": save(raw="-A PREROUTING -p udp --dport 53 -j CT --notrack\n-A PREROUTING -p udp --sport 53 -j NOTRACK",
                               nat=f"-A PREROUTING -p udp -j DNAT --to-destination {B}\n-A POSTROUTING -j MASQUERADE",
                               filter="-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT")},
         moves=(Move("send", "eth0", proto="udp", src=A, dst="10.2.0.3", sport=4000, dport=53), Move("reply", of=0),
                Move("send", "eth0", proto="udp", src=A, dst="10.2.0.3", sport=4000, dport=54), Move("reply", of=2), Move("error", of=0, code=3))),
    Case("chains-and-goto", why="jumps, RETURN from user and base chains, goto back to the caller's caller, LOG and rules without a target",
         rules={"nft": save(filter=""":FORWARD DROP
                               :ONE - [0:0]
                               :TWO - [0:0]
                               :THREE - [0:0]
                               -A FORWARD -p tcp -j ONE
                               -A FORWARD -p udp -g TWO
                               -A FORWARD -m comment --comment "after all" -j LOG
                               -A FORWARD -p icmp -j RETURN
                               -A FORWARD -j ACCEPT
                               -A ONE -p tcp --dport 80 -g TWO
                               -A ONE -p tcp --dport 81 -j TWO
                               -A ONE -p tcp --dport 82 -j RETURN
                               -A ONE -j LOG
                               -A TWO -p tcp -m multiport --dports 80,81 -j THREE
                               -A TWO -p tcp
                               -A TWO -p udp --dport 7 -j RETURN
                               -A THREE -p tcp --dport 81 -j RETURN
                               -A THREE -j RETURN""")},
         moves=tuple(Move("send", "eth0", src=A, dst=B, sport=2000 + port, dport=port) for port in (80, 81, 82, 83))
         + tuple(Move("send", "eth0", proto="udp", src=A, dst=B, sport=2000, dport=port) for port in (7, 8))
         + (Move("send", "eth0", proto="icmp", src=A, dst=B, dport=1),)),
    Case("mark-routing", why="a mark set in mangle PREROUTING chooses the table; masks compare (mark ^ value) & mask",
         setup=("ip route add default via 10.2.0.2 dev eth1 table 100", "ip route add blackhole 203.0.113.128/25 table 100",
                "ip rule add fwmark 0x1 table 100", "ip rule add fwmark 0x1000/0xf00 table 100", "ip rule add from 10.1.0.4 prohibit"),
         rules={"legacy": save(mangle="""-A PREROUTING -p tcp --dport 80 -j MARK --set-mark 1
                                  -A PREROUTING -p tcp --dport 81 -j MARK --set-xmark 0x10/0xff
                                  -A FORWARD -m mark --mark 0x1 -j MARK --or-mark 0x100
                                  -A POSTROUTING -m mark ! --mark 0x0/0x100""", nat="-A POSTROUTING -o eth2 -j MASQUERADE")},
         moves=(Move("send", "eth0", src=A, dst=FAR, sport=1, dport=80), Move("send", "eth0", src=A, dst=FAR, sport=1, dport=81),
                Move("send", "eth0", src=A, dst=FAR, sport=1, dport=82), Move("send", "eth0", src=A, dst="203.0.113.200", sport=1, dport=80),
                Move("send", "eth0", src="10.1.0.4", dst=FAR, sport=1, dport=443), Move("reply", of=0, flags="SA"), Move("reply", of=2, flags="SA"))),
    Case("redirect", why="REDIRECT of forwarded and of local traffic; answers of the host's own stack are turned back",
         rules={"legacy": save(nat="""-A PREROUTING -i eth0 -p tcp --dport 80 -j REDIRECT --to-ports 3128
                                  -A PREROUTING -i eth0 -p udp --dport 53 -j REDIRECT
                                  -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 3129""", filter="-A INPUT -p tcp --dport 3128\n-A OUTPUT -o lo")},
         moves=(Move("send", "eth0", src=A, dst=FAR, sport=1234, dport=80), Move("send", "eth0", proto="udp", src=A, dst=FAR, sport=1234, dport=53),
                Move("send", "local", src="198.51.100.10", dst=FAR, sport=1235, dport=80),
                Move("send", "local", src="198.51.100.10", dst=FAR, sport=1236, dport=81), Move("reply", of=3, flags="SA"))),
    Case("ttl-and-rpfilter", why="TTL 1 ends before FORWARD; rp_filter and martians drop without a rule",
         sysctl={"ipv4.conf.all.rp_filter": 1},
         rules={"legacy": save(filter="-A FORWARD -j ACCEPT\n-A OUTPUT -p icmp", nat="-A PREROUTING -p udp -j ACCEPT\n-A POSTROUTING")},
         moves=(Move("send", "eth0", proto="udp", src=A, dst=B, sport=1, dport=33434, ttl=1), Move("send", "eth0", proto="udp", src=A, dst=B, sport=1, dport=33434, ttl=2),
                Move("send", "eth1", proto="udp", src=A, dst=FAR, sport=1, dport=1), Move("send", "eth0", proto="udp", src="127.0.0.1", dst=B, sport=1, dport=1),
                Move("send", "eth0", proto="udp", src=A, dst="127.0.0.1", sport=1, dport=1), Move("send", "eth0", proto="udp", src="10.1.0.1", dst=B, sport=1, dport=1),
                Move("send", "eth0", proto="udp", src=A, dst="240.0.0.1", sport=1, dport=1), Move("send", "eth0", proto="udp", src="0.0.0.0", dst=B, sport=1, dport=1),
                Move("send", "eth0", proto="udp", src=A, dst="10.1.0.1", sport=1, dport=1, ttl=1))),
    Case("invalid", why="bare RST, mid-stream ACK, out of the window, a bad checksum, a reply that nobody asked for",
         rules={"legacy": save(nat="-A POSTROUTING -o eth2 -j MASQUERADE",
                               filter="-A FORWARD -m conntrack --ctstate INVALID\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -m state --state ESTABLISHED")},
         moves=(*handshake("eth0", A, FAR, 80)[:4], Move("follow", of=0, flags="A", wild=True), Move("reply", of=0, flags="PA", wild=True),
                Move("follow", of=0, flags="PA", broken=True), Move("send", "eth0", src=A, dst=FAR, sport=9, dport=9, flags="R"),
                Move("send", "eth0", src=A, dst=FAR, sport=10, dport=9, flags="A"), Move("reply", of=8, flags="PA"), Move("follow", of=8, flags="A"),
                Move("send", "eth0", src=A, dst=FAR, sport=11, dport=9, flags="SA"), Move("send", "eth0", src=A, dst=FAR, sport=12, dport=9, flags="SF"),
                Move("send", "eth0", proto="icmp", src=A, dst=FAR, dport=5, type=0), Move("send", "eth0", src=A, dst=FAR, sport=13, dport=9),
                Move("reply", of=14, flags="RA"), Move("follow", of=14))),
    Case("docker-br-netfilter", world="bridge", why="Docker's rules: container to container in the bridge, with br_netfilter",
         rules={"legacy": save(**DOCKER)}, moves=BRIDGED),
    Case("docker-no-br-netfilter", world="bridge", why="the same without br_netfilter: bridged frames meet no hook", nf_call=False,
         rules={"legacy": save(**DOCKER)}, moves=BRIDGED),
    Case("docker-published", world="bridge", why="a published port from outside, out by MASQUERADE, and what DOCKER drops",
         rules={"nft": save(**DOCKER)},
         moves=(*handshake("eth0", FAR, "198.51.100.10", 8080), Move("send", "veth1", src=C1, dst=FAR, sport=3, dport=443), Move("reply", of=6, flags="SA"),
                Move("send", "eth0", src=FAR, dst=C2, sport=4, dport=80), Move("send", "eth0", src=FAR, dst="198.51.100.10", sport=5, dport=22),
                Move("send", "local", src="198.51.100.10", dst="198.51.100.10", sport=6, dport=8080), Move("reply", of=10, flags="SA"),
                Move("send", "local", src="172.17.0.1", dst=C1, sport=6, dport=80), Move("reply", of=12, flags="SA"))),
    Case("hairpin", world="bridge", why="a container to its own and to a neighbour's published port, hairpin mode on, with br_netfilter",
         setup=("bridge link set dev veth1 hairpin on", "bridge link set dev veth2 hairpin on"), rules={"legacy": save(**NO_PROXY)},
         moves=(*handshake("veth1", C1, "198.51.100.10", 8080), Move("send", "veth2", src=C2, dst="198.51.100.10", sport=7, dport=8080),
                Move("reply", of=6, flags="SA"), Move("follow", of=6, flags="A"))),
    Case("no-hairpin", world="bridge", why="the same without hairpin mode: a container can't reach its own published port", rules={"legacy": save(**NO_PROXY)},
         moves=(Move("send", "veth1", src=C1, dst="198.51.100.10", sport=7, dport=8080), Move("send", "veth2", src=C2, dst="198.51.100.10", sport=7, dport=8080),
                Move("reply", of=1, flags="SA"))),
    Case("hairpin-no-br-netfilter", world="bridge", why="hairpin mode on, br_netfilter off: it is routed", nf_call=False,
         setup=("bridge link set dev veth1 hairpin on", "bridge link set dev veth2 hairpin on"), rules={"legacy": save(**NO_PROXY)},
         moves=(*handshake("veth1", C1, "198.51.100.10", 8080), Move("send", "veth2", src=C2, dst="198.51.100.10", sport=7, dport=8080),
                Move("reply", of=6, flags="SA"))),
    Case("bridge-ports", world="bridge", why="isolated ports, learning and flooding off, a port that is blocked or learning, unknown and group addresses",
         setup=("bridge link set dev veth1 isolated on", "bridge link set dev veth2 isolated on flood off", "bridge link set dev veth3 learning off"),
         rules={"legacy": save(**DOCKER)},
         moves=(Move("send", "veth1", src=C1, dst=C2, sport=1, dport=80), Move("send", "veth1", src=C1, dst=C3, sport=2, dport=80), Move("reply", of=1, flags="SA"),
                Move("send", "veth3", src=C3, dst="172.17.0.9", sport=3, dport=80, mac="02:00:00:00:00:99"),
                Move("send", "veth1", proto="udp", src=C1, dst="172.17.0.9", sport=4, dport=80, mac="02:00:00:00:00:99"),
                Move("send", "veth2", proto="udp", src=C2, dst="172.17.255.255", sport=5, dport=80, mac="ff:ff:ff:ff:ff:ff"),
                Move("send", "local", src="172.17.0.1", dst=C2, sport=6, dport=80), Move("reply", of=6, flags="SA"))),
    Case("bridge-blocked", world="bridge", why="ports in states other than forwarding: blocked, and learning (which takes note of the sender only)", nf_call=False,
         setup=("bridge link set dev veth1 state 4", "bridge link set dev veth3 state 2"),
         rules={"legacy": save(**DOCKER)},
         moves=(Move("send", "veth1", src=C1, dst=C2, sport=1, dport=80), Move("send", "veth2", src=C2, dst=C1, sport=2, dport=80),
                Move("send", "veth3", src=C3, dst=C2, sport=3, dport=80), Move("send", "veth2", src=C2, dst=C3, sport=4, dport=80),
                Move("send", "veth2", src=C2, dst="172.17.0.1", sport=5, dport=80))),
    Case("ftp", why="the ftp helper: PORT and EPSV open the way for connections that are RELATED, once and from the right host only",
         rules={"legacy": save(raw="-A PREROUTING -p tcp --dport 21 -j CT --helper ftp",
                               filter="""-A FORWARD -m conntrack --ctstate RELATED -m helper --helper ftp
                                  -A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
                                  -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
                                  -A FORWARD -p tcp --dport 21 -j ACCEPT
                                  -A FORWARD -p udp -j ACCEPT
                                  -A FORWARD -j DROP""")},
         moves=(*handshake("eth0", A, B, 21)[:3], Move("reply", of=0, flags="PA", data="220 ready\r\n"), Move("follow", of=0, flags="PA", data="USER me\r\n"),
                Move("follow", of=0, flags="PA", data="PORT 10,1,0,2,19,137\r\n", seq=9),
                Move("send", "eth1", src="10.2.0.3", dst=A, sport=20, dport=5001), Move("send", "eth1", src=B, dst=A, sport=20, dport=5002),
                Move("send", "eth1", src=B, dst=A, sport=20, dport=5001), Move("reply", of=8, flags="SA"), Move("send", "eth1", src=B, dst=A, sport=22, dport=5001),
                Move("reply", of=0, flags="PA", data="229 Entering Extended Passive Mode (|||6446|)\r\n", seq=11), Move("send", "eth0", src=A, dst=B, sport=7, dport=6446),
                Move("reply", of=12, flags="SA"), Move("send", "eth0", src=A, dst=B, sport=7, dport=6447))),
    Case("ftp-masquerade", why="the same behind MASQUERADE: the server's connection to the outer address is turned to the client, with no rule of nat",
         rules={"legacy": save(raw="-A PREROUTING -p tcp --dport 21 -j CT --helper ftp", nat="-A POSTROUTING -o eth2 -j MASQUERADE\n-A PREROUTING -i eth2",
                               filter="-A FORWARD -m conntrack --ctstate RELATED\n-A FORWARD -m conntrack --ctstate NEW -i eth2 -j DROP")},
         moves=(*handshake("eth0", A, WEB, 21)[:3], Move("reply", of=0, flags="PA", data="220 ready\r\n"), Move("follow", of=0, flags="PA", data="USER me\r\n"),
                Move("follow", of=0, flags="PA", data="PORT 10,1,0,2,19,137\r\n", seq=9),
                Move("send", "eth2", src=WEB, dst="198.51.100.10", sport=20, dport=5001), Move("reply", of=6, flags="SA"), Move("follow", of=6, flags="A"))),
    Case("tftp", why="the tftp helper: the server's answer comes from a port of its own",
         rules={"legacy": save(raw="-A PREROUTING -p udp --dport 69 -j CT --helper tftp", nat="-A POSTROUTING -o eth2 -j MASQUERADE",
                               filter="-A FORWARD -m conntrack --ctstate RELATED\n-A FORWARD -m conntrack --ctstate NEW -i eth2 -j DROP")},
         moves=(Move("send", "eth0", proto="udp", src=A, dst=WEB, sport=3000, dport=69, data="\0\1file\0octet\0"),
                Move("send", "eth2", proto="udp", src=WEB, dst="198.51.100.10", sport=4000, dport=3000), Move("reply", of=1), Move("follow", of=1),
                Move("send", "eth2", proto="udp", src=WEB, dst="198.51.100.10", sport=4001, dport=3000))),
    Case("native", why="native nftables beside iptables-nft: sets, maps, verdict maps, jumps, marks, ct, NAT, reject, at priorities of their own",
         rules={"nft": save(filter="-A FORWARD -p tcp --dport 99 -j DROP\n-A FORWARD -p tcp")}, native=NATIVE,
         moves=(*tuple(Move("send", "eth0", src=A, dst=B, sport=1000 + port, dport=port) for port in (22, 23, 24, 25, 26, 90, 95, 99, 100, 81)), Move("send", "eth0", src="10.1.0.3", dst=B, sport=5, dport=81), Move("send", "eth0", src="10.1.0.3", dst="10.2.0.3", sport=5, dport=24), Move("send", "eth0", src="10.1.0.3", dst=B, sport=5, dport=25), Move("reply", of=0, flags="SA"), Move("follow", of=0, flags="A"), Move("send", "eth0", src=A, dst=FAR, sport=7, dport=443), Move("reply", of=15, flags="SA"), Move("send", "eth2", src=WEB, dst="198.51.100.10", sport=9, dport=8080), Move("reply", of=17, flags="SA"), Move("send", "eth2", src=WEB, dst="198.51.100.10", sport=9, dport=8081), Move("send", "eth0", proto="udp", src=A, dst="10.2.0.9", sport=9, dport=8090), Move("reply", of=20), Move("send", "eth0", proto="udp", src="10.1.0.4", dst=B, sport=9, dport=91), Move("reply", of=22), Move("send", "eth0", proto="udp", src=A, dst=B, sport=9, dport=53), Move("send", "eth0", proto="udp", src=A, dst=B, sport=9, dport=7), Move("send", "eth0", proto="icmp", src=A, dst=B, dport=7), Move("send", "eth0", proto="icmp", src=A, dst=B, dport=8, ttl=9), Move("send", "eth0", src=A, dst=B, sport=11, dport=26, flags="A"), Move("send", "eth0", src=A, dst=B, sport=12, dport=26, flags="SR"))),
    Case("native-docker", world="bridge", why="firewalld and Docker's nftables back-end: two tables at their own priorities, a published port, masquerade, drops",
         rules={"nft": save(filter="-A FORWARD")}, native=NATIVE_DOCKER,
         moves=(*handshake("eth0", FAR, "198.51.100.10", 8080), Move("send", "veth1", src=C1, dst=FAR, sport=3, dport=443), Move("reply", of=6, flags="SA"),
                Move("send", "eth0", src=FAR, dst=C1, sport=4, dport=80), Move("send", "eth0", src=FAR, dst=C2, sport=4, dport=81),
                Move("send", "eth0", src=FAR, dst="198.51.100.10", sport=5, dport=22), Move("send", "eth0", src=FAR, dst="198.51.100.10", sport=5, dport=23),
                Move("send", "local", src="198.51.100.10", dst="198.51.100.10", sport=6, dport=8080), Move("send", "local", src="172.17.0.1", dst=C1, sport=6, dport=80),
                Move("reply", of=13, flags="SA"), Move("send", "veth1", src=C1, dst=C2, sport=3, dport=80), Move("reply", of=15, flags="SA"),
                Move("send", "veth2", proto="udp", src=C2, dst="172.17.0.1", sport=9, dport=67), Move("send", "veth2", proto="udp", src=C2, dst="172.17.0.1", sport=9, dport=68))),
    Case("native-output", world="local", why="native rules of the host's own packets: a route chain that marks and so reroutes, policies, loopback",
         setup=("ip route add default via 10.2.0.2 dev eth1 table 100", "ip rule add fwmark 9 table 100"),
         rules={"nft": save(filter="-A OUTPUT")}, native=NATIVE,
         moves=(Move("send", "local", proto="udp", src="198.51.100.10", dst=FAR, sport=1, dport=9), Move("send", "local", proto="udp", src="198.51.100.10", dst=FAR, sport=1, dport=8),
                Move("send", "local", src="127.0.0.1", dst="127.0.0.1", sport=4, dport=81), Move("send", "eth0", src=A, dst="10.1.0.1", sport=4, dport=82))),
    Case("local-output", world="local", why="the host's own packets: mangle reroutes, DNAT in OUTPUT, loopback meets OUTPUT, then PREROUTING but not its nat",
         setup=("ip route add default via 10.2.0.2 dev eth1 table 100", "ip rule add fwmark 7 table 100"),
         rules={"legacy": save(mangle="-A OUTPUT -p udp --dport 7 -j MARK --set-mark 7\n-A PREROUTING -i lo",
                               nat=f"""-A OUTPUT -p tcp --dport 80 -j DNAT --to-destination {A}:8080
                                   -A OUTPUT -d 127.0.0.1/32 -p udp --dport 53 -j DNAT --to-destination 127.0.0.1:5353
                                   -A PREROUTING -i lo
                                   -A POSTROUTING -o eth0 -j SNAT --to-source 10.1.0.1
                                   -A INPUT -p udp""", filter="-A OUTPUT -p tcp --dport 23 -j DROP\n-A OUTPUT -p tcp --dport 24 -j REJECT\n-A INPUT -i lo -j ACCEPT")},
         moves=(Move("send", "local", proto="udp", src="198.51.100.10", dst=FAR, sport=1, dport=7), Move("send", "local", proto="udp", src="198.51.100.10", dst=FAR, sport=1, dport=8),
                Move("reply", of=1), Move("send", "local", src="198.51.100.10", dst=FAR, sport=2, dport=80), Move("reply", of=3, flags="SA"), Move("follow", of=3, flags="A"),
                Move("send", "local", proto="udp", src="127.0.0.1", dst="127.0.0.1", sport=3, dport=53), Move("send", "local", src="198.51.100.10", dst=FAR, sport=2, dport=23),
                Move("send", "local", src="198.51.100.10", dst=FAR, sport=2, dport=24), Move("send", "local", proto="icmp", src="10.1.0.1", dst="10.1.0.1", dport=4),
                Move("send", "local", src="127.0.0.1", dst="127.0.0.1", sport=4, dport=81))),
    Case("fragments", why="datagrams in fragments: rules see them whole, the wire sees fragments again",
         rules={"legacy": save(raw="-A PREROUTING -f\n-A PREROUTING -p udp --dport 9", nat="-A POSTROUTING -o eth2 -j MASQUERADE", filter="-A FORWARD -p udp --dport 9 -j ACCEPT\n-A FORWARD -f")},
         moves=(Move("send", "eth0", proto="udp", src=A, dst=FAR, sport=1, dport=9, size=100, pieces=48), Move("reply", of=0, size=100, pieces=64),
                Move("send", "eth0", proto="icmp", src=A, dst=FAR, dport=9, size=100, pieces=48))),
    Case("both-back-ends", why="legacy and nft rules at once: both run, a DROP in either ends it",
         rules={"legacy": save(filter="-A FORWARD -p tcp --dport 80 -j ACCEPT\n-A FORWARD -p tcp --dport 81 -j DROP", mangle="-A PREROUTING -p tcp"),
                "nft": save(filter="-A FORWARD -p tcp --dport 80 -j DROP\n-A FORWARD -p tcp --dport 82 -j ACCEPT", nat="-A POSTROUTING -o eth2 -j MASQUERADE")},
         moves=tuple(Move("send", "eth0", src=A, dst=FAR, sport=1, dport=port) for port in (80, 81, 82, 83))),
    Case("sets-and-types", why="ipset hash:ip and hash:net (nomatch), addrtype, multiport, physdev where there is no bridge",
         ipset="create hosts hash:ip\nadd hosts 10.1.0.2\ncreate nets hash:net\nadd nets 10.2.0.0/24\nadd nets 10.2.0.3 nomatch\n",
         rules={"nft": save(filter="""-A FORWARD -m set --match-set hosts src -m set ! --match-set nets dst
                               -A FORWARD -m set --match-set nets dst -m addrtype --src-type UNICAST -p tcp -m multiport --ports 80,1000:1010 -j ACCEPT
                               -A FORWARD -m set ! --match-set hosts src -j DROP
                               -A INPUT -m addrtype --dst-type LOCAL ! --src-type LOCAL""")},
         moves=(Move("send", "eth0", src=A, dst=B, sport=1, dport=80), Move("send", "eth0", src=A, dst="10.2.0.3", sport=1, dport=80),
                Move("send", "eth0", src="10.1.0.3", dst=B, sport=1005, dport=9), Move("send", "eth0", src="10.1.0.3", dst=B, sport=1, dport=9),
                Move("send", "eth0", src=A, dst="10.1.0.1", sport=1, dport=9))),
    Case("v6-router", family=6, why="IPv6: DNAT, MASQUERADE, ICMPv6 errors and echo, REJECT, hop limit 1",
         rules={"legacy": save(nat="""-A PREROUTING -d 2001:db8:64::10 -p tcp --dport 8080 -j DNAT --to-destination [2001:db8:1::2]:80
                                  -A POSTROUTING -s 2001:db8:1::/64 -o eth2 -j MASQUERADE""", filter="""-A FORWARD -p udp --dport 9 -j REJECT
                                  -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
                                  -A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
                                  -A OUTPUT -p ipv6-icmp""")},
         moves=(*handshake("eth2", "2001:db8:64::80", "2001:db8:64::10", 8080),
                Move("send", "eth0", proto="icmpv6", src="2001:db8:1::2", dst="2001:db8:99::1", dport=5), Move("reply", of=6),
                Move("send", "eth0", proto="udp", src="2001:db8:1::2", dst="2001:db8:99::1", sport=5, dport=9),
                Move("send", "eth0", proto="udp", src="2001:db8:1::2", dst="2001:db8:99::1", sport=5, dport=10), Move("error", of=9, code=4),
                Move("send", "eth0", proto="udp", src="2001:db8:1::2", dst="2001:db8:2::2", sport=5, dport=10, ttl=1))),
    Case("v6-bridge", world="bridge", family=6, why="IPv6 between containers, with br_netfilter, and out",
         rules={"nft": save(filter=""":FORWARD DROP
                               -A FORWARD -i docker0 -o docker0 -p tcp -j ACCEPT
                               -A FORWARD -m physdev --physdev-in veth1 --physdev-is-bridged -j ACCEPT
                               -A FORWARD -i docker0 ! -o docker0 -j ACCEPT""")},
         moves=(Move("send", "veth1", src="fd00:17::2", dst="fd00:17::3", sport=1, dport=80), Move("reply", of=0, flags="SA"),
                Move("send", "veth1", proto="udp", src="fd00:17::2", dst="fd00:17::3", sport=1, dport=80), Move("reply", of=2),
                Move("send", "veth1", proto="udp", src="fd00:17::2", dst="2001:db8:64::80", sport=1, dport=80), Move("reply", of=4))),
]
SCENARIOS = {case.name: case for case in CASES}
