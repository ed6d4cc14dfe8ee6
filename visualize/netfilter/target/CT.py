"""`-j CT`: tells connection tracking what to do with the packet (xt_ct_target in xt_CT.c).

    -A PREROUTING -p udp --dport 53 -j CT --notrack
    -A PREROUTING -i eth1 -j CT --zone 2

It acts before conntrack looks, in the raw table; a packet that has a connection already (over loopback) is left alone.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import ConnectionChange, Outcome
from visualize.packet.packet import Packet


class Ct:
    """The bound target. `mark_zone`: the zone is the packet's mark."""

    def __init__(self, change: ConnectionChange, mark_zone: bool = False, doubt: Answer | None = None) -> None:
        self.change, self.mark_zone, self.doubt = change, mark_zone, doubt

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE."""
        if here.ctstate is not None or here.connection is not None:
            return Outcome(note="the packet is tracked already")
        change = ConnectionChange(zone=packet.mark & 0xFFFF) if self.mark_zone else self.change
        return Outcome(connection=change, doubt=self.doubt)


def _one_way(option: Option) -> Answer:
    return unknown(f"{option.name}: a zone for one direction is not modelled", settle="the captured conntrack table")


def bind(clause: Clause, family: str) -> Ct:
    """Bind `-j CT`."""
    notrack, zone, helper, mark_zone, doubt = False, None, None, False, None
    for option in clause.options:
        match option.name:
            case "--notrack":
                notrack = True
            case "--zone" | "--zone-orig" | "--zone-reply":
                doubt = doubt if option.name == "--zone" else _one_way(option)
                mark_zone = word(option) == "mark"
                zone = None if mark_zone else integer(word(option), 65535)
            case "--helper":
                helper = word(option)
            case "--timeout" | "--ctevents" | "--expevents":
                pass
            case _:
                raise not_known(option)
    return Ct(ConnectionChange(notrack=notrack, zone=zone, helper=helper), mark_zone, doubt)
