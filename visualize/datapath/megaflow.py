"""The megaflow cache: a packet that differs from an earlier one in nothing that decided takes the earlier one's way.

Packets are alike that come in at one place and agree on every header field but length, sequence numbers, flags and bytes (`way.KEYED`); of
those, too, on what rules have looked at. What lies outside of the packet is asked anew for each: conntrack, with all that it does to
its connection, and what bridges have learned (`Asked`). Only where every answer is as it was is the way the same. A way that hung on
anything else that may change (a rule's memory, the clock, a target with effects: `Journey.state`), or that begot packets, is not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from snapshot.host import HOST
from visualize.datapath.conntrack import Connection, Tracking, Zone
from visualize.datapath.skb import Asked, Journey
from visualize.datapath.stack import Stack
from visualize.datapath.tuples import FlowTuple
from visualize.packet.packet import Packet, Protocol
from visualize.path import Begot, Path, Rewritten
from visualize.way import KEYED, Way

_MOST = 16384  # ways kept
_ALIKE = 8  # of packets that differ only in fields that rules have looked at
_FREE = frozenset({"cut", "length", "tcp_flags"})  # fields that may differ, and are compared where rules have looked at them
_FOLLOWS = frozenset({*KEYED, "family", "protocol_name", "is_fragment", "is_icmp_error", "lacks", "ctstate"})  # what follows from the key
_SHORTEST = {Protocol.TCP: 20, Protocol.UDP: 8, Protocol.ICMP: 8, Protocol.ICMPV6: 8}  # bytes of the transport header
_NAT = frozenset({"SNAT", "DNAT", "SNAT_DONE", "DNAT_DONE", "CONFIRMED", "DYING"})
_keyed = attrgetter(*KEYED)


class Entry(NamedTuple):
    """How a packet comes to the machine: by an interface, or (None) from a process of the namespace, bound to `outgoing`."""

    netns: str = HOST
    interface: str | None = None
    packet_type: str = "unicast"
    vlan: int | None = None
    outgoing: str | None = None


# -- what is asked for every packet ---------------------------------------------------------------------------------------


def lasting(connection: Connection) -> tuple[object, ...]:
    """What a way may hang on of a connection; its states and timeouts conntrack itself looks after."""
    return (connection.mark, connection.reply_tuple, connection.flags & _NAT, connection.helper, connection.labels,
            connection.masquerade_interface, connection.lot, connection.zones)


@dataclass(frozen=True, slots=True)
class Classified:
    """Conntrack's word on the packet: it must be of the same connection, state and direction, and the connection what it was."""

    stack: Stack
    wanted: FlowTuple
    zone: Zone
    said: Tracking
    held: tuple[object, ...]

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Track the packet, under the tuple that it has here."""
        said, before = self.stack.tracker.track_as(packet, self.wanted, self.zone, journey.now), self.said
        journey.foretold.append(said)
        connection = said.connection
        return (connection is before.connection and said.state == before.state and said.reply is before.reply and not said.fresh
                and said.why == before.why and said.guess == before.guess and (connection is None or lasting(connection) == self.held))


@dataclass(frozen=True, slots=True)
class Learned:
    """A bridge takes note of the sender's port."""

    stack: Stack
    key: tuple[str, str, int]
    port: str

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Note it once more, with the time."""
        self.stack.learned[self.key] = (self.port, journey.now)
        return True


@dataclass(frozen=True, slots=True)
class Found:
    """Where a bridge's forwarding database leads."""

    find: Callable[[int | None], str | None]
    port: str | None

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Look it up once more."""
        return self.find(journey.now) == self.port


@dataclass(frozen=True, slots=True)
class Realm:
    """The realm of the route that was taken is remembered by the stack."""

    stack: Stack
    realm: int | None

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Remember it."""
        self.stack.set_realm(self.realm)
        return True


