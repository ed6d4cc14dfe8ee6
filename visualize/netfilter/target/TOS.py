"""`-j TOS`: changes the TOS byte or traffic class (tos_tg, tos_tg6 in xt_DSCP.c): tos = (tos & ~mask) ^ value.

    -A PREROUTING -p tcp --dport 22 -j TOS --set-tos 0x10/0x3f
"""


from snapshot.host.firewall import Clause, Option
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.match.tos import tos_value_and_mask
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import Outcome
from visualize.packet.packet import Packet, but


class Tos:
    """Any target that changes bits of the TOS byte; `kind` names it."""

    steady = True

    def __init__(self, kind: str, value: int, mask: int) -> None:
        self.kind, self.value, self.mask = kind, value, mask

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the new byte."""
        return Outcome(packet=but(packet, tos=packet.tos & ~self.mask ^ self.value), kind=self.kind)


def _value_and_mask(option: Option) -> tuple[int, int]:
    match option.name:
        case "--set-tos":
            return tos_value_and_mask(word(option))
        case "--and-tos":
            return 0, ~integer(word(option), 255) & 0xFF
        case "--or-tos":
            return integer(word(option), 255), integer(word(option), 255)
        case "--xor-tos":
            return integer(word(option), 255), 0
        case _:
            raise not_known(option)


def bind(clause: Clause, family: str) -> Tos:
    """Bind `-j TOS`."""
    if not clause.options:
        raise BindError("the value is missing")
    return Tos("TOS", *[_value_and_mask(option) for option in clause.options][-1])
