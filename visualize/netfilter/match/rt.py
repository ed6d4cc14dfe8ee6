"""`-m rt`: the IPv6 routing header (rt_mt6 in ip6t_rt.c).

    -A INPUT -m rt --rt-type 0 -j DROP
"""

from collections.abc import Sequence

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import extension_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, address, not_known, number_range, word, words
from visualize.packet.packet import Packet

ROUTING = 43
FIELDS = {"--rt-type": 2, "--rt-segsleft": 3, "--rt-len": 1}
FIRST_ADDRESS = 8  # behind the reserved word of a type 0 header


def _header(packet: Packet, needed: int = 4, negated: bool = False) -> bytes | Answer:
    """The header as far as its length says; a packet that is shorter than that is no match."""
    found = extension_bytes(packet, ROUTING, needed, negated)
    if isinstance(found, Answer):
        return found
    size = (found[1] + 1) * 8
    if len(found) < size and len(packet.raw) >= packet.length:
        return no("the routing header is longer than the packet")
    return extension_bytes(packet, ROUTING, size, negated)


def _there(packet: Packet, here: Here) -> Answer:
    header = _header(packet)
    return header if isinstance(header, Answer) else decide(True, "")


def _field_check(option: Option) -> Check:
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(packet: Packet, here: Here) -> Answer:
        header = _header(packet, 4, option.negated)
        if isinstance(header, Answer):
            return header
        value = header[FIELDS[option.name]]
        value = (value + 1) * 8 if option.name == "--rt-len" else value
        return decide(first <= value <= last, f"{option.name[2:]} is {value}", option.negated)

    return check


def _reserved(packet: Packet, here: Here) -> Answer:
    header = _header(packet, 8)
    return header if isinstance(header, Answer) else decide(header[4:8] == bytes(4), "the reserved word is not 0")


def _addresses_check(option: Option, strict: bool) -> Check:
    """--rt-0-addrs: exactly these addresses, or (--rt-0-not-strict) these in this order among others."""
    wanted = [address(text).packed for text in words(option)]

    def check(packet: Packet, here: Here) -> Answer:
        header = _header(packet)
        if isinstance(header, Answer):
            return header
        count = max(0, len(header[:(header[1] + 1) * 8]) - FIRST_ADDRESS) // 16
        found = [header[FIRST_ADDRESS + 16 * at:FIRST_ADDRESS + 16 * (at + 1)] for at in range(count)]
        return decide(found == wanted if strict else _in_order(wanted, found), "the routing header holds other addresses")

    return check


def _in_order(wanted: Sequence[bytes], found: Sequence[bytes]) -> bool:
    rest = list(wanted)
    for one in found:
        if rest and one == rest[0]:
            rest.pop(0)
    return not rest


def bind(clause: Clause, family: str) -> All:
    """Bind `-m rt`; addresses are compared last."""
    checks: list[Check] = [_there]
    strict = clause.option("--rt-0-not-strict") is None
    for option in clause.options:
        if option.name in FIELDS:
            checks.append(_field_check(option))
        elif option.name not in ("--rt-0-res", "--rt-0-addrs", "--rt-0-not-strict"):
            raise not_known(option)
    if clause.option("--rt-0-res") is not None:
        checks.append(_reserved)
    addresses = clause.option("--rt-0-addrs")
    return All([*checks, *([_addresses_check(addresses, strict)] if addresses is not None else [])])
