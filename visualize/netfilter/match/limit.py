"""`-m limit`: a token bucket for the whole rule (limit_mt in xt_limit.c).

    -A INPUT -m limit --limit 3/min --limit-burst 10 -j LOG

How full the bucket was is not in a snapshot; the packet is assumed to be under the limit.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, not_known
from visualize.packet.packet import Packet


def bind(clause: Clause, family: str) -> All:
    """Bind `-m limit`."""
    rate = "3/hour"
    negated = False
    for option in clause.options:
        if option.name == "--limit":
            rate, negated = " ".join(option.values), option.negated
        elif option.name != "--limit-burst":
            raise not_known(option)

    def check(packet: Packet, here: Here) -> Answer:
        return unknown(f"-m limit: assumed to be under {rate}; the bucket's fill is not in a snapshot", True,
                       weak=False).negate(negated)

    return All([check])
