"""`-m u32`: arithmetic on four bytes at a time (u32_match_it in xt_u32.c).

    -A INPUT -m u32 --u32 "0>>22&0x3C@4>>16=0x50,0x1F90:0x1F99" -j DROP
"""

import re
from dataclasses import dataclass

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import current_bytes, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet

_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class U32Test:
    """One `location=values`: where to read first, the operations, the ranges."""

    start: int
    operations: tuple[tuple[str, int], ...]
    ranges: tuple[tuple[int, int], ...]


class _NotCaptured(Exception):
    pass


def _read(packet: Packet, data: bytes, at: int) -> int | None:
    """Four bytes, None beyond the packet's end."""
    if at + 4 > (packet.length or len(data)):
        return None
    if at + 4 > len(data):
        raise _NotCaptured
    return int.from_bytes(data[at:at + 4], "big")


def _holds(test: U32Test, packet: Packet, data: bytes) -> bool:
    base = 0
    value = _read(packet, data, test.start)
    for operator, number in test.operations:
        if value is None:
            return False
        match operator:
            case "&":
                value &= number
            case "<<":
                value = value << number & _WORD
            case ">>":
                value >>= number
            case _:
                base += value
                value = _read(packet, data, base + number)
    return value is not None and any(first <= value <= last for first, last in test.ranges)


class U32:
    """The bound match: all tests hold."""

    def __init__(self, tests: list[U32Test], negated: bool) -> None:
        self.tests, self.negated = tests, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """UNKNOWN where the bytes were not captured."""
        data = current_bytes(packet)
        if not data:
            return not_captured("the packet's bytes").negate(self.negated)
        try:
            return decide(all(_holds(test, packet, data) for test in self.tests), "the bytes differ", self.negated)
        except _NotCaptured:
            return not_captured("the bytes that u32 reads").negate(self.negated)


def _test(text: str) -> U32Test:
    location, equals, values = text.partition("=")
    parts = re.split(r"(&|<<|>>|@)", location)
    if not equals or len(parts) % 2 == 0:
        raise BindError(f"{text!r} is not a u32 test")
    operations = tuple((parts[i], integer(parts[i + 1])) for i in range(1, len(parts), 2))
    ranges = []
    for value in values.lstrip("=").split(","):
        first, colon, last = value.partition(":")
        ranges.append((integer(first), integer(last) if colon else integer(first)))
    return U32Test(integer(parts[0]), operations, tuple(ranges))


def bind(clause: Clause, family: str) -> U32:
    """Bind `-m u32`."""
    for option in clause.options:
        if option.name != "--u32":
            raise not_known(option)
        return U32([_test(re.sub(r"\s+", "", part)) for part in word(option).split("&&")], option.negated)
    raise BindError("--u32 is missing")
