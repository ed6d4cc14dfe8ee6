"""A packet's address is the address that `ipaddress` knows, in every respect."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network
from pickle import dumps, loads

import pytest

from visualize.packet.address import four, six

TEXTS = ["0.0.0.0", "10.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.251", "255.255.255.255", "::", "::1", "fe80::1", "ff02::fb", "2001:db8::a",
         "::ffff:10.0.0.1"]


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_the_same_address(text: str) -> None:
    """Equal both ways, one key in a dictionary, of the same order, text and kind."""
    plain = IPv6Address(text) if ":" in text else IPv4Address(text)
    known = six(plain.packed) if ":" in text else four(plain.packed)
    assert known == plain
    assert plain == known
    assert {plain: 1}[known] == 1
    assert (str(known), repr(known), f"{known}", int(known), known.packed) == (str(plain), repr(plain), f"{plain}", int(plain), plain.packed)
    assert not known < plain
    assert not plain < known
    for name in ("version", "max_prefixlen", "is_multicast", "is_loopback", "is_link_local", "is_private", "is_unspecified"):
        assert getattr(known, name) == getattr(plain, name), name
    assert known in ip_network(f"{plain}/{plain.max_prefixlen}")
    assert loads(dumps(known)) == plain


def test_networks_hold_it() -> None:
    """It may be looked for in a network."""
    assert four(b"\x0a\x01\x02\x03") in IPv4Network("10.0.0.0/8")
    assert four(b"\x0b\x01\x02\x03") not in IPv4Network("10.0.0.0/8")
