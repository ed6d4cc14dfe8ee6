"""`-j MARK`: changes the packet's mark (mark_tg in xt_MARK.c): mark = (mark & ~mask) ^ value.

    -A PREROUTING -i wg0 -j MARK --set-xmark 0x10000/0xf0000
"""


from snapshot.host.firewall import Clause, Option
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import FULL_MARK, integer, value_and_mask, word
from visualize.netfilter.outcome import Outcome
from visualize.packet.packet import Packet, but


def mark_and_mask(option: Option) -> tuple[int, int] | None:
    """(value, mask) of --set-xmark and its relatives, None for another option (mark_tg_parse, connmark_tg_parse)."""
    match option.name:
        case "--set-xmark":
            return value_and_mask(word(option))
        case "--set-mark":
            value, mask = value_and_mask(word(option))
            return value, mask | value
        case "--and-mark":
            return 0, ~integer(word(option)) & FULL_MARK
        case "--or-mark":
            return integer(word(option)), integer(word(option))
        case "--xor-mark":
            return integer(word(option)), 0
        case _:
            return None


class Mark:
    """The bound target."""

    steady = True

    def __init__(self, value: int, mask: int) -> None:
        self.value, self.mask = value, mask

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the new mark."""
        return Outcome(packet=but(packet, mark=packet.mark & ~self.mask ^ self.value), kind="MARK")


def bind(clause: Clause, family: str) -> Mark:
    """Bind `-j MARK`; of several options the last one holds."""
    found = [mark_and_mask(option) for option in clause.options]
    for option, pair in zip(clause.options, found, strict=True):
        if pair is None:
            raise BindError(f"option {option.name} is not known")
    if not found or found[-1] is None:
        raise BindError("the mark is missing")
    return Mark(*found[-1])
