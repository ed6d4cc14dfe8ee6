"""`-m tos`: the TOS byte or traffic class (tos_mt in xt_dscp.c).

    -A FORWARD -m tos --tos 0x10/0x3f -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, value_and_mask, word
from visualize.packet.packet import Packet

NAMES = {"minimize-delay": 0x10, "maximize-throughput": 0x08, "maximize-reliability": 0x04, "minimize-cost": 0x02,
         "normal-service": 0x00}
NAME_MASK = 0x3F  # a name leaves the two ECN bits alone


def tos_value_and_mask(text: str) -> tuple[int, int]:
    """`0x10/0x3f`, `0x10` (all bits) or a name such as `Minimize-Delay`."""
    if text.lower() in NAMES:
        return NAMES[text.lower()], NAME_MASK
    return value_and_mask(text, 0xFF)


def _check(option: Option) -> Check:
    if option.name != "--tos":
        raise not_known(option)
    value, mask = tos_value_and_mask(word(option))

    def check(packet: Packet, here: Here) -> Answer:
        return decide(packet.tos & mask == value, f"TOS is {packet.tos:#04x}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m tos`."""
    return All([_check(option) for option in clause.options])
