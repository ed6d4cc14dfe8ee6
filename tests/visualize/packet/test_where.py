"""The --where language: `expression ; yes | no`, asked of one flow (see FLOW); and what it refuses, with the column."""

import re
from ipaddress import ip_address
from typing import Any

import pytest

from visualize.packet.where import compile_where

# A container's connection to the outside, masqueraded: 172.17.0.2:40000 > 198.51.100.80:80 left as 203.0.113.10:61000
FLOW: dict[str, Any] = {
    "flow": 3, "proto": "tcp", "src": ip_address("172.17.0.2"), "sport": 40000, "dst": ip_address("198.51.100.80"), "dport": 80,
    "src2": ip_address("203.0.113.10"), "sport2": 61000, "dst2": ip_address("198.51.100.80"), "dport2": 80, "verdict": "forwarded",
    "certainty": "assumed", "interface": "veth1", "out_interface": "eth0", "netns": "host", "container": {"web", "host"}}
PING: dict[str, Any] = {**FLOW, "proto": "icmpv6", "sport": None, "dport": None, "sport2": None, "dport2": None, "verdict": "dropped",
                        "out_interface": None, "src": ip_address("2001:db8::1"), "dst": ip_address("2001:db8::2"),
                        "src2": ip_address("2001:db8::1"), "dst2": ip_address("2001:db8::2"), "container": set()}

ABOUT_FLOW = """
host 172.17.0.2 ; yes
host 203.0.113.10 ; yes
host 198.51.100.80 ; yes
host 172.17.0.3 ; no
src 172.17.0.2 ; yes
src host 203.0.113.10 ; yes
dst 172.17.0.2 ; no
src 172.16.0.0/12 ; yes
src net 10.0.0.0/8 ; no
net 198.51.100.0/24 ; yes
host 172.17.0.2/16 ; yes
host 2001:db8::1 ; no
port 80 ; yes
port 40000 ; yes
port 61000 ; yes
src port 80 ; no
dst port 80 ; yes
dst port 81 ; no
port 79-81 ; yes
port 1-79 ; no
tcp ; yes
TCP ; yes
udp ; no
proto tcp ; yes
proto 6 ; yes
proto 17 ; no
verdict forwarded ; yes
verdict dropped ; no
certainty assumed ; yes
certainty unknown ; no
container web ; yes
container db ; no
container host ; yes
netns host ; yes
iface veth1 ; yes
iface eth0 ; yes
interface eth1 ; no
flow 3 ; yes
flow 4 ; no
not udp ; yes
! udp ; yes
not not udp ; no
not tcp or port 80 ; yes
not (tcp or port 80) ; no
tcp and port 80 ; yes
tcp port 80 ; yes
tcp && port 81 ; no
udp or port 80 and tcp ; yes
(udp or port 80) and icmp ; no
udp or icmp or tcp ; yes
udp || tcp ; yes
((tcp)) ; yes
host 172.17.0.2 and not dst port 443 and verdict forwarded ; yes
"""

ABOUT_PING = """
port 80 ; no
not port 80 ; yes
host 2001:db8::2 ; yes
src 2001:db8::/32 ; yes
src 0.0.0.0/0 ; no
icmpv6 ; yes
proto 58 ; yes
icmp ; no
iface eth0 ; no
verdict dropped and not container web ; yes
"""


def lines(text: str) -> list[tuple[str, bool]]:
    """(expression, what it answers)."""
    return [(line.split(" ; ")[0], line.endswith("yes")) for line in text.strip().splitlines()]


@pytest.mark.parametrize(("expression", "answer"), lines(ABOUT_FLOW))
def test_about_a_connection(expression: str, answer: bool) -> None:
    """Before and after NAT, either end, every word."""
    assert compile_where(expression)(FLOW) is answer


@pytest.mark.parametrize(("expression", "answer"), lines(ABOUT_PING))
def test_about_a_flow_without_ports(expression: str, answer: bool) -> None:
    """What it has not got never matches."""
    assert compile_where(expression)(PING) is answer


def test_a_record_without_the_keys_matches_nothing() -> None:
    """Packets that were not rewritten may leave the second form out."""
    for word in ("host 10.0.0.1", "port 1", "tcp", "container web", "iface eth0", "verdict dropped"):
        assert compile_where(word)({}) is False


@pytest.mark.parametrize(("text", "said"), [
    ("", "ends where a test was expected"),
    ("tcp and", "ends where a test was expected"),
    ("host", "ends where an address or network was expected"),
    ("(tcp", "ends where ')' was expected"),
    ("tcp)", "column 4: ')' stands where 'and', 'or' or the end was expected"),
    ("(tcp port)", "column 10: ')' stands where a port"),
    ("host 10.0.0", "column 6: '10.0.0' stands where an address or network was expected"),
    ("src net 10.0.0.0/33", "column 9: '10.0.0.0/33' stands where an address"),
    ("port http", "column 6: 'http' stands where a port or a range of ports was expected"),
    ("port 70000", "column 6: '70000' stands where a port"),
    ("port 90-80", "column 6: '90-80' stands where a port"),
    ("port 1-", "column 6: '1-' stands where a port"),
    ("proto tpc", "column 7: 'tpc' stands where a protocol"),
    ("verdict gone", "column 9: 'gone' stands where forwarded or delivered or dropped"),
    ("certainty maybe", "column 11: 'maybe' stands where certain or assumed or unknown was expected"),
    ("tcp and banana", "column 9: 'banana' stands where host, net, port"),
    ("flow x", "column 6: 'x' stands where a number"),
    ("(" * 5000 + "tcp", "nested too deeply"),
])
def test_what_it_refuses(text: str, said: str) -> None:
    """The column, the word there, and what was expected."""
    with pytest.raises(ValueError, match=re.escape(said)):
        compile_where(text)
