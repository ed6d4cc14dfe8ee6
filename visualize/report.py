"""Makes a report: a snapshot's captures replayed, its flows gathered, and what the page says of where it comes from."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from snapshot.raw import SnapshotError
from visualize.alike import Alike
from visualize.draw.dot import to_dot
from visualize.draw.palette import Theme
from visualize.draw.render import RenderError, render
from visualize.draw.report.book import LoggedPacket, Origin, book
from visualize.draw.report.page import page
from visualize.draw.svg import fragment
from visualize.draw.topology import topology_scene
from visualize.draw.words import describe_kind
from visualize.progress import watched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from snapshot.finding import Finding
    from visualize.columns.portraits import Portraits
    from visualize.flow import Flow
    from visualize.load import Loaded
    from visualize.packet.packet import Packet
    from visualize.replay import Replayed, Source

_FLAGS = (("SYN", 2), ("FIN", 1), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32))
_LOGGED = 40  # packets listed for one flow, at most
_LOGGED_AT_LEAST = 4
MOST_FLOWS = 100_000  # in one report: a page of them opens in two seconds, one of a million in no browser
_LOGGED_IN_ALL = 60_000  # and for all flows together: many flows list fewer packets each


class PacketLog:
    """Keeps the first packets of each flow while they pass."""

    def __init__(self) -> None:
        self.packets: dict[int, list[LoggedPacket]] = {}
        self.kept = 0

    def watch(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """The packets, unchanged."""
        for one in replayed:
            known = self.packets.setdefault(one.flow, [])
            if len(known) < (_LOGGED if self.kept < 4 * _LOGGED_IN_ALL else _LOGGED_AT_LEAST):
                self.kept += 1
                known.append(LoggedPacket(one.number, one.time_ns, one.path.start.length, packet_info(one.path.start)))
            yield one

    def of(self, flows: Sequence[Flow | Alike]) -> dict[int, Sequence[LoggedPacket]]:
        """The packets to list for these flows."""
        most = max(_LOGGED_AT_LEAST, _LOGGED_IN_ALL // max(1, len(flows)))
        return {flow.number: self.packets.get(flow.number, [])[:most] for flow in flows}


def packet_info(packet: Packet) -> str:
    """`SYN ACK`, `ACK, 120 bytes of data`, `ICMP type 8 code 0`, `UDP`: what a packet is, in few words."""
    data = f", {packet.transport_length} bytes of data" if packet.transport_length and not packet.is_icmp_error else ""
    data += ", first fragment" if packet.is_fragment else ""
    if packet.tcp_flags is not None:
        return (" ".join(name for name, bit in _FLAGS if packet.tcp_flags & bit) or "no flags") + data
    return describe_kind(packet) + data


def logged(portraits: Portraits, flows: Sequence[Flow | Alike]) -> tuple[list[Flow | Alike], PacketLog]:
    """These flows of a capture whose equal connections were replayed once, with their TTLs, and their first packets."""
    most = max(_LOGGED_AT_LEAST, min(_LOGGED, _LOGGED_IN_ALL // max(1, len(flows))))
    listed = {flow.number: sorted(number for lead in _leads(flow) for number in lead)[:most] for flow in flows}
    firsts = {lead[0] for flow in flows if isinstance(flow, Alike) for lead in flow.leads}
    models = {like.frame for flow in flows if isinstance(flow, Alike) for like in flow.model.uses}
    shown = {number for numbers in listed.values() for number in numbers}
    told: dict[int, LoggedPacket] = {}
    ttls: dict[int, int] = {}
    for frame, packet in watched(portraits.packets(shown | firsts | models), "reading again", "packets"):
        ttls[frame.number] = packet.ttl
        if frame.number in shown:
            told[frame.number] = LoggedPacket(frame.number, frame.time_ns, packet.length, packet_info(packet))
    log = PacketLog()
    log.packets = {number: [told[one] for one in numbers if one in told] for number, numbers in listed.items()}
    return [_with_ttls(flow, ttls) if isinstance(flow, Alike) else flow for flow in flows], log


def _leads(flow: Flow | Alike) -> Sequence[Sequence[int]]:
    return flow.leads if isinstance(flow, Alike) else [use.packets for use in (*flow.original, *flow.reply)]


def _with_ttls(flow: Alike, ttls: Mapping[int, int]) -> Alike:
    return replace(flow, ttls=tuple(ttls[lead[0]] - ttls[like.frame] for lead, like in zip(flow.leads, flow.model.uses, strict=True)))


def write_report(target: str, loaded: Loaded, flows: Sequence[Flow | Alike], log: PacketLog, findings: Sequence[Finding], origin: Origin) -> int:
    """Write the report's one file; returns its size in bytes. Raises SnapshotError where Graphviz can't draw the topology."""
    host = loaded.built.host
    try:
        scene = topology_scene(host)
        topology = fragment(render(to_dot(scene, Theme.LIGHT), "svg"), scene.title, scene.caption)
    except RenderError as error:
        raise SnapshotError(str(error)) from error
    record = book(host, flows, log.of(flows), (*loaded.built.findings, *findings), origin)
    data = page(record, topology).encode()
    FilePath(target).write_bytes(data)
    return len(data)


def origin_of(snapshot: str, pcaps: Sequence[str], assumed: Sequence[str], where: str | None, output: str,
              captures: Sequence[Source], left_out: int = 0) -> Origin:
    """How to make the report again: the command with bare file names, what it read by sha256, and the versions at work."""
    command = ["packetpath", "report", FilePath(snapshot).name, *(word for pcap in pcaps for word in ("--pcap", _bare(pcap))),
               *(word for key in assumed for word in ("--assume", key)), *(("--where", where) if where else ()), "-o", FilePath(output).name]
    named = {_bare(pcap): pcap if FilePath(pcap).exists() else pcap.rpartition("@")[0] for pcap in pcaps}
    inputs = ((FilePath(snapshot).name, sha256(snapshot)), *((name, sha256(path)) for name, path in named.items()))
    told = tuple({"name": c.name, "netns": c.netns, "interface": "local (before OUTPUT)" if c.local else c.interface or "any"}
                 for c in captures)
    return Origin(FilePath(snapshot).name, shlex.join(command), inputs, _versions(), told, tuple(assumed), where or "", left_out)


def _bare(pcap: str) -> str:
    """`dir/FILE@IFACE` without the folder."""
    if FilePath(pcap).exists():
        return FilePath(pcap).name
    path, at, place = pcap.rpartition("@")
    return FilePath(path).name + at + place if at else FilePath(pcap).name


def sha256(path: str) -> str:
    """Of a file; of a folder, that of the list `sha256  name` of all its files, sorted by name."""
    place = FilePath(path)
    if place.is_dir():
        lines = [f"{sha256(str(file))}  {file.relative_to(place).as_posix()}\n" for file in sorted(place.rglob("*")) if file.is_file()]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> tuple[tuple[str, str], ...]:
    import platform

    from visualize.cli import VERSION
    return ("packetpath", VERSION), ("Python", platform.python_version())
