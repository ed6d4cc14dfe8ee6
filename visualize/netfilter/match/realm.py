"""`-m realm`: the routing realm of the packet's route (realm_mt in xt_realm.c).

    -A POSTROUTING -m realm --realm 0x10/0xff -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, value_and_mask, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--realm":
        raise not_known(option)
    value, mask = (0, 0xFFFFFFFF) if word(option) == "cosmos" else value_and_mask(word(option))  # /etc/iproute2/rt_realms

    def check(packet: Packet, here: Here) -> Answer:
        realm = here.realm()
        if realm is None:
            return unknown("the realm of the packet's route is not known").negate(option.negated)
        return decide(realm & mask == value, f"realm is {realm:#x}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m realm`."""
    return All([_check(option) for option in clause.options])
