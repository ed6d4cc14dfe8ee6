"""From what the user named to what can be replayed: the snapshot opened and built, its captures and those named by --pcap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from snapshot.archive import open_snapshot
from snapshot.build import Built, build
from snapshot.finding import Finding, Kind
from snapshot.garbage import no_search_for_garbage
from snapshot.host import HOST
from snapshot.host.conntrack import ConntrackEntry
from snapshot.parse import conntrack as parse_conntrack
from snapshot.raw import RawSnapshot, SnapshotError, Stored
from visualize.flows import gather
from visualize.packet.pcap import Capture, Frame, map_capture, open_capture, read_frames
from visualize.progress import watched
from visualize.replay import Replay, Replayed, Source
from visualize.rows import FlowTable, row_of

if TYPE_CHECKING:
    from visualize.columns.cache import Settled
    from visualize.columns.spread import Spread


@dataclass(frozen=True, slots=True)
class Loaded:
    """A snapshot ready for questions."""

    raw: RawSnapshot
    built: Built
    later: dict[str, tuple[ConntrackEntry, ...]]


def load(path: str) -> Loaded:
    """Open and build a snapshot. Raises SnapshotError where it can't be used at all."""
    raw = open_snapshot(path)
    with no_search_for_garbage(forever=True):
        built = build(raw)
    if not built.host.namespaces:
        damage = next((f"; {finding.why}" for finding in raw.findings if finding.kind is Kind.TRUNCATED), "")
        raise SnapshotError(f"{path}: nothing in it tells of a host's network (no ip, iptables or docker output was found){damage}")
    return Loaded(raw, built, _later(raw))


def _later(raw: RawSnapshot) -> dict[str, tuple[ConntrackEntry, ...]]:
    """Connections as they stood after the capture (`after-conntrack-4.txt`), by namespace."""
    found: dict[str, tuple[ConntrackEntry, ...]] = {}
    for name, file in raw.files.items():
        parts = name.split("/")
        if len(parts) >= 3 and parts[-1].startswith("after-conntrack"):
            entries, _ = parse_conntrack.parse(file.text, name)
            found[parts[-2]] = found.get(parts[-2], ()) + tuple(entries)
    return found


def sources(loaded: Loaded, named: tuple[str, ...]) -> tuple[list[Source], list[Finding]]:
    """The captures to replay: those named (`FILE`, `FILE@IFACE`, `FILE@local`), else those in the snapshot."""
    found: list[Source] = []
    findings: list[Finding] = []
    if named:
        for text in named:
            found.append(_named(loaded, text, findings))
        return found, findings
    for capture in loaded.built.captures:
        try:
            frames = _frames(capture.raw.content, capture.path, findings)
        except SnapshotError as error:  # a bad capture among good files costs only itself
            findings.append(Finding(Kind.SYNTAX, capture.path, 0, "", f"{error}; this capture is left out"))
            continue
        interface = capture.interface if capture.interface not in ("any", None) else None
        found.append(Source(capture.path.rsplit("/", 1)[-1], frames, capture.netns or HOST, interface, capture=_capture(frames)))
    return found, findings


def _named(loaded: Loaded, text: str, findings: list[Finding]) -> Source:
    path, place = text, ""
    if "@" in text and not FilePath(text).exists():
        path, _, place = text.rpartition("@")
    frames = _frames(path, path, findings)
    netns, interface, local = HOST, place or None, False
    if "/" in place:
        netns, _, interface = place.partition("/")
    if interface == "local":
        interface, local = None, True
    elif interface == "any":
        interface = None
    namespaces = loaded.built.host.namespaces
    if netns not in namespaces:
        if len(namespaces) == 1 and "/" not in place:
            netns = next(iter(namespaces))
        else:
            raise SnapshotError(f"{text}: the snapshot has no namespace {netns!r} (it has: {', '.join(namespaces)})")
    known = namespaces[netns].interfaces
    if interface is not None and interface not in known and any(not one.invented for one in known.values()):
        raise SnapshotError(f"{text}: namespace {netns} has no interface {interface!r} "
                            f"(it has: {', '.join(namespaces[netns].interfaces)})")
    return Source(FilePath(path).name, frames, netns, interface, local, _capture(frames))


def _frames(data: bytes | Stored | str, path: str, findings: list[Finding]) -> Iterable[Frame]:
    """The frames of a capture (its bytes, or the file's name); where our reader does not know its link type, scapy is asked."""
    try:
        if isinstance(data, Stored):
            return map_capture(data.file, path)
        return open_capture(data) if isinstance(data, str) else read_frames(data, path)
    except SnapshotError:
        from visualize.packet.exotic import frames
        if isinstance(data, str):
            if not FilePath(data).is_file():
                raise
            data = FilePath(data).read_bytes()
        found = frames(data.read() if isinstance(data, Stored) else data)
        if found is None:
            raise
        findings.append(Finding(Kind.AMBIGUOUS, path, 0, "", "a rare link type: read by scapy, slowly"))
        return found


def _capture(frames: Iterable[Frame]) -> Capture | None:
    return frames if isinstance(frames, Capture) else None


def damage(captures: Iterable[Source]) -> list[Finding]:
    """What is damaged in captures: free once they were read to their ends."""
    return [finding for source in captures if source.capture is not None for finding in source.capture.findings]


def replay(loaded: Loaded, captures: list[Source], assumptions: dict[str, bool], remember: bool = True) -> Iterator[Replayed]:
    """Replay captures through a loaded snapshot; without `remember` each packet is walked, with the same result."""
    return Replay(loaded.built.host, assumptions, loaded.later, remember).run(captures)


_SMALLEST = 512 * 1024  # bytes of a capture from which on columns pay


def settle(loaded: Loaded, captures: list[Source], assumptions: dict[str, bool], spread: Spread | None = None) -> Settled | None:
    """Large captures with equal connections replayed once; None where every packet has to be replayed."""
    files = [source.capture for source in captures if source.capture is not None]
    if len(files) < len(captures) or sum(file.size for file in files) < _SMALLEST:
        return None
    from visualize.columns.cache import Cache
    cache = Cache(loaded.built.host, assumptions, loaded.later, captures, spread)
    settled = cache.settled()
    if settled is not None:
        for file, whole in zip(files, cache.whole, strict=True):
            if whole:
                file.found_whole()
    return settled


def flow_table(loaded: Loaded, captures: list[Source], assumptions: dict[str, bool], cached: bool, spread: Spread | None = None) -> FlowTable:
    """The flow table, the same in any way.

    `cached`: where a capture is large, equal connections are replayed once. `spread`: who reads its chunks (None: this process).
    """
    host = loaded.built.host
    settled = settle(loaded, captures, assumptions, spread) if cached else None
    if settled is not None:
        return settled.flow_table(host)
    packets = watched(replay(loaded, captures, assumptions, cached), "replaying")
    return FlowTable.of(row_of(host, flow) for flow in gather(packets))
