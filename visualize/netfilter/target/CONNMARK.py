"""`-j CONNMARK`: sets the connection's mark, or copies it from or to the packet (connmark_tg_shift in xt_connmark.c).

    -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
"""

from dataclasses import dataclass

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import FULL_MARK, integer, not_known, word
from visualize.netfilter.outcome import ConnectionChange, Outcome
from visualize.netfilter.target.MARK import mark_and_mask
from visualize.packet.packet import Packet, but


@dataclass(slots=True)
class Connmark:
    """The bound target. `shift` is to the left where positive."""

    steady = True
    action: str = ""
    value: int = 0
    ctmask: int = FULL_MARK
    nfmask: int = FULL_MARK
    shift: int = 0

    def _shifted(self, mark: int) -> int:
        return (mark << self.shift if self.shift >= 0 else mark >> -self.shift) & FULL_MARK

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; nothing happens to a packet without a connection."""
        held = here.connection_mark
        if held is None:
            return Outcome(note="the packet belongs to no connection")
        match self.action:
            case "set":
                return Outcome(connection=ConnectionChange(mark=self._shifted(held & ~self.ctmask ^ self.value)))
            case "save":
                saved = self._shifted(packet.mark & self.nfmask)
                return Outcome(connection=ConnectionChange(mark=held & ~self.ctmask ^ saved))
            case _:
                restored = self._shifted(held & self.ctmask)
                return Outcome(packet=but(packet, mark=packet.mark & ~self.nfmask ^ restored), kind="MARK")


def _read(bound: Connmark, option: Option) -> None:
    pair = mark_and_mask(option)
    if pair is not None:
        bound.action, (bound.value, bound.ctmask) = "set", pair
        return
    match option.name:
        case "--save-mark" | "--restore-mark":
            bound.action = option.name[2:-5]
        case "--nfmask":
            bound.nfmask = integer(word(option))
        case "--ctmask":
            bound.ctmask = integer(word(option))
        case "--mask":
            bound.nfmask = bound.ctmask = integer(word(option))
        case "--left-shift-mark":
            bound.shift = integer(word(option), 31)
        case "--right-shift-mark":
            bound.shift = -integer(word(option), 31)
        case _:
            raise not_known(option)


def bind(clause: Clause, family: str) -> Connmark:
    """Bind `-j CONNMARK`."""
    bound = Connmark()
    for option in clause.options:
        _read(bound, option)
    if not bound.action:
        raise BindError("one of --set-xmark, --save-mark, --restore-mark is missing")
    return bound
