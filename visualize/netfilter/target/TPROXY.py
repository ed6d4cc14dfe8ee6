"""`-j TPROXY`: gives the packet to a local socket without changing it (tproxy_tg4, tproxy_tg6_v1 in xt_TPROXY.c).

    -A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 15001 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff

With a transparent socket the packet gets its mark and is accepted; without one it is dropped.
"""


from snapshot.host.firewall import Clause
from visualize.netfilter.answer import unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import address, not_known, port, value_and_mask, word
from visualize.netfilter.outcome import Outcome, RuleVerdict
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet, but


class Tproxy:
    """The bound target; port 0 is the packet's own."""

    def __init__(self, port_number: int, value: int, mask: int) -> None:
        self.port, self.value, self.mask = port_number, value, mask

    def act(self, packet: Packet, here: Here) -> Outcome:
        """ACCEPT with the mark, assumed unless the captured listeners have nobody on the port."""
        wanted = self.port or watch(packet, here.read).dport
        listeners = here.world.listeners
        if listeners is not None and not any(one.port == wanted and one.protocol == packet.protocol_name for one in listeners):
            return Outcome(RuleVerdict.DROP, doubt=unknown(
                f"TPROXY: nobody was seen to listen on port {wanted}; dropped unless a connection was open", True, weak=False))
        changed = but(packet, mark=packet.mark & ~self.mask ^ self.value)
        return Outcome(RuleVerdict.ACCEPT, packet=changed, kind="MARK", doubt=unknown(
            f"TPROXY: assumed that the socket on port {wanted} is transparent", True, weak=listeners is None))


def bind(clause: Clause, family: str) -> Tproxy:
    """Bind `-j TPROXY`."""
    number, value, mask = 0, 0, 0
    for option in clause.options:
        match option.name:
            case "--on-port":
                number = port(word(option))
            case "--on-ip":
                address(word(option))
            case "--tproxy-mark":
                value, mask = value_and_mask(word(option))
            case _:
                raise not_known(option)
    return Tproxy(number, value, mask)
