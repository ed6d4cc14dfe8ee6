"""`-m length`: the whole IP packet's length (length_mt, length_mt6 in xt_length.c).

    -A INPUT -m length --length 0:128 -j ACCEPT

Where the host merges segments (GRO), the kernel sees the merged length, as a capture does.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.headers import not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--length":
        raise not_known(option)
    first, last = number_range(word(option), 65535)

    def check(packet: Packet, here: Here) -> Answer:
        if packet.length == 0:
            return not_captured("the packet's length").negate(option.negated)
        return decide(first <= packet.length <= last, f"length is {packet.length}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m length`."""
    return All([_check(option) for option in clause.options])
