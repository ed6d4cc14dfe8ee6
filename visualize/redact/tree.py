"""One keyed, prefix-preserving map for IPv4, IPv6 and MAC addresses (after Crypto-PAn, Xu et al. 2002), and its inverse.

Bit n of an address is flipped or not by a keyed function of the n bits before it: two addresses share as many leading bits after as
before, so routes, rules and sets mean the same. Nodes of that binary tree where no flip may happen are *pinned*:

- the ways to the special blocks: loopback, link-local, multicast, broadcast, unspecified and the private ranges map onto themselves;
- the all-zeros and all-ones hosts of networks that interfaces are in: a broadcast address stays one;
- both ends of address ranges (`iprange`, `--to-source A-B`): a range stays a range.

The lower half of an IPv6 address has a tree of its own, which MAC addresses share by way of EUI-64: `fe80::42:acff:fe11:2` still belongs
to 02:42:ac:11:00:02, and that still to 172.17.0.2 (Docker makes a container's MAC of its address).
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_KEPT4 = [IPv4Network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")]
_KEPT4_BITS = [(block.prefixlen, int(block.network_address) >> (32 - block.prefixlen)) for block in _KEPT4]
_CLASSES4 = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
_MASKS4 = [IPv4Network("128.0.0.0/32"), IPv4Network("192.0.0.0/32")]  # netmasks that could be taken for addresses
# upper halves: (value, length) of blocks that map onto themselves
_CLASSES6 = [(0xFC << 56, 8), (0xFD << 56, 8), (0xFE80 << 48, 64), (0xFF << 56, 8), (0, 8), (0x2002 << 48, 16), (0x0064FF9B << 32, 64), (1 << 61, 3)]
_V4_IN_V6 = (0xFFFF, 0)  # low 64 bits' upper 32 behind ::, i.e. ::ffff:a.b.c.d and ::a.b.c.d
_NAT64 = 0x0064FF9B << 96
_DOCKER = 0x0042  # the first 16 bits of the EUI-64 form of 02:42
_FFFE = 0xFFFE


def _path(value: int, width: int, start: int, end: int) -> Iterable[tuple[int, int]]:
    """The nodes (depth, bits before) on the way to a value, from one depth up to another."""
    return ((depth, value >> (width - depth)) for depth in range(start, end))


class AddressMap:
    """The map. `networks` are those that interfaces are in, `ranges` pairs of ends."""

    def __init__(self, key: bytes, networks: Iterable[Network] = (), ranges: Iterable[tuple[Address, Address]] = ()) -> None:
        self.key = key
        self.networks = sorted(set(networks), key=str)
        self.ranges = sorted(set(ranges), key=str)
        self._four = {node for block in (*_KEPT4, *_CLASSES4, *_MASKS4) for node in _path(int(block.network_address), 32, 0, block.prefixlen)}
        self._upper = {node for value, length in _CLASSES6 for node in _path(value, 64, 0, length)}
        self._lower: set[tuple[int, int]] = set()
        self.low24: dict[int, int] = {}  # of unicast addresses: what their solicited-node groups end in
        for network in self.networks:
            self._pin_network(network)
        for first, last in self.ranges:
            self._pin_range(int(first), int(last), first.version)
        self.map = lru_cache(maxsize=1 << 16)(self._map)
        self.mac = lru_cache(maxsize=1 << 16)(self._mac)

    # -- pins -------------------------------------------------------------------------------------------------------------

    def _pin(self, value: int, version: int, start: int, end: int) -> None:
        """Pin the nodes on the way to an address between two depths."""
        if version == 4:
            self._four |= set(_path(value, 32, start, end))
            return
        self._upper |= set(_path(value >> 64, 64, start, min(end, 64)))
        self._lower |= set(_path(value & (1 << 64) - 1, 64, max(start - 64, 0), end - 64))

    def _pin_network(self, network: Network) -> None:
        width = network.max_prefixlen
        if network.prefixlen < width:
            self._pin(int(network.network_address), network.version, network.prefixlen, width)
            if network.version == 4:
                self._pin(int(network.broadcast_address), 4, network.prefixlen, width)

    def _pin_range(self, first: int, last: int, version: int) -> None:
        width = 32 if version == 4 else 128
        common = width - (first ^ last).bit_length()
        for end in (first, last):
            self._pin(end, version, common, width)

    # -- the trees ---------------------------------------------------------------------------------------------------------

    def _chance(self, tree: bytes, depth: int, bits: int) -> int:
        return hashlib.blake2b(b"%s%d:%x" % (tree, depth, bits), key=self.key, digest_size=1).digest()[0] & 1

    def _flip4(self, depth: int, bits: int) -> int:
        for length, value in _KEPT4_BITS:
            if depth >= length and bits >> (depth - length) == value:
                return 0
        return self._flip_any4(depth, bits)

    def _flip_any4(self, depth: int, bits: int) -> int:
        """The same for the last four bytes of a MAC address, which may be 127 or 224 without meaning it."""
        return 0 if (depth, bits) in self._four else self._chance(b"4", depth, bits)

    def _flip_upper(self, depth: int, bits: int) -> int:
        return 0 if (depth, bits) in self._upper else self._chance(b"6", depth, bits)

    def _flip_lower(self, depth: int, bits: int) -> int:
        """Of an interface identifier: U/L and I/G bits stay, `ff:fe` in the middle stays, 02:42 is followed by an IPv4 address."""
        if (depth, bits) in self._lower or depth in (6, 7) or (depth < 16 and bits == _DOCKER >> (16 - depth)):
            return 0
        if 24 <= depth < 40 and bits & ((1 << (depth - 24)) - 1) == _FFFE >> (40 - depth):
            return 0
        docker = depth >= 16 and bits >> (depth - 16) == _DOCKER
        if docker and depth < 24:
            return self._flip_any4(depth - 16, bits & ((1 << (depth - 16)) - 1))
        if docker and depth >= 40 and bits >> (depth - 40) & 0xFFFF == _FFFE:
            head = bits >> (depth - 24) & 0xFF
            return self._flip_any4(depth - 32, head << (depth - 40) | bits & ((1 << (depth - 40)) - 1))
        return self._chance(b"i", depth, bits)

    @staticmethod
    def _walk(value: int, width: int, flip: Callable[[int, int], int], back: bool) -> int:
        """Map a value down a tree, or back up: the bits before are always the original's."""
        original = mapped = 0
        for depth in range(width):
            bit = value >> (width - 1 - depth) & 1
            turned = bit ^ flip(depth, original)
            original, mapped = original << 1 | (turned if back else bit), mapped << 1 | turned
        return mapped

    # -- addresses ------------------------------------------------------------------------------------------------------------

    def _map(self, address: Address, back: bool = False) -> Address:
        """The address's image; with `back`, the address whose image it is."""
        if isinstance(address, IPv4Address):
            return IPv4Address(self._walk(int(address), 32, self._flip4, back))
        value = int(address)
        upper, lower = value >> 64, value & (1 << 64) - 1
        if value <= 1 or upper >> 56 == 0xFF:
            return self._group(value, back)
        if (upper == 0 and lower >> 32 in _V4_IN_V6) or value >> 32 == _NAT64 >> 32:
            return IPv6Address(value & ~0xFFFFFFFF | int(self._map(IPv4Address(value & 0xFFFFFFFF), back)))
        if upper >> 48 == 0x2002:
            four = int(self._map(IPv4Address(upper >> 16 & 0xFFFFFFFF), back))
            upper = 0x2002 << 48 | four << 16 | upper & 0xFFFF
        elif upper >> 54 != 0xFE80 >> 6 or upper == 0xFE80 << 48:
            upper = self._walk(upper, 64, self._flip_upper, back)
        return IPv6Address(upper << 64 | self._walk(lower, 64, self._flip_lower, back))

    def _group(self, value: int, back: bool) -> IPv6Address:
        """Multicast stays; a solicited-node group ends as the addresses that it stands for."""
        if value >> 24 == 0xFF0200000000000000000001FF:
            value = value & ~0xFFFFFF | self._last24(value & 0xFFFFFF, back)
        return IPv6Address(value)

    def _last24(self, value: int, back: bool) -> int:
        known = next((old for old, new in self.low24.items() if new == value), None) if back else self.low24.get(value)
        return known if known is not None else self._walk(value, 24, lambda depth, bits: self._chance(b"s", depth, bits), back)

    def network(self, network: Network, back: bool = False) -> Network:
        """A network's image: as long, with no host bits."""
        image = self.map(network.network_address, back)
        width = network.max_prefixlen
        value = int(image) >> (width - network.prefixlen) << (width - network.prefixlen)
        return type(network)((value, network.prefixlen))

    def _mac(self, address: bytes, back: bool = False) -> bytes:
        """A MAC address's image: six bytes."""
        if address[:3] == b"\x33\x33\xff":
            return address[:3] + self._last24(int.from_bytes(address[3:], "big"), back).to_bytes(3, "big")
        if self.is_special(address):
            return address
        lower = bytes((address[0] ^ 2,)) + address[1:3] + b"\xff\xfe" + address[3:]
        image = self._walk(int.from_bytes(lower, "big"), 64, self._flip_lower, back).to_bytes(8, "big")
        return bytes((image[0] ^ 2,)) + image[1:3] + image[5:]


    @staticmethod
    def is_special(mac: bytes) -> bool:
        """A group's, none at all, or one that a protocol assigns (IANA, as VRRP's): it stays."""
        return bool(mac[0] & 1) or mac == bytes(6) or mac[:3] == b"\0\0\x5e"

    def learn(self, addresses: Iterable[Address]) -> None:
        """Remember in which 24 bits unicast addresses end, for their solicited-node groups."""
        for address in sorted((a for a in addresses if a.version == 6 and not a.is_multicast), key=int):
            self.low24.setdefault(int(address) & 0xFFFFFF, int(self.map(address)) & 0xFFFFFF)
        self.map.cache_clear()
        self.mac.cache_clear()
