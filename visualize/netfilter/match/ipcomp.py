"""`-m ipcomp`: the CPI of an IPComp header (comp_mt in xt_ipcomp.c).

    -A INPUT -p ipcomp -m ipcomp --ipcompspi 0x12 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import needed_bytes, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet

IPCOMP = 108


def _check(option: Option) -> Check:
    if option.name == "--compres":
        return lambda packet, here: decide(packet.protocol == IPCOMP, f"protocol is {packet.protocol_name}")
    if option.name != "--ipcompspi":
        raise not_known(option)
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(packet: Packet, here: Here) -> Answer:
        if packet.protocol != IPCOMP or packet.fragment_offset > 0:
            return unwalked(packet) or no("not an IPComp header")
        found = needed_bytes(packet, 0, 4, option.negated)
        if isinstance(found, Answer):
            return found
        cpi = int.from_bytes(found[2:], "big")
        return decide(first <= cpi <= last, f"CPI is {cpi}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ipcomp`."""
    return All([_check(option) for option in clause.options])
