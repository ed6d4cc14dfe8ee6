"""`-m pkttype`: whom the frame was addressed to (pkttype_mt in xt_pkttype.c).

    -A INPUT -m pkttype --pkt-type multicast -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet

TYPES = {"unicast": "unicast", "host": "unicast", "broadcast": "broadcast", "bcast": "broadcast", "multicast": "multicast",
         "mcast": "multicast", "otherhost": "otherhost", "other-host": "otherhost", "otherhost-ethernet": "otherhost"}


def _check(option: Option) -> Check:
    if option.name != "--pkt-type":
        raise not_known(option)
    if word(option).lower() not in TYPES:
        raise BindError(f"packet type {word(option)!r} is not known")
    wanted = TYPES[word(option).lower()]

    def check(packet: Packet, here: Here) -> Answer:
        return decide(here.packet_type == wanted, f"packet type is {here.packet_type}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m pkttype`."""
    return All([_check(option) for option in clause.options])
