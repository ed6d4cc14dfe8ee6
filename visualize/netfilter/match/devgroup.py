"""`-m devgroup`: the group of the incoming or outgoing interface (devgroup_mt in xt_devgroup.c).

    -A FORWARD -m devgroup --src-group 0x10/0xff -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, value_and_mask, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name not in ("--src-group", "--dst-group"):
        raise not_known(option)
    source = option.name == "--src-group"
    value, mask = (0, 0xFFFFFFFF) if word(option) == "default" else value_and_mask(word(option))

    def check(packet: Packet, here: Here) -> Answer:
        name = here.in_interface if source else here.out_interface
        interface = here.world.interface(name) if name else None
        group = "0" if interface is not None and interface.group == "default" else interface.group if interface else ""
        if not group.isdigit():
            return unknown(f"the group of interface {name or 'none'} is not known as a number").negate(option.negated)
        return decide(int(group) & mask == value, f"group of {name} is {group}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m devgroup`."""
    return All([_check(option) for option in clause.options])
