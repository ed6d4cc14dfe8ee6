"""`-m esp`: the SPI of an ESP packet (esp_mt in xt_esp.c).

    -A INPUT -p esp -m esp --espspi 500:600 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.headers import needed_bytes, no_transport
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet, Protocol


def _header(packet: Packet, here: Here) -> Answer:
    return no_transport(packet, Protocol.ESP) or yes()


def spi_check(option: Option, at: int, size: int) -> Check:
    """The 32-bit SPI at a place of a header of `size` bytes lies in the range."""
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(packet: Packet, here: Here) -> Answer:
        found = needed_bytes(packet, 0, size, option.negated)
        if isinstance(found, Answer):
            return found
        spi = int.from_bytes(found[at:at + 4], "big")
        return decide(first <= spi <= last, f"SPI is {spi}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m esp`."""
    checks: list[Check] = [_header]
    for option in clause.options:
        if option.name != "--espspi":
            raise not_known(option)
        checks.append(spi_check(option, 0, 8))
    return All(checks)
