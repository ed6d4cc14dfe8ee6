"""What a capture of some interfaces only leaves open: what the others took in may have opened, answered or ended a connection."""

from snapshot.host import Namespace
from visualize.datapath.skb import Journey
from visualize.packet.packet import ACK, SYN, Packet
from visualize.path import Doubt

_OPENS = {1: (8, 13, 15, 17), 58: (128,)}  # ICMP, ICMPv6: the requests


def uncovered(namespace: Namespace, scope: set[tuple[str, str | None]]) -> tuple[str, ...]:
    """The interfaces by which packets may have come in unseen. A bridge that was captured stands for its ports: its own traffic is seen."""
    seen = {name for netns, name in scope if netns == namespace.name}
    if None in seen:
        return ()
    return tuple(one.name for one in namespace.interfaces.values() if one.up and not one.loopback and one.name not in seen and one.master not in seen
                 and one.kind != "bridge")


def doubt(names: tuple[str, ...], packet: Packet, journey: Journey) -> Doubt | None:
    """The doubt about a tracked packet; None where it opens its connection, as far as its own flags tell."""
    tracking = journey.states[0][1] if journey.states else None
    if not names or tracking is None or tracking.state == "UNTRACKED":
        return None
    connection = tracking.connection
    if tracking.fresh and _opens(packet) and connection is not None and "SNAT" not in connection.flags:  # else its port may have been taken
        return None
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return Doubt("capture", f"{shown}: not captured, and what came in there may have opened, answered or ended this connection",
                 "nothing of this connection came in there", "a capture on any")


def _opens(packet: Packet) -> bool:
    if packet.tcp_flags is not None:
        return packet.tcp_flags & (SYN | ACK) == SYN
    return packet.icmp_type in _OPENS.get(packet.protocol, ())
