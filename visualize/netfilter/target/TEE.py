"""`-j TEE`: sends a clone of the packet to another machine (tee_tg4, tee_tg6 in xt_TEE.c).

    -A PREROUTING -i eth0 -j TEE --gateway 10.0.0.9
"""

from dataclasses import replace

from snapshot.host.firewall import Clause
from snapshot.host.link import IPAddress
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.hook import Hook
from visualize.netfilter.options import address, not_known, word
from visualize.netfilter.outcome import CONTINUE, Begets, Outcome
from visualize.packet.packet import Packet

CLONING = "cloning"  # the key of here.memory that is true while a clone is on its way (nf_skb_duplicated)


class Tee:
    """The bound target."""

    def __init__(self, gateway: IPAddress) -> None:
        self.gateway = gateway

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; begets the clone, which counts as a hop where it was not sent by this host (nf_dup_ipv4). A clone is not cloned again."""
        if here.memory.get(CLONING):
            return CONTINUE
        hop = 1 if here.hook in (Hook.PREROUTING, Hook.INPUT) else 0
        clone = replace(packet, ttl=packet.ttl - hop, mark=0, dont_fragment=packet.family == 4)
        return Outcome(begets=Begets("clone", self.gateway, clone))


def bind(clause: Clause, family: str) -> Tee:
    """Bind `-j TEE`."""
    gateway = None
    for option in clause.options:
        if option.name == "--gateway":
            gateway = address(word(option))
        elif option.name != "--oif":
            raise not_known(option)
    if gateway is None:
        raise BindError("--gateway is missing")
    return Tee(gateway)
