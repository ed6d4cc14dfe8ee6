"""Routing: longest prefix, metric, policy rules, types, source addresses; each line a question and its answer."""

from ipaddress import ip_address

import pytest

from snapshot.host import Namespace
from snapshot.parse import ip_addr, ip_route, ip_rule
from visualize.datapath.routing import Fib, Query
from visualize.datapath.source import select_source

ADDRESSES = """2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 10.1.0.1/24 brd 10.1.0.255 scope global eth0
    inet 10.1.0.9/24 brd 10.1.0.255 scope global secondary eth0
    inet 10.9.0.1/24 scope global eth0
3: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 10.2.0.1/24 brd 10.2.0.255 scope global eth1
"""
ROUTES = """default via 10.2.0.254 dev eth1 metric 100
default via 10.1.0.254 dev eth0 metric 50
10.1.0.0/24 dev eth0 scope link src 10.1.0.1
10.2.0.0/24 dev eth1 scope link src 10.2.0.1
192.0.2.0/24 via 10.1.0.2 dev eth0
192.0.2.128/25 via 10.2.0.2 dev eth1
blackhole 198.51.100.0/24
unreachable 198.51.101.0/24
default via 10.2.0.3 dev eth1 table 100
throw 192.0.2.0/24 table 100
local 10.1.0.1 dev eth0 table local scope host
"""
RULES = """0: from all lookup local
50: from all fwmark 0x1000/0xf000 lookup 100
60: from 10.9.0.0/24 iif eth0 prohibit
32766: from all lookup main
"""


def fib() -> Fib:
    """The routing of the texts above."""
    interfaces = {i.name: i for i in ip_addr.parse(ADDRESSES)[0]}
    return Fib(Namespace("host", interfaces, ip_route.parse(ROUTES)[0], rules4=ip_rule.parse(RULES)[0]), 4)


@pytest.mark.parametrize(("to", "source", "incoming", "mark", "kind", "device"), [
    ("192.0.2.1", None, None, 0, "unicast", "eth0"),
    ("192.0.2.200", None, None, 0, "unicast", "eth1"),
    ("8.8.8.8", None, None, 0, "unicast", "eth0"),
    ("198.51.100.1", None, None, 0, "blackhole", None),
    ("198.51.101.1", None, None, 0, "unreachable", None),
    ("10.1.0.1", None, None, 0, "local", "eth0"),
    ("8.8.8.8", None, None, 0x1000, "unicast", "eth1"),
    ("8.8.8.8", None, None, 0x1FFF, "unicast", "eth1"),
    ("192.0.2.200", None, None, 0x1000, "unicast", "eth1"),
    ("192.0.2.1", None, None, 0x1000, "unicast", "eth0"),
    ("8.8.8.8", "10.9.0.7", "eth0", 0, "prohibit", None),
    ("8.8.8.8", "10.9.0.7", "eth1", 0, "unicast", "eth0"),
])
def test_lookup(to: str, source: str | None, incoming: str | None, mark: int, kind: str, device: str | None) -> None:
    """Type and interface of the route chosen."""
    found = fib().lookup(Query(ip_address(to), ip_address(source) if source else None, incoming, mark=mark))
    assert (found.type.value, found.device) == (kind, device)


@pytest.mark.parametrize(("device", "toward", "source"), [("eth0", "10.1.0.7", "10.1.0.1"), ("eth0", "10.9.0.7", "10.9.0.1"),
                                                          ("eth0", "8.8.8.8", "10.1.0.1"), ("eth1", "8.8.8.8", "10.2.0.1")])
def test_the_source_that_an_interface_lends(device: str, toward: str, source: str) -> None:
    """The primary address whose subnet holds the next hop, else the first primary one (inet_select_addr)."""
    assert str(select_source(fib().namespace, device, ip_address(toward))) == source