@dataclass(frozen=True, slots=True)
class Requested:
    """By which interface an ICMPv6 echo request came last: its answer's route is looked up by that."""

    stack: Stack
    key: tuple[object, ...]
    name: str

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Note it once more."""
        self.stack.requests[self.key] = self.name
        return True


@dataclass(frozen=True, slots=True)
class Answering:
    """The interface by which the request came that a packet answers."""

    stack: Stack
    key: tuple[object, ...]
    name: str | None

    def again(self, packet: Packet, journey: Journey) -> bool:
        """Look once more."""
        return self.stack.requests.get(self.key) == self.name


# -- the cache ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kept:
    """A way, and for whom it holds."""

    way: Way
    looked_at: tuple[tuple[str, object], ...]
    longest: int | None
    asked: list[Asked]
    states: list[tuple[str, Tracking]]

    def fits(self, packet: Packet) -> bool:
        """Whether the packet agrees on what rules have looked at."""
        if self.longest is not None and packet.length > self.longest:
            return False
        return all(getattr(packet, name) == value for name, value in self.looked_at)


@dataclass(slots=True)
class Megaflows:
    """The ways of one machine, by what their packets have in common."""

    _known: dict[Any, list[_Kept]] = field(default_factory=dict)

    @staticmethod
    def key(entry: Entry, packet: Packet, journey: Journey) -> Any:
        """What packets of one way have in common; None for one that is walked by itself (fragments, errors, options, cut headers)."""
        shortest = _SHORTEST.get(packet.protocol)  # type: ignore[call-overload]
        if shortest is None or journey.doubts.asked or packet.header_length != (20 if packet.family == 4 else 40):
            return None
        if (packet.sport is None and packet.icmp_id is None) or packet.is_fragment or packet.length < packet.header_length + shortest:
            return None
        if packet.protocol == Protocol.TCP and packet.tcp_flags is None:
            return None
        return entry, _keyed(packet), journey.misjudged, journey.unsummed, journey.broken

    def again(self, key: Any, packet: Packet, journey: Journey) -> Way | None:
        """The way of earlier packets, where this one takes it; else what was asked stands in the journey (`foretold`)."""
        for kept in self._known.get(key, ()):
            if kept.fits(packet):
                for asked in kept.asked:
                    if not asked.again(packet, journey):
                        return None
                journey.states = kept.states
                return kept.way
        return None

    def keep(self, key: Any, way: Way, journey: Journey) -> None:
        """Keep a way that was walked, if others may take it."""
        looked_at = journey.read - _FOLLOWS
        if journey.state or journey.children or not looked_at <= _FREE or not _repeatable(way.path):
            return
        if any(isinstance(asked, Classified) and not _settled(asked) for asked in journey.asked):
            return
        start = way.path.start
        kept = _Kept(way, tuple((name, getattr(start, name)) for name in sorted(looked_at)), journey.longest, journey.asked, journey.states)
        if len(self._known) >= _MOST:
            self._known.clear()
        others = [one for one in self._known.get(key, ()) if not one.fits(start)]
        self._known[key] = [kept, *others[:_ALIKE - 1]]


def _settled(asked: Classified) -> bool:
    """Whether the connection is beyond its first packet, and nobody reads along or knows it by half."""
    connection = asked.said.connection
    return connection is None or ("CONFIRMED" in connection.flags and not asked.said.fresh and connection.helper is None and not connection.lot
                                  and lasting(connection) == asked.held)


def _repeatable(path: Path) -> bool:
    """Whether each step can be told of another packet: it changed nothing but keyed fields."""
    start = path.start
    known = {id(start), *(id(step.packet) for step in path.steps)}
    for step in path.steps:
        if step.packet is not start and _others(step.packet) != _others(start):
            return False
        if isinstance(step, Begot) and id(step.child) not in known:
            return False
        if isinstance(step, Rewritten) and not set(KEYED) >= step.after.keys():
            return False
    return True


_others = attrgetter("identification", "length", "tcp_flags", "seq", "ack", "window", "tcp_options", "icmp_seq", "icmp_rest", "transport_length",
                     "inner")
