"""The packet on its way, with what the kernel hangs on it (struct sk_buff), and the journey that it belongs to."""

from dataclasses import dataclass, field
from typing import Protocol

from visualize.datapath.conntrack import NO_ZONE, Tracking, Zone
from visualize.datapath.doubt import Doubts
from visualize.datapath.routing import Result
from visualize.packet.packet import Packet
from visualize.path import Path


class Asked(Protocol):
    """Something that an earlier packet, or the clock, may have changed: it is asked for every packet."""

    def again(self, packet: Packet, journey: "Journey") -> bool:
        """Ask once more; whether the answer is the same."""
        ...


@dataclass(slots=True)
class Journey:
    """What belongs to the whole way of one packet: its doubts, the packets that it begot, the first conntrack state."""

    doubts: Doubts
    now: int | None
    misjudged: bool = False  # conntrack takes its checksum for wrong, whether or not it is
    unsummed: bool = False  # REJECT takes it for broken, though its protocol has no such checksum
    broken: bool = False  # it began with a wrong transport checksum; NAT keeps a wrong one wrong
    children: list[Path] = field(default_factory=list)
    states: list[tuple[str, Tracking]] = field(default_factory=list)  # (netns, tracking), first of each namespace
    read: set[str] = field(default_factory=set)
    state: set[str] = field(default_factory=set)  # what else decided, and may be another for the next packet of the same form
    asked: list[Asked] = field(default_factory=list)  # what has to be done and asked again for each packet, in order
    foretold: list[Tracking] = field(default_factory=list)  # what conntrack has already said of this packet, the next first
    longest: int | None = None  # up to which length packets fit through
    hops: int = 0


@dataclass(slots=True)
class Skb:
    """A packet under way in one namespace. `physin` is the bridge port that it came in by, where br_netfilter noted it."""

    packet: Packet
    journey: Journey
    tracking: Tracking | None = None
    notrack: bool = False
    helper: str | None = None  # that a rule of raw has set
    template: bool = False  # a rule of raw has set NOTRACK, a zone or a helper
    zone: Zone = NO_ZONE
    in_device: str | None = None
    physin: str | None = None
    prerouted: bool = False  # br_netfilter has already run PREROUTING (ip_sabotage_in)
    local_origin: bool = False
    route: Result | None = None
    packet_type: str = "unicast"
    vlan: int | None = None  # the frame's VLAN tag
    vid: int = 0  # the VLAN that a bridge which filters has put it in; 0: none

    def forget_invalid(self) -> None:
        """An INVALID packet carries nothing of its tracking: where it comes in again, it is looked at anew (nf_conntrack_in)."""
        if self.tracking is not None and self.tracking.state == "INVALID":
            self.tracking, self.notrack, self.template, self.zone = None, False, False, NO_ZONE
