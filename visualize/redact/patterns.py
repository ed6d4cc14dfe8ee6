"""Where addresses, MAC addresses and identifiers stand in what hosts print."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from snapshot.parse.addresses import address

_QUAD = r"(?:\d{1,3}\.){3}\d{1,3}"
# an IPv6 address; `:33000` or `: text` behind it is a port or a sentence
_SIX = (rf"(?:(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}(?:{_QUAD}|[0-9A-Fa-f]{{1,4}})|(?:[0-9A-Fa-f]{{1,4}}:){{1,7}}:|::)"
        r"(?![0-9A-Fa-f]|:(?!\d{5}(?!\d))[0-9A-Fa-f:])")
TOKEN = re.compile(
    r"(?P<id64>(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z]))"
    r"|(?P<enx>(?<![\w])(?:enx|wlx|wwx)[0-9a-f]{12}(?!\w))"
    r"|(?P<bridge>(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{12}(?![\w.]))"
    r"|(?P<long>(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19}(?![0-9A-Fa-f:]))"
    r"|(?P<mac>(?<![0-9A-Fa-f:])[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}(?![0-9A-Fa-f:]))"
    rf"|(?P<six>(?<![0-9A-Fa-f:.]){_SIX})(?:/(?P<len6>\d{{1,3}}))?"
    rf"|(?P<four>(?<![\d.]){_QUAD}(?!\d|\.\d))(?:/(?P<len4>{_QUAD}|\d{{1,2}}))?"
    r"|(?P<id12>(?<![0-9A-Za-z])[0-9a-f]{12}(?![0-9A-Za-z]))")
RANGE = re.compile(rf"(?<![\w.])({_QUAD})-({_QUAD})(?![\w.])|(?<![\w:.])((?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f]{{0,4}})-"
                   r"((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])")


def four(text: str) -> IPv4Address | None:
    """The IPv4 address, if it is one; leading zeros are none."""
    try:
        found = address(text)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else None


def six(text: str) -> IPv6Address | None:
    """The IPv6 address, if it is one."""
    try:
        return IPv6Address(text)
    except AddressValueError:
        return None


def mac(text: str) -> bytes:
    """`2:42:c0:bd:5b:f0` (as `ip` prints a bridge id) or with two digits each: six bytes."""
    return bytes(int(part, 16) for part in text.split(":"))


def mac_like(model: str, value: bytes) -> str:
    """A MAC address, with as many digits as the model has and in its case."""
    short = any(len(part) == 1 for part in model.split(":"))
    text = ":".join(f"{byte:x}" if short else f"{byte:02x}" for byte in value)
    return text.upper() if model != model.lower() else text
