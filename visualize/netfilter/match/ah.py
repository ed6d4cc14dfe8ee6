"""`-m ah`: the SPI of an AH header (ah_mt in ipt_ah.c, ah_mt6 in ip6t_ah.c).

    -A INPUT -p ah -m ah --ahspi 500:600 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.headers import extension_bytes, no_transport
from visualize.netfilter.here import Here
from visualize.netfilter.match.esp import spi_check
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet, Protocol


def _header4(packet: Packet, here: Here) -> Answer:
    return no_transport(packet, Protocol.AH) or yes()


def _bound4(clause: Clause) -> All:
    checks: list[Check] = [_header4]
    for option in clause.options:
        if option.name != "--ahspi":
            raise not_known(option)
        checks.append(spi_check(option, 4, 12))
    return All(checks)


def _field_check(option: Option) -> Check:
    ranges = {"--ahspi": (4, 8, 0xFFFFFFFF), "--ahlen": (1, 2, 0xFFFFFFFF), "--ahres": (2, 4, 65535)}
    if option.name not in ranges:
        raise not_known(option)
    start, end, largest = ranges[option.name]
    first, last = (0, 0) if option.name == "--ahres" else number_range(word(option), largest)

    def check(packet: Packet, here: Here) -> Answer:
        header = extension_bytes(packet, Protocol.AH, 12, option.negated)
        if isinstance(header, Answer):
            return header
        value = int.from_bytes(header[start:end], "big")
        value = (value + 2) * 4 if option.name == "--ahlen" else value
        return decide(first <= value <= last, f"{option.name[2:]} is {value}", option.negated)

    return check


def _there(packet: Packet, here: Here) -> Answer:
    header = extension_bytes(packet, Protocol.AH, 12)
    return header if isinstance(header, Answer) else yes()


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ah`."""
    if family == "ip":
        return _bound4(clause)
    return All([_there, *(_field_check(option) for option in clause.options)])
