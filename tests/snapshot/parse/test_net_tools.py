"""`ifconfig`, `route`, `arp` and `netstat` of net-tools and busybox tell what `ip` and `ss` would."""

import pytest

from snapshot.host.link import Interface
from snapshot.parse import net_tools

NEW = """eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1400
        inet 192.0.2.10  netmask 255.255.255.128  broadcast 192.0.2.127
        inet6 2001:db8::10  prefixlen 64  scopeid 0x0<global>
        inet6 fe80::1  prefixlen 64  scopeid 0x20<link>
        ether 02:00:00:00:00:0A  txqueuelen 1000  (Ethernet)
        RX packets 5  bytes 426 (426.0 B)

eth0:1: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1400
        inet 192.0.2.11  netmask 255.255.255.128  broadcast 192.0.2.127
        ether 02:00:00:00:00:0A  txqueuelen 1000  (Ethernet)

eth1: flags=4098<BROADCAST,MULTICAST>  mtu 1500

tun0: flags=4305<UP,POINTOPOINT,RUNNING,NOARP,MULTICAST>  mtu 1500
        inet 10.8.0.1  netmask 255.255.255.255  destination 10.8.0.2
"""
OLD = """eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:0A
          inet addr:192.0.2.10  Bcast:192.0.2.127  Mask:255.255.255.128
          inet6 addr: 2001:db8::10/64 Scope:Global
          inet6 addr: fe80::1/64 Scope:Link
          UP BROADCAST RUNNING MULTICAST  MTU:1400  Metric:1
          RX packets:5 errors:0 dropped:0 overruns:0 frame:0

eth0:1    Link encap:Ethernet  HWaddr 02:00:00:00:00:0A
          inet addr:192.0.2.11  Bcast:192.0.2.127  Mask:255.255.255.128
          UP BROADCAST RUNNING MULTICAST  MTU:1400  Metric:1

eth1      Link encap:Ethernet  HWaddr 02:00:00:00:00:0B
          BROADCAST MULTICAST  MTU:1500  Metric:1

tun0      Link encap:UNSPEC  HWaddr 00-00-00-00
          inet addr:10.8.0.1  P-t-P:10.8.0.2  Mask:255.255.255.255
          UP POINTOPOINT RUNNING NOARP MULTICAST  MTU:1500  Metric:1
"""


@pytest.mark.parametrize("text", [NEW, OLD], ids=["net-tools 2", "net-tools 1, busybox"])
def test_both_forms_of_ifconfig_tell_the_same(text: str) -> None:
    """Addresses with their lengths and scopes, aliases as further addresses, what is up, what the MTU is."""
    interfaces, findings = net_tools.ifconfig(text)
    by_name: dict[str, Interface] = {one.name: one for one in interfaces}
    assert not findings
    eth0 = by_name["eth0"]
    assert [(str(a.local), a.prefix_length, a.scope) for a in eth0.addresses] == [
        ("192.0.2.10", 25, "global"), ("2001:db8::10", 64, "global"), ("fe80::1", 64, "link"), ("192.0.2.11", 25, "global")]
    assert (eth0.mac, eth0.mtu, eth0.up, "LOWER_UP" in eth0.flags) == ("02:00:00:00:00:0a", 1400, True, True)
    assert not by_name["eth1"].up
    assert str(by_name["tun0"].addresses[0].peer) == "10.8.0.2"


ROUTE = """Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         192.0.2.1       0.0.0.0         UG    100    0        0 eth0
10.7.0.0        -               255.255.0.0     !     0      -        0 -
192.0.2.0       0.0.0.0         255.255.255.128 U     0      0        0 eth0
"""
NETSTAT = """Kernel IP routing table
Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface
0.0.0.0         192.0.2.1       0.0.0.0         UG        0 0          0 eth0
10.7.0.0        -               255.255.0.0     !         - -          - -
192.0.2.0       0.0.0.0         255.255.255.128 U         0 0          0 eth0
"""


