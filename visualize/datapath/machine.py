"""The captured machine, ready to take packets: one stack for each namespace, and the only entry to the datapath."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from snapshot.garbage import no_search_for_garbage
from snapshot.host import HOST, Host, Namespace
from snapshot.host.conntrack import ConntrackEntry
from snapshot.host.link import Interface
from visualize.datapath import device, ip, neighbour
from visualize.datapath.conntrack import Tracking
from visualize.datapath.doubt import Doubts
from visualize.datapath.incoming import Decision
from visualize.datapath.megaflow import Entry, Megaflows
from visualize.datapath.routing import KERNEL_UID
from visualize.datapath.skb import Journey, Skb
from visualize.datapath.stack import Stack, entry_hints
from visualize.datapath.tuples import FlowTuple
from visualize.netfilter.bucket import START
from visualize.netfilter.watch import looked_at
from visualize.packet.checksum import broken, misjudged, unsummed
from visualize.packet.packet import Packet
from visualize.path import Ended, Path, Received, Step
from visualize.way import Way


class Machine:
    """Runs packets one after the other; connections, learned MAC addresses and rules' memories persist between them.

    `start` (ns) is the capture's first time stamp: captured connections age from there. `later` are entries captured after the
    traffic, used only to learn what the kernel chose by chance.
    """

    def __init__(self, host: Host, start: int | None = None, assumptions: Mapping[str, bool] | None = None,
                 later: Mapping[str, tuple[ConntrackEntry, ...]] | None = None, remember: bool = True) -> None:
        """`remember`: packets that differ in nothing that decides take the way of the first one (`megaflow`); False walks each."""
        self.host = host
        self._flows = Megaflows() if remember else None
        self.assumptions = dict(assumptions or {})
        self._hints: dict[str, dict[FlowTuple, frozenset[FlowTuple]]] = {}
        self._later = later or {}
        self._uppers: dict[tuple[str, str], list[tuple[Stack, Interface]]] | None = None
        with no_search_for_garbage():
            self._stacks = {name: self._stack(namespace, start) for name, namespace in host.namespaces.items()}

    def _stack(self, namespace: Namespace, start: int | None) -> Stack:
        """A namespace's stack with what was captured of its connections."""
        stack = Stack(self, namespace)
        stack.tracker.seed(namespace.conntrack or (), start, self.captured)
        stack.expectations.seed(namespace.expected or (), start)
        if start is not None:
            stack.memory[START] = start
        return stack

    @cached_property
    def captured(self) -> int | None:
        """When the snapshot was begun (ns since 1970), as its manifest tells; None where it does not."""
        try:
            return int(datetime.fromisoformat(self.host.captured.replace("Z", "+00:00")).timestamp()) * 10**9
        except ValueError:
            return None

    def stack(self, name: str) -> Stack | None:
        """The stack of a namespace."""
        return self._stacks.get(name)

    def stacks(self) -> Iterator[Stack]:
        """All stacks, in the order of the snapshot."""
        return iter(self._stacks.values())

    def uppers(self) -> Mapping[tuple[str, str], list[tuple[Stack, Interface]]]:
        """The vlan, macvlan and ipvlan devices on each device, by namespace and name."""
        if self._uppers is None:
            self._uppers = {}
            for stack in self._stacks.values():
                for interface in stack.namespace.interfaces.values():
                    below = neighbour.lower(stack, interface)
                    if below is not None:
                        self._uppers.setdefault((below[0].netns, below[1].name), []).append((stack, interface))
        return self._uppers

    def hints(self, netns: str) -> dict[FlowTuple, frozenset[FlowTuple]]:
        """What captured entries of a namespace tell of choices by chance."""
        if netns not in self._hints:
            self._hints[netns] = entry_hints(self._later.get(netns, ()))
        return self._hints[netns]

    def trust(self) -> None:
        """Replay connections in parts that are known to be valid as a whole (`Tracker.trust`)."""
        for stack in self._stacks.values():
            stack.tracker.trust()

    def receive(self, packet: Packet, netns: str, interface: str, now: int | None = None, packet_type: str = "unicast",
                doubts: Doubts | None = None, vlan: int | None = None) -> tuple[Path, Journey]:
        """A packet that an interface takes from outside, with the VLAN tag of its frame. `doubts` may already hold some about where it came from."""
        journey = self._journey(packet, now, doubts)
        return self._walk(Entry(netns, interface, packet_type, vlan), packet, journey), journey

    def send(self, packet: Packet, netns: str = HOST, now: int | None = None,
             doubts: Doubts | None = None, outgoing: str | None = None) -> tuple[Path, Journey]:
        """A packet that a process of a namespace sends; by the interface `outgoing`, where it is bound to one."""
        journey = self._journey(packet, now, doubts)
        return self._walk(Entry(netns, outgoing=outgoing), packet, journey), journey

    def take(self, entry: Entry, packet: Packet, now: int | None = None, doubts: Doubts | None = None) -> tuple[Way, Journey]:
        """The way of a packet of a capture; perhaps one that an earlier packet has been walked for (`Way.taken_by` tells the path)."""
        journey = self._journey(packet, now, doubts)
        key = self._flows.key(entry, packet, journey) if self._flows is not None else None
        if self._flows is None or key is None:
            return Way(self._walk(entry, packet, journey)), journey
        way = self._flows.again(key, packet, journey)
        if way is None:
            way = Way(self._walk(entry, packet, journey))
            self._flows.keep(key, way, journey)
        return way, journey

    def _journey(self, packet: Packet, now: int | None, doubts: Doubts | None) -> Journey:
        return Journey(doubts or Doubts(self.assumptions), now, misjudged(packet), unsummed(packet), broken(packet))

    def _walk(self, entry: Entry, packet: Packet, journey: Journey) -> Path:
        stack, skb = self._stacks[entry.netns], Skb(packet, journey, packet_type=entry.packet_type, vlan=entry.vlan)
        if entry.interface is None:
            return self._finish(packet, Received(entry.netns, packet, None, local=True), ip.send(stack, skb, entry.outgoing), journey)
        return self._finish(packet, Received(entry.netns, packet, entry.interface), device.arrive(stack, entry.interface, skb), journey)

    def child(self, stack: Stack, packet: Packet, now: int | None, tracking: Tracking | None, route: Decision) -> Path:
        """A packet that the kernel itself sends because of another one, by the route that it has already looked up."""
        journey = Journey(Doubts(self.assumptions), now)
        skb = Skb(packet, journey, tracking=tracking)
        if tracking is not None:
            journey.states.append((stack.netns, tracking))
        first = Received(stack.netns, packet, None, local=True, by_kernel=True)
        return self._finish(packet, first, ip.send(stack, skb, found=route), journey)

    def child_out(self, stack: Stack, packet: Packet, now: int | None, out: str) -> Path:
        """A packet of the kernel's that passes no hook on its way out of `out`."""
        journey = Journey(Doubts(self.assumptions), now)
        skb = Skb(packet, journey, tracking=None)
        skb.route = stack.fib[packet.family].lookup(ip.query_for(skb, out, KERNEL_UID))
        first = Received(stack.netns, packet, None, local=True, by_kernel=True)
        return self._finish(packet, first, device.transmit(stack, out, skb), journey)

    def _doubt_bundle(self, steps: Sequence[Step], doubts: Doubts) -> None:
        """What makes no answer of this bundle certain, and what makes none certain that passes a namespace which was inferred."""
        for why in self.host.doubts:
            doubts.note("snapshot", why, "as captured", "a snapshot that is whole and was not cleaned")
        for name in dict.fromkeys(step.netns for step in steps):
            self._stacks[name].doubt_capture(steps[0].packet.family, doubts)

    def _finish(self, packet: Packet, first: Step, way: Generator[Step, None, Ended], journey: Journey) -> Path:
        steps = [first]
        while True:
            try:
                steps.append(next(way))
            except StopIteration as stop:
                steps.append(stop.value)
                break
        self._doubt_bundle(steps, journey.doubts)
        tracking = journey.states[0][1] if journey.states else None
        return Path(packet, tuple(steps), journey.doubts.all(), looked_at(journey.read),
                    tracking.state if tracking else "", "reply" if tracking and tracking.reply else "original",
                    tuple(journey.children))


