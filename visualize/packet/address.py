"""Addresses of packets: those of `ipaddress`, equal to them in everything, that know what is asked of them for every packet.

`ipaddress` works out the hash, the text and the kind of an address anew each time; here that is done once for each address.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

_KNOWN = ("_hash", "_text", "is_link_local", "is_loopback", "is_multicast")


class _Known:
    """What both families have in common: hash, text and kind are worked out when the address is made."""

    __slots__ = ()
    version: int
    _hash: int
    _text: str

    def __init__(self, address: object) -> None:
        super().__init__(address)  # type: ignore[call-arg]
        plain: Any = super()
        known: Any = self
        known._hash, known._text = plain.__hash__(), plain.__str__()
        known.is_link_local, known.is_loopback, known.is_multicast = plain.is_link_local, plain.is_loopback, plain.is_multicast

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"IPv{self.version}Address({self._text!r})"


class PacketAddress4(_Known, IPv4Address):
    """An IPv4 address of a packet."""

    __slots__ = _KNOWN
    version = 4


class PacketAddress6(_Known, IPv6Address):
    """An IPv6 address of a packet."""

    __slots__ = _KNOWN
    version = 6


four = lru_cache(maxsize=65536)(PacketAddress4)
six = lru_cache(maxsize=65536)(PacketAddress6)
