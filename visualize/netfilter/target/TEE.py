"""`-j TEE`: sends a clone of the packet to another machine (tee_tg4, tee_tg6 in xt_TEE.c).

    -A PREROUTING -i eth0 -j TEE --gateway 10.0.0.9
"""

from snapshot.host.firewall import Clause
from snapshot.host.link import IPAddress
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import address, not_known, word
from visualize.netfilter.outcome import Begets, Outcome
from visualize.packet.packet import Packet


class Tee:
    """The bound target."""

    def __init__(self, gateway: IPAddress) -> None:
        self.gateway = gateway

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; begets the clone."""
        return Outcome(begets=Begets("clone", self.gateway))


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
