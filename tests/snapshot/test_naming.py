"""Which command's output a file is, by its name or by the command line."""

import pytest

from snapshot.commands import COMMANDS
from snapshot.naming import command, place

CASES = """
ip a ; host ip-addr 0
ip -br a ; host ip-addr 0
sudo ip -4 route show table all ; host ip-route 4
ip -6 r ; host ip-route 6 partial
ip -f inet6 route list table all ; host ip-route 6
ip netns exec web ip -4 r ; web ip-route 4 partial
ip -n web addr ; web ip-addr 0
docker exec -it web ip route show table 0 ; web ip-route 0
nsenter -t 4242 -n iptables-save ; pid-4242 iptables 4
LANG=C /usr/sbin/iptables -t nat -nvL ; host iptables-list 4 nat
timeout 5 iptables -L -n -v ; host iptables-list 4 filter
iptables -L DOCKER -nv ; host iptables-list 4 filter partial
ip6tables -vnxL ; host ip6tables-list 6 filter
iptables -S ; host iptables 4 filter
iptables -t nat --list-rules ; host iptables 4 nat
iptables-legacy-save -c ; host iptables 4
ip -j neigh ; host ip-neigh 0 json
ip ru ; host ip-rule 0
bridge -d -j link show ; host bridge-link 0 json
bridge fdb show br docker0 ; host bridge-fdb 0 partial
brctl showmacs docker0 ; host brctl-macs 0
netstat -rn ; host netstat-r 4
netstat -tulpn ; host netstat-l 0
route -n | grep default ; host route 4
arp -an ; host arp 0
ifconfig -a ; host ifconfig 0
cat /proc/net/nf_conntrack ; host conntrack 0
cat /proc/net/ipv6_route ; host proc-ipv6-route 6
conntrack -L -f ipv6 -o extended ; host conntrack 6
nft -a list ruleset ; host nft 0
nft list table inet filter ; host nft 0 partial
ss -tulpn ; host ss 0
sysctl -a 2>/dev/null ; host sysctl 0
ipset list ; host ipset-list 0
docker inspect $(docker ps -q) ; host docker-inspect 0 json
podman network inspect podman ; host docker-network-inspect 0 json
crictl inspectp 4f66 ; host docker-inspect 0 json
ip route get 1.1.1.1 ; nothing
ip addr add 10.0.0.1/8 dev eth0 ; nothing
ip neigh show nud noarp ; nothing
ip mroute show ; nothing
ip -s link help ; nothing
conntrack -S ; nothing
ss -s ; nothing
netstat -s ; nothing
docker network ls ; nothing
docker image inspect busybox ; nothing
iptables -A INPUT -j DROP ; nothing
route add default gw 10.0.0.1 ; nothing
cat /etc/hosts ; nothing
"""
FILES = """
ip-4-route.json ; host ip-route 4 json partial
netns/web/ip-addr.txt ; web ip-addr 0
sos_commands/networking/ip_-6_route_show_table_all ; networking ip-route 6
sos_commands/networking/ip_netns_exec_fip-1_2_ip_-s_-s_neigh_show ; fip-1_2 ip-neigh 0
sos_commands/firewall_tables/.usr.sbin.iptables_-t_mangle_-nvL ; firewall_tables iptables-list 4 mangle
01-ip-addr.txt ; host ip-addr 0
dockerhost_iptables-save.txt ; host iptables 4
proc-net-if_inet6.txt ; host proc-if-inet6 6
proc/net/route ; host proc-route 4
after-conntrack-4.txt ; nothing
before-iptables-save.txt ; nothing
ip-addr.txt.err ; nothing
proc/sys/net/bridge/bridge-nf-filter-vlan-tagged ; nothing
conntrack-expect.txt ; host conntrack-expect 0
README.md ; nothing
../../etc/passwd ; nothing
"""


def told(found: object) -> str:
    """A place in the words of the tables above."""
    from snapshot.naming import Place
    if not isinstance(found, Place):
        return "nothing"
    words = [found.netns, found.fact, str(found.family), found.table, "json" if found.json else "", "partial" if found.partial else ""]
    return " ".join(word for word in words if word)


@pytest.mark.parametrize("case", [line for line in CASES.splitlines() if line])
def test_a_command_line_tells_its_fact(case: str) -> None:
    """The fact, its namespace, family and table, by the words that were typed."""
    line, _, want = case.partition(" ; ")
    assert told(command(line)) == want


@pytest.mark.parametrize("case", [line for line in FILES.splitlines() if line])
def test_a_file_s_name_tells_its_fact(case: str) -> None:
    """In our spelling, in sosreport's, and in people's."""
    path, _, want = case.partition(" ; ")
    assert told(place(path)) == want


@pytest.mark.parametrize("one", [one for one in COMMANDS if one.parser], ids=[one.file for one in COMMANDS if one.parser])
def test_our_own_files_and_commands_agree(one: object) -> None:
    """What the collector saves is found by the name that it gives it."""
    from snapshot.commands import Command
    assert isinstance(one, Command)
    found = place(("netns/web/" if one.per_netns else "once/") + one.file)
    assert found is not None
    assert found.netns == ("web" if one.per_netns else "host")
    typed = command(one.command)
    assert typed is None or (typed.fact, typed.json) == (found.fact, found.json)
