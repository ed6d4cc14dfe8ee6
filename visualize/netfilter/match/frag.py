"""`-m frag`: the IPv6 fragment header (frag_mt6 in ip6t_frag.c).

    -A INPUT -m frag --fragid 0:4294967295 --fragmore -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.headers import extension_bytes, extension_header, not_captured, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet

FRAGMENT = 44


def _there(packet: Packet, here: Here) -> Answer:
    if packet.is_fragment and not packet.raw:
        return yes()
    header = extension_bytes(packet, FRAGMENT, 8)
    return header if isinstance(header, Answer) else yes()


def _check(option: Option) -> Check:
    match option.name:
        case "--fragfirst" | "--fragmore" | "--fraglast" | "--fragid":
            return _known(_field_check(option))
        case "--fragres":
            return _reserved
        case "--fraglen":
            return lambda packet, here: decide(True, "")  # read and never compared by the kernel
        case _:
            raise not_known(option)


def _known(check: Check) -> Check:
    """The check, where the fragment header was captured."""
    return lambda packet, here: unwalked(packet) or check(packet, here)


def _field_check(option: Option) -> Check:
    match option.name:
        case "--fragfirst":
            return lambda packet, here: decide(packet.fragment_offset == 0, "not the first fragment")
        case "--fragmore":
            return lambda packet, here: decide(packet.more_fragments, "no more fragments follow")
        case "--fraglast":
            return lambda packet, here: decide(not packet.more_fragments, "more fragments follow")
        case _:
            return _id_check(option)


def _reserved(packet: Packet, here: Here) -> Answer:
    header = extension_header(packet, FRAGMENT)
    if header is None or len(header) < 4:
        return not_captured("the fragment header")
    return decide(header[1] == 0 and header[3] & 6 == 0, "the reserved bits are set")


def _id_check(option: Option) -> Check:
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(packet: Packet, here: Here) -> Answer:
        return decide(first <= packet.identification <= last, f"fragment id is {packet.identification}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m frag`."""
    return All([_there, *(_check(option) for option in clause.options)])
