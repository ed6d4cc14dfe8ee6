"""`-m connmark`: the connection's mark (connmark_mt in xt_connmark.c).

    -A PREROUTING -m connmark ! --mark 0x0/0xff -j CONNMARK --restore-mark

Without a connection it says no, also when negated.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, value_and_mask, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--mark":
        raise not_known(option)
    value, mask = value_and_mask(word(option))

    def check(packet: Packet, here: Here) -> Answer:
        found = 0 if here.templated else here.connection_mark  # of what `-j CT` has hung on it in raw
        if found is None:
            return no("the packet belongs to no connection")
        return decide(found & mask == value, f"the connection's mark is {found:#x}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m connmark`."""
    return All([_check(option) for option in clause.options])
