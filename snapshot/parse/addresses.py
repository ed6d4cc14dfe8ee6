"""Addresses and prefixes from text, fast: a table of half a million routes or connections holds little else."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

from snapshot.host.link import IPAddress, IPNetwork

_OCTETS = {str(number): number for number in range(256)}
_LENGTHS = {str(number) for number in range(33)}


def _number(text: str) -> int | None:
    """The number of a plain dotted quad; None for any other text."""
    try:
        one, two, three, four = text.split(".")
        return _OCTETS[one] << 24 | _OCTETS[two] << 16 | _OCTETS[three] << 8 | _OCTETS[four]
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=1 << 16)  # one address is told many times
def address(text: str) -> IPAddress:
    """`ip_address`. Raises ValueError."""
    number = _number(text)
    return ip_address(text) if number is None else IPv4Address(number)


def network(text: str) -> IPNetwork:
    """`ip_network`, with or without host bits. Raises ValueError."""
    base, slash, length = text.partition("/")
    number = _number(base) if slash and length in _LENGTHS else None
    return ip_network(text, strict=False) if number is None else IPv4Network((number, int(length)), strict=False)
