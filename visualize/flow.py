"""A flow: the packets of one connection as the capture shows them, with one path for each distinct way that they took."""

from dataclasses import dataclass, field
from typing import NamedTuple

from snapshot.host import HOST, Host
from visualize.packet.packet import Packet
from visualize.path import Path, Received, RuleMatched, Sighting, Verdict


@dataclass(frozen=True, slots=True)
class PathUse:
    """One distinct path of a flow, with the packets (numbers in the capture) that took it and what the capture saw of the first."""

    path: Path
    packets: tuple[int, ...]
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow, numbered from 1 in the order of first packets.

    `original` holds the distinct paths of packets in the direction of the first packet, most telling first (the one that met the
    nat table stands first); `reply` those of the other direction. `started`/`ended` are capture times in nanoseconds.
    """

    number: int
    capture: str
    started: int
    ended: int
    packets: int
    original: tuple[PathUse, ...]
    reply: tuple[PathUse, ...] = field(default=())

    @property
    def first(self) -> Path:
        """The path of the flow's first packet."""
        return self.original[0].path

    @property
    def verdict(self) -> Verdict:
        """What became of the first packet."""
        return self.first.verdict


class Ends(NamedTuple):
    """Both ends of a packet, as text and numbers."""

    src: str
    dst: str
    sport: int | None
    dport: int | None
    icmp_id: int | None


def ends_of(packet: Packet) -> Ends:
    """A packet's ends."""
    return Ends(str(packet.src), str(packet.dst), packet.sport, packet.dport, packet.icmp_id)


def sender(host: Host, flow: Flow) -> str:
    """Who sent the first packet, by name where it is known."""
    address = flow.first.start.src
    for container in host.containers:
        namespace = host.namespaces.get(container.netns or "")
        if namespace is not None and container.netns != HOST and namespace.owner(address) is not None and not address.is_loopback:
            return container.name
    first = flow.first.steps[0]
    if isinstance(first, Received) and first.local:
        return "host" if first.netns == HOST else first.netns
    return first.interface or "" if isinstance(first, Received) else ""


def ended_in(flow: Flow) -> str:
    """Where it ended: the outgoing interface, the container, or the rule that dropped it."""
    end = flow.first.end
    if flow.verdict is Verdict.FORWARDED:
        return f"out {end.interface}"
    if flow.verdict is Verdict.DELIVERED:
        return "to the host" if end.netns == HOST else f"to {end.netns}"
    return end.at


def decided_at(path: Path) -> str:
    """The rule or place that made the verdict, or the last NAT rule."""
    if path.end.at:
        return path.end.at
    for step in reversed(path.steps):
        if isinstance(step, RuleMatched) and step.verdict in ("ACCEPT", "DROP"):
            return f"{step.table} {step.chain} {step.rule}"
    return ""
