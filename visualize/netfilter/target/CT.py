"""`-j CT`: tells connection tracking what to do with the packet (xt_ct_target in xt_CT.c).

    -A PREROUTING -p udp --dport 53 -j CT --notrack
    -A PREROUTING -i eth1 -j CT --zone 2

It acts before conntrack looks, in the raw table; a packet that has a connection already (over loopback) is left alone.
"""

from dataclasses import replace

from snapshot.host.firewall import Clause
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import ConnectionChange, Outcome
from visualize.packet.packet import Packet


class Ct:
    """The bound target. `mark_zone`: the zone is the packet's mark, in the directions whose zone is 1."""

    steady = True

    def __init__(self, change: ConnectionChange, mark_zone: bool = False) -> None:
        self.change, self.mark_zone = change, mark_zone

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE."""
        if here.ctstate is not None or here.tracked:
            return Outcome(note="the packet is tracked already")
        if not self.mark_zone or self.change.zone is None:
            return Outcome(connection=self.change)
        ways = tuple((packet.mark & 0xFFFF) * way for way in self.change.zone)
        return Outcome(connection=replace(self.change, zone=(ways[0], ways[1])))


def bind(clause: Clause, family: str) -> Ct:
    """Bind `-j CT`."""
    notrack, helper, mark_zone = False, None, False
    zone: tuple[int, int] | None = None
    for option in clause.options:
        match option.name:
            case "--notrack":
                notrack = True
            case "--zone" | "--zone-orig" | "--zone-reply":
                mark_zone = word(option) == "mark"
                number = 1 if mark_zone else integer(word(option), 65535)
                zone = (number * (option.name != "--zone-reply"), number * (option.name != "--zone-orig"))
            case "--helper":
                helper = word(option)
            case "--timeout" | "--ctevents" | "--expevents":
                pass
            case _:
                raise not_known(option)
    return Ct(ConnectionChange(notrack=notrack, zone=zone, helper=helper), mark_zone)
