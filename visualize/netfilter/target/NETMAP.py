"""`-j NETMAP`: maps a whole network onto another, keeping the host bits (netmap_tg4, netmap_tg6 in xt_NETMAP.c).

    -A PREROUTING -d 10.1.0.0/16 -j NETMAP --to 192.168.0.0/16

The destination in PREROUTING and OUTPUT, the source in POSTROUTING and INPUT.
"""

from ipaddress import ip_address

from snapshot.host.firewall import Clause
from snapshot.host.link import IPNetwork
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.hook import Hook
from visualize.netfilter.options import network, not_known, word
from visualize.netfilter.outcome import NatRequest, Outcome, RuleVerdict
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet


class Netmap:
    """The bound target."""

    def __init__(self, to: IPNetwork) -> None:
        self.to = to

    def act(self, packet: Packet, here: Here) -> Outcome:
        """ACCEPT; the request names the one address that comes out."""
        source = here.hook in (Hook.POSTROUTING, Hook.INPUT)
        packet = watch(packet, here.read)
        old = packet.src if source else packet.dst
        new = ip_address((int(self.to.network_address) | int(old) & int(self.to.hostmask)).to_bytes(len(old.packed), "big"))
        return Outcome(RuleVerdict.ACCEPT, nat=NatRequest("NETMAP", source, (new, new), netmap_prefix=self.to.prefixlen))


def bind(clause: Clause, family: str) -> Netmap:
    """Bind `-j NETMAP`."""
    to = None
    for option in clause.options:
        if option.name != "--to":
            raise not_known(option)
        to = network(word(option))
    if to is None or to.version != (4 if family == "ip" else 6):
        raise BindError("--to needs a network of the rule's family")
    return Netmap(to)
