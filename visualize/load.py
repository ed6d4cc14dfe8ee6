"""From what the user named to what can be replayed: the snapshot opened and built, its captures and those named by --pcap."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath

from snapshot.archive import open_snapshot
from snapshot.build import Built, build
from snapshot.finding import Finding, Kind
from snapshot.host import HOST
from snapshot.host.conntrack import ConntrackEntry
from snapshot.parse import conntrack as parse_conntrack
from snapshot.raw import RawSnapshot, SnapshotError
from visualize.packet.pcap import Frame, read_frames
from visualize.replay import Replay, Replayed, Source


@dataclass(frozen=True, slots=True)
class Loaded:
    """A snapshot ready for questions."""

    raw: RawSnapshot
    built: Built
    later: dict[str, tuple[ConntrackEntry, ...]]


def load(path: str) -> Loaded:
    """Open and build a snapshot. Raises SnapshotError where it can't be used at all."""
    raw = open_snapshot(path)
    with _no_search_for_garbage():
        built = build(raw)
    if not built.host.namespaces:
        raise SnapshotError(f"{path}: nothing in it tells of a host's network (no ip, iptables or docker output was found)")
    return Loaded(raw, built, _later(raw))


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """A large snapshot becomes very many objects that stay, and next to no garbage: searching them for it would cost a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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
            frames = _frames(capture.raw.data, capture.path, findings)
        except SnapshotError as error:  # a bad capture among good files costs only itself
            findings.append(Finding(Kind.SYNTAX, capture.path, 0, "", f"{error}; this capture is left out"))
            continue
        interface = capture.interface if capture.interface not in ("any", None) else None
        found.append(Source(capture.path.rsplit("/", 1)[-1], frames, capture.netns or HOST, interface))
    return found, findings


def _named(loaded: Loaded, text: str, findings: list[Finding]) -> Source:
    path, place = text, ""
    if "@" in text and not FilePath(text).exists():
        path, _, place = text.rpartition("@")
    try:
        data = FilePath(path).read_bytes()
    except OSError as error:
        raise SnapshotError(f"{path}: can't be read: {error.strerror or error}") from error
    frames = _frames(data, path, findings)
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
    if interface is not None and namespaces[netns].interfaces and interface not in namespaces[netns].interfaces:
        raise SnapshotError(f"{text}: namespace {netns} has no interface {interface!r} "
                            f"(it has: {', '.join(namespaces[netns].interfaces)})")
    return Source(FilePath(path).name, frames, netns, interface, local)


def _frames(data: bytes, path: str, findings: list[Finding]) -> Iterable[Frame]:
    """A capture's frames; where our reader does not know its link type, scapy is asked."""
    try:
        capture = read_frames(data, path)
    except SnapshotError:
        from visualize.packet.exotic import frames
        found = frames(data)
        if found is None:
            raise
        findings.append(Finding(Kind.AMBIGUOUS, path, 0, "", "a rare link type: read by scapy, slowly"))
        return found
    findings += capture.findings
    return capture.frames


def replay(loaded: Loaded, captures: list[Source], assumptions: dict[str, bool]) -> Iterator[Replayed]:
    """Replay captures through a loaded snapshot."""
    return Replay(loaded.built.host, assumptions, loaded.later).run(captures)