@pytest.mark.parametrize(("text", "metric"), [(ROUTE, 100), (NETSTAT, 0)], ids=["route -n", "netstat -rn"])
def test_routes(text: str, metric: int) -> None:
    """The main table; netstat does not show metrics; a reject route is unreachable."""
    routes, findings = net_tools.route(text, "route")
    assert not findings
    assert [route.text for route in routes] == ["default via 192.0.2.1 dev eth0" + (" metric 100" if metric else ""), "unreachable 10.7.0.0/16", "192.0.2.0/25 dev eth0"]
    assert [route.line for route in routes] == [3, 4, 5]


def test_routes_of_ipv6() -> None:
    """The host's own addresses are local routes, the kernel's last entries are none."""
    text = """Kernel IPv6 routing table
Destination                    Next Hop                   Flag Met Ref Use If
fd00::/64                      ::                         U    256 2      0 eth0
::/0                           fe80::1                    UG   1024 1     0 eth0
::1/128                        ::                         Un   0   2      0 lo
fd00::1/128                    ::                         Un   0   2      0 eth0
ff00::/8                       ::                         U    256 5      0 eth0
::/0                           ::                         !n   -1  1      0 lo
"""
    routes, findings = net_tools.route(text, "x", 6)
    assert not findings
    assert [(route.text, route.type.value) for route in routes] == [
        ("fd00::/64 dev eth0 metric 256", "unicast"), ("default via fe80::1 dev eth0 metric 1024", "unicast"), ("local ::1 dev lo table local", "local"),
        ("local fd00::1 dev eth0 table local", "local"), ("multicast ff00::/8 dev eth0 table local metric 256", "multicast")]


def test_a_gateway_that_is_a_name_costs_only_its_address() -> None:
    """Without -n: the interface still decides, and the line is found."""
    routes, findings = net_tools.route("default  _gateway  0.0.0.0  UG 202 0 0 eth0\n", "x")
    assert [(route.nexthops[0].device, route.nexthops[0].gateway) for route in routes] == [("eth0", None)]
    assert "_gateway is a name" in findings[0].why


def test_neighbours() -> None:
    """Both forms of `arp`; an incomplete one has no address; a name is found and left out."""
    table = "Address  HWtype  HWaddress  Flags Mask  Iface\n192.0.2.1  ether  02:00:00:00:00:01  C  eth0\n192.0.2.9  (incomplete)  eth0\ngw  ether  02:00:00:00:00:02  C  eth0\n"
    found, findings = net_tools.arp(table, "arp")
    assert [(str(one.address), one.device, one.mac) for one in found] == [("192.0.2.1", "eth0", "02:00:00:00:00:01"), ("192.0.2.9", "eth0", None)]
    assert [finding.line for finding in findings] == [4]
    bsd, _ = net_tools.arp("? (192.0.2.1) at 02:00:00:00:00:01 [ether] PERM on eth0\ngw (192.0.2.9) at <incomplete> on eth0\n")
    assert [(str(one.address), one.state) for one in bsd] == [("192.0.2.1", "PERMANENT"), ("192.0.2.9", "INCOMPLETE")]


def test_listeners() -> None:
    """TCP in LISTEN and bound UDP sockets; connections are passed over."""
    text = """Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      612/sshd: /usr/sbin
tcp        0      0 192.0.2.10:22           203.0.113.5:40000       ESTABLISHED 700/sshd
tcp6       0      0 :::8080                 :::*                    LISTEN      900/docker-proxy
udp        0      0 127.0.0.53:53           0.0.0.0:*                           500/systemd-resolve
"""
    found, findings = net_tools.netstat(text)
    assert not findings
    assert [(one.protocol, one.port, str(one.address), one.family, one.process) for one in found] == [
        ("tcp", 22, "None", 4, "sshd"), ("tcp", 8080, "None", None, "docker-proxy"), ("udp", 53, "127.0.0.53", 4, "systemd-resolve")]
