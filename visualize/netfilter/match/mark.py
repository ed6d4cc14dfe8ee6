"""`-m mark`: the packet's mark (mark_mt in xt_mark.c).

    -A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT

The kernel masks the packet's mark only, so `--mark 0x11/0x10` matches nothing.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, value_and_mask, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--mark":
        raise not_known(option)
    value, mask = value_and_mask(word(option))

    def check(packet: Packet, here: Here) -> Answer:
        return decide(packet.mark & mask == value, f"mark is {packet.mark:#x}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m mark`."""
    return All([_check(option) for option in clause.options])
