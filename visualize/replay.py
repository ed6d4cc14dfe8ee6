"""Replay: a capture through a captured machine. Frames become packets, packets paths, later sightings evidence, paths flows.

The same packet is seen on several interfaces of an `any` capture: its first sighting is replayed, the later ones are compared with
what the path predicts (`sighting`).
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from snapshot.host import HOST, Host, Namespace
from snapshot.host.conntrack import ConntrackEntry
from visualize import learn, origin, unseen
from visualize.datapath.conntrack import Connection
from visualize.datapath.doubt import Doubts
from visualize.datapath.machine import Machine
from visualize.datapath.megaflow import Entry
from visualize.datapath.routing import Query
from visualize.datapath.skb import Journey
from visualize.datapath.stack import Stack, entry_hints
from visualize.numbering import Numbering
from visualize.packet.decode import Decoded, decode
from visualize.packet.fragments import Defragmenter
from visualize.packet.packet import PACKET_OUTGOING, Packet, but
from visualize.packet.pcap import Capture, Frame
from visualize.path import Doubt, Evidence, Path, Sighting, Verdict
from visualize.sighting import Place, form, identity, packet_type, places, predicted, quotes
from visualize.way import Way

WINDOW = 1_000_000_000  # ns: how long a packet may take through the machine


@dataclass(frozen=True, slots=True)
class Source:
    """One capture: its frames, the namespace it was taken in, and the interface (None: the frames tell). `local`: before OUTPUT."""

    name: str
    frames: Iterable[Frame]
    netns: str = HOST
    interface: str | None = None
    local: bool = False
    capture: Capture | None = None  # where `frames` come from, if from a file of ours


@dataclass(slots=True)
class Replayed:
    """One replayed packet. `sightings` is complete once it leaves the replay."""

    number: int
    capture: str
    time_ns: int
    netns: str
    interface: str | None
    way: Way
    start: Packet
    doubts: tuple[Doubt, ...]
    flow: int = 0
    role: str = "original"
    sightings: list[Sighting] = field(default_factory=list)
    connection: Connection | None = None
    seen: set[Place] = field(default_factory=set)

    @property
    def path(self) -> Path:
        """The way as this packet took it: made when asked for."""
        return self.way.taken_by(self.start, self.doubts)

    @property
    def expected(self) -> list[tuple[Place, Packet]]:
        """Where a capture of everything would see a packet on this way, and in which form."""
        return self.way.once(predicted)


@dataclass(slots=True)
class _Child:
    """A packet that the kernel made, waiting to be seen."""

    path: Path
    places: list[tuple[Place, Packet]]
    born: int
    parent: Replayed


def _against(sighting: Sighting) -> Doubt:
    """What the capture holds against a path: a packet that it does not show where it was predicted, or shows as another one."""
    where = f"{'out of' if sighting.outgoing else 'in by'} {sighting.interface}"
    why = f"the capture does not show the packet {where}" if sighting.state is Evidence.NOT_SEEN else f"the capture shows {where}: {sighting.why}"
    return Doubt("capture", why, "what follows from the snapshot", "a capture that lost no packet, a snapshot of the same moment", weak=True)


class Replay:
    """Feeds captures through a `Machine`, one packet after the other, and yields each when its evidence is complete."""

    def __init__(self, host: Host, assumptions: dict[str, bool] | None = None,
                 later: dict[str, tuple[ConntrackEntry, ...]] | None = None, remember: bool = True) -> None:
        """`remember` False walks every packet, with the same result."""
        self.host = host
        self._remember = remember
        self._assumptions = assumptions
        self._later = later or {}
        self.machine = Machine(host, None, assumptions, self._later, remember)
        self._started = False
        self._origins = {name: {reply.inverse(): original for original, replies in entry_hints(entries).items()
                                for reply in replies} for name, entries in self._later.items()}
        self._recent: dict[tuple[object, ...], list[Replayed]] = {}
        self._waiting: deque[tuple[tuple[object, ...], Replayed]] = deque()
        self._children: list[_Child] = []
        self._defragmenters: dict[Place, Defragmenter] = {}
        self._names = {name: {i.index: i.name for i in namespace.interfaces.values() if i.index is not None}
                       for name, namespace in host.namespaces.items()}
        self._flows = Numbering()
        self._scope: set[tuple[str, str | None]] = set()
        self._unseen: dict[str, tuple[str, ...]] = {}
        self.frames = 0
        self.skipped = 0

    def run(self, sources: list[Source]) -> Iterator[Replayed]:
        """Replay captures merged by time."""
        streams = [self._stream(index, source) for index, source in enumerate(sources)]
        yield from self.feed(sources, streams[0] if len(streams) == 1 else heapq.merge(*streams, key=lambda item: (item[1].time_ns, item[0])))

    def feed(self, sources: list[Source], frames: Iterable[tuple[int, Frame]]) -> Iterator[Replayed]:
        """Replay frames of captures, each with its capture's place in the list, in this order."""
        self._scope = {(source.netns, source.interface) for source in sources if not source.local}
        for index, frame in frames:
            if not self._started:
                self.begin(frame.time_ns)
            self.frames += 1
            before = frame.time_ns - WINDOW
            if self._children or (self._waiting and self._waiting[0][1].time_ns < before):
                yield from self._flush(before)
            self._frame(sources[index], frame)
        yield from self._flush(None)

    @staticmethod
    def _stream(index: int, source: Source) -> Iterator[tuple[int, Frame]]:
        for frame in source.frames:
            yield index, frame

    def begin(self, now: int) -> None:
        """Start the clock: captured connections age from here (by itself, from the first frame's time)."""
        self.machine = Machine(self.host, now, self._assumptions, self._later, self._remember)
        self._started = True

    def _flush(self, before: int | None) -> Iterator[Replayed]:
        while self._waiting and (before is None or self._waiting[0][1].time_ns < before):
            key, replayed = self._waiting.popleft()
            recent = self._recent[key]
            recent.remove(replayed)
            if not recent:
                del self._recent[key]
            self._close(replayed)
            yield replayed
        if before is not None and self._children:
            self._children = [child for child in self._children if child.born >= before]

    def _close(self, replayed: Replayed) -> None:
        """Predicted places that a capture covers and where nothing was seen."""
        unseen_places = [] if replayed.seen.issuperset(replayed.way.once(places)) else [p for p, _ in replayed.expected if p not in replayed.seen]
        for place in unseen_places:
            if self._covered(place):
                replayed.sightings.append(Sighting(None, place.interface, Evidence.NOT_SEEN, place.outgoing, place.netns))
        against = next((s for s in replayed.sightings if s.state is not Evidence.SEEN), None)
        silence = self._unanswered(replayed)
        everywhere = (replayed.netns, None) in self._scope  # a capture on any: nothing but what was predicted was seen, so nothing else was
        if against is None and silence is None and (replayed.sightings or everywhere) and any(doubt.visible for doubt in replayed.doubts):
            replayed.doubts = tuple(doubt for doubt in replayed.doubts if not doubt.visible)
        if against is not None:
            replayed.doubts = (*replayed.doubts, _against(against))
        if silence is not None:
            replayed.doubts = (*replayed.doubts, silence)

    def _covered(self, place: Place) -> bool:
        """Whether a capture would show a packet there."""
        return (place.netns, None) in self._scope or (place.netns, place.interface) in self._scope

    def _unanswered(self, replayed: Replayed) -> Doubt | None:
        """What the capture holds against a rejection: it does not show the answer, so that the kernel may have been silent."""
        for child in self._children if replayed.way.path.verdict is Verdict.REJECTED else ():
            if child.parent is replayed and child.places and self._covered(child.places[0][0]):
                why = f"the capture does not show the answer ({child.places[0][1].describe()} out of {child.places[0][0].interface})"
                return Doubt("capture", why, "it was sent", "a capture that lost no packet, a snapshot of the same moment", weak=True)
        return None

    # -- one frame ------------------------------------------------------------------------------------------------------

    def _frame(self, source: Source, frame: Frame) -> None:
        decoded = decode(frame)
        if decoded is None:
            self.skipped += 1
            return
        namespace = self.host.namespaces.get(source.netns)
        name = self._interface(source, frame, decoded)
        if namespace is None or (name is None and not source.local):
            self.skipped += 1
            return
        outgoing = source.local or self._outgoing(namespace, name or "", frame, decoded)
        place = Place(source.netns, name or "", outgoing)
        packet: Packet | None = decoded.packet
        stack = self.machine.stack(source.netns)
        assert packet is not None
        assert stack is not None
        cut = packet.is_fragment and stack.tracked(packet.family)
        if cut:
            defragmenter = self._defragmenters.setdefault(place, Defragmenter())
            packet = defragmenter.feed(packet)
            if packet is None:
                return
        key = identity(packet)
        if not source.local and key in self._recent and self._sighted(place, packet, key, frame):
            if cut and place.interface == "lo":
                self._doubt_pieces(place, frame)
            return
        self._first_sighting(source, stack, place, packet, frame, decoded)

    def _doubt_pieces(self, place: Place, frame: Frame) -> None:
        """Over `lo` a packet's fragments keep its connection, so that nothing puts them together before INPUT (ipv4_conntrack_defrag)."""
        for _, replayed in reversed(self._waiting):
            if any(sighting.packet == frame.number and sighting.interface == place.interface for sighting in replayed.sightings):
                why = "it goes over lo in fragments, each of which passes PREROUTING and INPUT by itself"
                replayed.doubts = (*replayed.doubts, Doubt("capture", why, "they pass as one", weak=True))
                return

    def _interface(self, source: Source, frame: Frame, decoded: Decoded) -> str | None:
        if source.interface is not None:
            return source.interface
        if decoded.ifindex is not None:
            return self._names.get(source.netns, {}).get(decoded.ifindex)
        return frame.interface

    @staticmethod
    def _outgoing(namespace: Namespace, name: str, frame: Frame, decoded: Decoded) -> bool:
        if decoded.packet_type is not None:
            return decoded.packet_type == PACKET_OUTGOING
        if frame.direction is not None:
            return frame.direction == "out"
        interface = namespace.interfaces.get(name)
        source = decoded.packet.src_mac
        if interface is not None and interface.mac is not None and source is not None:
            return source == interface.mac
        return namespace.owner(decoded.packet.src) is not None

    def _sighted(self, place: Place, packet: Packet, key: tuple[object, ...], frame: Frame) -> bool:
        """Whether this frame is a later sighting of a packet already replayed; if so, it becomes evidence."""
        candidates = [r for r in self._recent[key] if place not in r.seen]
        wanted = form(packet)
        for replayed in candidates:
            for predicted_place, expected in replayed.expected:
                if predicted_place == place and form(expected) == wanted:
                    self._evidence(replayed, place, frame, Evidence.SEEN, "")
                    return True
        for replayed in candidates:
            if self._learned(replayed, place, packet, frame):
                return True
        if not place.outgoing and not self._upper(place):
            return False  # it came from a wire, so it is a packet of its own, however alike
        for replayed in candidates:
            for predicted_place, expected in replayed.expected:
                if predicted_place == place:
                    why = f"predicted {expected.describe()} ttl {expected.ttl}, seen {packet.describe()} ttl {packet.ttl}"
                    self._evidence(replayed, place, frame, Evidence.CONTRADICTED, why)
                    return True
        for replayed in candidates:
            if self._moved_on(replayed, place, packet):
                self._evidence(replayed, place, frame, Evidence.CONTRADICTED, f"seen there as {packet.describe()}, not predicted")
                return True
        return False

    def _upper(self, place: Place) -> bool:
        """Whether an interface takes in what another one of this host has taken in before it (a bridge, a VLAN, `lo`)."""
        interface = self.host.namespaces[place.netns].interfaces.get(place.interface)
        return place.interface == "lo" or (interface is not None and interface.kind not in (None, "", "veth"))

    def _learned(self, replayed: Replayed, place: Place, packet: Packet, frame: Frame) -> bool:
        """Where NAT chose a port (or ICMP id) by chance, the capture tells which: the path and the connection are set right.

        Also where no clash was known: another connection, older than the snapshot, may have held the port.
        """
        expected = next((held for where, held in replayed.expected if where == place), None)
        connection = replayed.connection
        if expected is None or connection is None or not (place.outgoing or place.interface == "lo") or replayed.way.path.role != "original":
            return False
        changed = learn.port(replayed.path, expected, packet)
        stack = self.machine.stack(place.netns)
        if changed is None or stack is None:
            return False
        stack.tracker.rename(connection, learn.reply_tuple(packet))
        replayed.way, replayed.start, replayed.doubts = Way(changed), changed.start, changed.doubts
        self._evidence(replayed, place, frame, Evidence.SEEN, "the capture tells which port or id NAT chose")
        return True

    @staticmethod
    def _moved_on(replayed: Replayed, place: Place, packet: Packet) -> bool:
        """A sighting where none was predicted is the same packet only if nothing contradicts it: its TTL did not grow."""
        start = replayed.start
        return packet.ttl <= start.ttl and (packet.src == start.src or packet.dst == start.dst)

    @staticmethod
    def _evidence(replayed: Replayed, place: Place, frame: Frame, state: Evidence, why: str) -> None:
        replayed.seen.add(place)
        replayed.sightings.append(Sighting(frame.number, place.interface, state, place.outgoing, place.netns, why))

    # -- a packet's first sighting ----------------------------------------------------------------------------------------

    def _first_sighting(self, source: Source, stack: Stack, place: Place, packet: Packet, frame: Frame,
                        decoded: Decoded) -> None:
        now = frame.time_ns
        interface: str | None = place.interface
        if source.local:
            child = self._made_here(packet)
            if child is not None:
                self._made(source, place, packet, frame, child.path)
                return
            way, journey = self.machine.take(Entry(place.netns), packet, now)
            start, interface = packet, None
        elif not place.outgoing and place.interface != "lo":
            kind = packet_type(packet, decoded.packet_type)
            entry = Entry(place.netns, place.interface, kind, decoded.vlan[0] if decoded.vlan else None)
            way, journey = self.machine.take(entry, packet, now)
            start = packet
        else:
            child = self._child(place, packet)
            if child is not None:
                self._made(source, place, packet, frame, child.path)
                return
            way, journey, start, interface = self._origin(stack, place, packet, now)
        doubts = way.path.doubts
        open_question = unseen.doubt(self._uncovered(stack), packet, journey)
        if open_question is not None:
            doubts = (*doubts, open_question)
        replayed = Replayed(frame.number, source.name, now, place.netns, interface, way, start, doubts)
        self._keep(replayed, journey, place, packet)
        for born in way.path.children:
            self._children.append(_Child(born, predicted(born), now, replayed))

    def _made(self, source: Source, place: Place, packet: Packet, frame: Frame, path: Path) -> None:
        """The first sighting of a packet that the kernel made: its path is known."""
        self._keep(Replayed(frame.number, source.name, frame.time_ns, place.netns, None, Way(path), path.start, path.doubts), None, place, packet)

    def _uncovered(self, stack: Stack) -> tuple[str, ...]:
        if stack.netns not in self._unseen:
            self._unseen[stack.netns] = unseen.uncovered(stack.namespace, self._scope)
        return self._unseen[stack.netns]

    def _child(self, place: Place, packet: Packet) -> _Child | None:
        """The kernel-made packet that this is the first sighting of."""
        return self._likeliest(packet, [child for child in self._children if child.places and child.places[0][0] == place
                                        and form(child.places[0][1])[:6] == form(packet)[:6]])

    def _made_here(self, packet: Packet) -> _Child | None:
        """The kernel-made packet that a capture of the host's own packets shows."""
        return self._likeliest(packet, [child for child in self._children if form(child.path.start) == form(packet)])

    def _likeliest(self, packet: Packet, alike: list[_Child]) -> _Child | None:
        """Of several that look alike, the one that quotes the same packet, and the latest."""
        best = max(alike, key=lambda child: (quotes(child.path.start, packet), child.born), default=None)
        if best is not None:
            self._children.remove(best)
        return best

    def _origin(self, stack: Stack, place: Place, packet: Packet, now: int) -> tuple[Way, Journey, Packet, str | None]:
        """A packet first seen leaving (or on `lo`): sent by this host, or its origin was not captured.

        What it was before NAT is told by conntrack, by the table captured later, by the rules, or is a doubt.
        """
        doubts = Doubts(self._assumptions or {})
        before = origin.before_nat(stack, packet, self._origins.get(stack.netns, {}), now, doubts)
        if stack.owner(before.src) is not None or before.src.is_loopback or not stack.namespace.interfaces:
            bound = before.dst.is_multicast or before.dst.is_link_local or str(before.dst) == "255.255.255.255"
            return *self.machine.take(Entry(place.netns, outgoing=place.interface if bound else None), before, now, doubts), before, None
        back = stack.fib[packet.family].lookup(Query(before.src))
        if back.device is None or back.device == place.interface:
            doubts.note("capture", f"{packet.describe()} was first seen leaving by {place.interface}: where it came from was not "
                        "captured", "a process of this host sent it", "a capture on any", weak=True)
            return *self.machine.take(Entry(place.netns), before, now, doubts), before, None
        doubts.note("capture", f"first seen leaving by {place.interface}: the interface it came in by was not captured",
                    back.device, "a capture on any")
        arrived = but(before, ttl=min(255, before.ttl + 1))
        return *self.machine.take(Entry(place.netns, back.device), arrived, now, doubts), arrived, back.device

    def _keep(self, replayed: Replayed, journey: Journey | None, place: Place, packet: Packet) -> None:
        replayed.seen.add(place)
        if replayed.interface is None and place.interface:
            self._check_start(replayed, place, packet)
        way = replayed.way
        if way.flow is None:
            connection = next((t.connection for _, t in journey.states if t.connection is not None), None) if journey else None
            way.flow = (*self._flows.number(way.path, connection), connection)
        replayed.flow, replayed.role, replayed.connection = way.flow
        key = identity(packet)
        self._recent.setdefault(key, []).append(replayed)
        self._waiting.append((key, replayed))

    @staticmethod
    def _check_start(replayed: Replayed, place: Place, packet: Packet) -> None:
        """A locally sent packet is first seen leaving: does its path lead there, and in that form?"""
        state, why = Evidence.CONTRADICTED, f"seen on {place.interface} as {packet.describe()}, not predicted"
        for expected_place, expected in replayed.expected:
            if expected_place == place:
                if form(expected) == form(packet):
                    state, why = Evidence.SEEN, ""
                else:
                    why = f"predicted {expected.describe()} ttl {expected.ttl}, seen {packet.describe()} ttl {packet.ttl}"
                break
        replayed.sightings.append(Sighting(replayed.number, place.interface, state, place.outgoing, place.netns, why))
