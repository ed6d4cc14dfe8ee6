"""The address map: a bijection that keeps prefixes, classes, networks, broadcasts, ranges, and what MAC addresses have to do with them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualize.redact.tree import AddressMap

NETWORKS = [ip_network(text) for text in ("172.17.0.0/16", "192.168.4.0/24", "203.0.113.0/24", "10.1.0.4/31", "fd00:1::/64", "2001:db8:1::/80")]
RANGES = [(ip_address("198.51.100.7"), ip_address("198.51.100.99")), (ip_address("2001:db8::5"), ip_address("2001:db8::77"))]
TREE = AddressMap(b"a key for tests!", NETWORKS, RANGES)
FOUR, SIX = st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)


def common(first: IPv4Address | IPv6Address, second: IPv4Address | IPv6Address) -> int:
    """How many leading bits two addresses share."""
    return first.max_prefixlen - (int(first) ^ int(second)).bit_length()


@settings(max_examples=300)
@given(FOUR, st.integers(0, 31), st.integers(0, 2**32 - 1))
def test_two_ipv4_addresses_share_as_many_bits_as_before(address: IPv4Address, depth: int, rest: int) -> None:
    """Prefix-preserving, for any two addresses."""
    other = IPv4Address(int(address) ^ (1 << (31 - depth)) ^ (rest & ((1 << (31 - depth)) - 1)))
    assert common(TREE.map(address), TREE.map(other)) == common(address, other) == depth


@settings(max_examples=300)
@given(SIX, st.integers(0, 127), st.integers(0, 2**128 - 1))
def test_two_ipv6_addresses_share_as_many_bits_as_before(address: IPv6Address, depth: int, rest: int) -> None:
    """The same for unicast IPv6 (solicited-node groups end as their addresses do)."""
    other = IPv6Address(int(address) ^ (1 << (127 - depth)) ^ (rest & ((1 << (127 - depth)) - 1)))
    if not {int(one) >> 112 for one in (address, other)} & {0, 0x2002, 0x64} and not address.is_multicast and not other.is_multicast:
        assert common(TREE.map(address), TREE.map(other)) == common(address, other) == depth


@settings(max_examples=300)
@given(st.one_of(FOUR, SIX))
def test_it_can_be_turned_back(address: IPv4Address | IPv6Address) -> None:
    """The inverse is exact, for every address."""
    assert TREE.map(TREE.map(address), True) == address


@settings(max_examples=300)
@given(st.binary(min_size=6, max_size=6))
def test_a_mac_address_keeps_its_bits_and_can_be_turned_back(mac: bytes) -> None:
    """Group and local bits stay; groups, none and IANA's stay whole."""
    image = TREE.mac(mac)
    assert image[0] & 3 == mac[0] & 3
    assert TREE.mac(image, True) == mac
    if AddressMap.is_special(mac) and mac[:3] != b"\x33\x33\xff":
        assert image == mac


@settings(max_examples=300)
@given(FOUR)
def test_the_class_stays(address: IPv4Address) -> None:
    """Private stays private in its own block, public stays public."""
    image = TREE.map(address)
    for block in map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")):
        assert (address in block) == (image in block)


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.8.7", "0.0.0.0", "255.255.255.255", "255.255.240.0", "224.0.0.251", "239.1.2.3", "169.254.7.8", "128.0.0.0",
                                  "::", "::1", "ff02::fb", "ff05::2", "fe80::"])
def test_special_addresses_stay(text: str) -> None:
    """Loopback, link-local, multicast, broadcast, unspecified and netmasks."""
    assert str(TREE.map(ip_address(text))) == text


def test_networks_and_broadcasts_of_interfaces_stay_such() -> None:
    """The all-zeros and all-ones host of a network that an interface is in."""
    for network in NETWORKS:
        image = TREE.network(network)
        assert image.prefixlen == network.prefixlen
        assert TREE.map(network.network_address) == image.network_address
        if network.version == 4:
            assert TREE.map(network.broadcast_address) == image.broadcast_address


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(0, 31))
def test_addresses_are_in_a_range_or_network_as_before(value: int, length: int) -> None:
    """A range's image is the range between the images of its ends; a network's image holds the images of its addresses."""
    first, last = RANGES[0]
    near = IPv4Address(int(first) & ~0xFF | value & 0xFF)
    assert (int(first) <= int(near) <= int(last)) == (int(TREE.map(first)) <= int(TREE.map(near)) <= int(TREE.map(last)))
    network = ip_network((value >> (32 - length) << (32 - length) if length else 0, length))
    assert (near in network) == (TREE.map(near) in TREE.network(network))


def test_dockers_mac_and_eui64_go_on_belonging_together() -> None:
    """02:42 and the container's address; a link-local address and its interface's MAC; a solicited-node group and its address."""
    tree = AddressMap(b"another key", NETWORKS)
    address = ip_address("172.17.0.2")
    tree.learn([ip_address("fe80::42:acff:fe11:2"), address])
    assert tree.mac(bytes.fromhex("0242ac110002")) == bytes.fromhex("0242") + tree.map(address).packed
    mac = tree.mac(bytes.fromhex("525400aabbcc"))
    lower = bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]
    assert tree.map(ip_address("fe80::5054:ff:feaa:bbcc")).packed[8:] == lower
    group = tree.map(ip_address("ff02::1:ff11:2"))
    assert group.packed[13:] == tree.map(ip_address("fe80::42:acff:fe11:2")).packed[13:]
    assert tree.mac(bytes.fromhex("3333ff110002"))[3:] == group.packed[13:]


def test_an_ipv4_address_inside_an_ipv6_one_is_mapped_as_itself() -> None:
    """::ffff:a.b.c.d, 64:ff9b::a.b.c.d and 6to4."""
    four = ip_address("203.0.113.9")
    image = TREE.map(four).packed
    for text, at in (("::ffff:203.0.113.9", 12), ("64:ff9b::203.0.113.9", 12), ("2002:cb00:7109::1", 2)):
        assert TREE.map(ip_address(text)).packed[at:at + 4] == image


def test_another_key_gives_another_map() -> None:
    """Nothing can be told without the key."""
    other = AddressMap(b"some other key", NETWORKS)
    addresses = [IPv4Address(0x08080808 + n * 65537) for n in range(50)]
    assert sum(TREE.map(a) == other.map(a) for a in addresses) < 5
