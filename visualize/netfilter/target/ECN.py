"""`-j ECN`: clears or sets the ECN bits (ecn_tg in ipt_ECN.c).

    -A POSTROUTING -p tcp -d 192.0.2.1/32 -j ECN --ecn-tcp-remove
"""

from dataclasses import replace

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import Outcome
from visualize.packet.packet import CWR, ECE, Packet, Protocol


class Ecn:
    """The bound target: new IP bits (None: untouched), TCP bits to set out of `mask`."""

    def __init__(self, ect: int | None, value: int, mask: int) -> None:
        self.ect, self.value, self.mask = ect, value, mask

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the new bits."""
        changed = packet if self.ect is None else replace(packet, tos=packet.tos & ~3 | self.ect)
        if self.mask and packet.protocol == Protocol.TCP and packet.tcp_flags is not None:
            changed = replace(changed, tcp_flags=packet.tcp_flags & ~self.mask | self.value)
        return Outcome(packet=changed, kind="ECN")


def _flag(option: Option, bit: int) -> int:
    return bit if integer(word(option), 1) else 0


def bind(clause: Clause, family: str) -> Ecn:
    """Bind `-j ECN`."""
    ect, value, mask = None, 0, 0
    for option in clause.options:
        match option.name:
            case "--ecn-tcp-remove":
                mask |= ECE | CWR
            case "--ecn-tcp-cwr":
                value, mask = value | _flag(option, CWR), mask | CWR
            case "--ecn-tcp-ece":
                value, mask = value | _flag(option, ECE), mask | ECE
            case "--ecn-ip-ect":
                ect = integer(word(option), 3)
            case _:
                raise not_known(option)
    return Ecn(ect, value, mask)
