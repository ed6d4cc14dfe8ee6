"""Opening a snapshot: a tarball (plain, gz, xz, bz2), a directory, or one file.  The only opener of archives.

Nothing is unpacked to disk: members are read into memory, by name, within limits.  Names that lead outside, links and devices are
left out and told.
"""

import os
import tarfile
import zlib
from io import BytesIO
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from snapshot.finding import Finding, Kind
from snapshot.raw import RawFile, RawSnapshot, SnapshotError

MAX_FILE = 2 * 1024**3  # bytes of one member (a capture)
MAX_TEXT = 256 * 1024**2  # bytes of one member that is no capture
MAX_TOTAL = 4 * 1024**3
MAX_MEMBERS = 100_000
MAX_RATIO = 200  # unpacked bytes for each packed one: more is a bomb
_CAPTURES = (".pcap", ".pcapng", ".cap")
_MAGICS = {b"\x1f\x8b": "gz", b"\xfd7zXZ": "xz", b"BZh": "bz2"}
_ZSTD = b"\x28\xb5\x2f\xfd"


def open_snapshot(path: str | os.PathLike[str]) -> RawSnapshot:
    """Read a snapshot. Raises SnapshotError with one line for a person where nothing can be read."""
    target = Path(path)
    name = str(path)
    try:
        if target.is_dir():
            return _directory(target, name)
        with open(target, "rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise SnapshotError(f"{name}: there is no such file") from None
    except OSError as error:
        raise SnapshotError(f"{name}: can't be read: {error.strerror or error}") from error
    if not head:
        raise SnapshotError(f"{name}: the file is empty")
    if head.startswith(_ZSTD):
        raise SnapshotError(f"{name}: compressed with zstd: unpack it first (zstd -d {name}) and give the .tar")
    if any(head.startswith(magic) for magic in _MAGICS) or head[257:262] == b"ustar":
        return _tarball(target, name)
    return _single(target, name, head)


def _safe(name: str) -> str | None:
    """The member's path inside the archive, or None where it is absolute or leads outside."""
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return None
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "")]
    return None if ".." in parts or not parts else "/".join(parts)


def _limit(name: str) -> int:
    return MAX_FILE if name.endswith(_CAPTURES) else MAX_TEXT


def _tarball(target: Path, name: str) -> RawSnapshot:
    files: dict[str, RawFile] = {}
    findings: list[Finding] = []
    packed = max(target.stat().st_size, 1)
    total = 0
    try:
        with tarfile.open(target, "r|*") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_MEMBERS:
                    raise SnapshotError(f"{name}: more than {MAX_MEMBERS} members; this is no snapshot")
                total += _member(archive, member, name, files, findings)
                if total > MAX_TOTAL or (total > 64 * 1024**2 and total > packed * MAX_RATIO):
                    raise SnapshotError(f"{name}: unpacks to more than {total >> 20} MiB from {packed >> 10} KiB: refused as a "
                                        "decompression bomb")
    except (EOFError, tarfile.ReadError, zlib.error, LZMAError, OSError, TypeError) as error:
        # TypeError: tarfile's own answer to a gzip header that is cut off
        if not files:
            raise SnapshotError(f"{name}: not a tarball that can be read: {error}") from None
        last = next(reversed(files))
        findings.append(Finding(Kind.TRUNCATED, name, 0, "", f"the tarball is damaged or cut off behind {last} ({error}); the "
                                f"{len(files)} files before that are used"))
    if not files:
        raise SnapshotError(f"{name}: an archive without a single file in it")
    return RawSnapshot(name, _stripped(files), tuple(findings))


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, source: str, files: dict[str, RawFile],
            findings: list[Finding]) -> int:
    """Read one member; returns how many bytes it had."""
    if member.isdir():
        return 0
    safe = _safe(member.name)
    if safe is None:
        findings.append(Finding(Kind.SYNTAX, source, 0, member.name[:200], "a member's name leads outside the archive; left out"))
        return 0
    if not member.isreg():
        findings.append(Finding(Kind.SYNTAX, source, 0, safe[:200], "a link or a device, not a file; left out"))
        return 0
    if member.size > _limit(safe):
        if member.size > MAX_FILE:
            raise SnapshotError(f"{source}: {safe} claims {member.size >> 20} MiB: refused")
        findings.append(Finding(Kind.SYNTAX, source, 0, safe[:200], f"{member.size >> 20} MiB is too large; left out"))
        return member.size
    handle = archive.extractfile(member)
    data = handle.read() if handle is not None else b""
    if len(data) < member.size:
        files[safe] = RawFile(safe, data)
        raise EOFError(f"{safe} ends {member.size - len(data)} bytes too early")
    files[safe] = RawFile(safe, data)
    return member.size


def _stripped(files: dict[str, RawFile]) -> dict[str, RawFile]:
    """Without the one folder that everything lies in, if there is one; sorted by name."""
    tops = {path.split("/", 1)[0] for path in files}
    if len(tops) == 1 and not tops & {"netns", "once", "captures"} and all("/" in path for path in files):
        cut = len(next(iter(tops))) + 1
        files = {path[cut:]: RawFile(path[cut:], file.data) for path, file in files.items()}
    return dict(sorted(files.items()))


def _directory(target: Path, name: str) -> RawSnapshot:
    files: dict[str, RawFile] = {}
    findings: list[Finding] = []
    for folder, folders, names in os.walk(target, followlinks=False):
        folders.sort()
        for leaf in sorted(names):
            path = Path(folder) / leaf
            inside = path.relative_to(target).as_posix()
            if path.is_symlink() or not path.is_file():
                findings.append(Finding(Kind.SYNTAX, inside, 0, "", "a link or a device, not a file; left out"))
                continue
            if path.stat().st_size > _limit(inside):
                findings.append(Finding(Kind.SYNTAX, inside, 0, "", "too large; left out"))
                continue
            try:
                files[inside] = RawFile(inside, path.read_bytes())
            except OSError as error:
                findings.append(Finding(Kind.MISSING, inside, 0, "", f"can't be read: {error.strerror or error}"))
        if len(files) > MAX_MEMBERS:
            raise SnapshotError(f"{name}: more than {MAX_MEMBERS} files; this is no snapshot")
    if not files:
        raise SnapshotError(f"{name}: an empty directory")
    return RawSnapshot(name, dict(sorted(files.items())), tuple(findings))


def _single(target: Path, name: str, head: bytes) -> RawSnapshot:
    """A lone iptables-save file is a (small) snapshot."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff \r\n")
    if text.startswith(("*filter", "*nat", "*mangle", "*raw", "*security", "# Generated by ip")):
        six = "ip6tables" in text.split("\n", 1)[0]
        inside = "netns/host/ip6tables-save.txt" if six else "netns/host/iptables-save.txt"
        if target.stat().st_size > MAX_TEXT:
            raise SnapshotError(f"{name}: too large for an iptables-save file")
        return RawSnapshot(name, {inside: RawFile(inside, target.read_bytes())})
    try:
        with tarfile.open(fileobj=BytesIO(target.read_bytes()[:1 << 20])) as _:
            return _tarball(target, name)
    except (tarfile.ReadError, EOFError):
        pass
    kind = "a capture: give the snapshot first, and this with --pcap" if head[:4] in (
        b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\xb2\xa1") else (
        "neither a tarball, a directory nor an iptables-save file")
    raise SnapshotError(f"{name}: not a snapshot: {kind}")
