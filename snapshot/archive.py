"""Opening a snapshot: a tarball (plain, gz, xz, bz2, zstd), a zip file, a directory, or one file.  The only opener of archives.

Members are read into memory, by name, within limits; large captures into temporary files without a name.  Names and links that lead
outside, and devices, are left out and told; a link to a file inside is that file.
"""

import bz2
import gzip
import lzma
import os
import posixpath
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any

from snapshot.finding import Finding, Kind
from snapshot.raw import RawFile, RawSnapshot, SnapshotError, Stored, no_room

MAX_FILE = 2 * 1024**3  # bytes of one member (a capture)
MAX_TEXT = 256 * 1024**2  # bytes of one member that is no capture
MAX_TOTAL = 4 * 1024**3
MAX_MEMBERS = 100_000
IN_MEMORY = 4 * 1024**2  # bytes of a capture that is held in memory; a larger one is put into a temporary file, or read where it is
MAX_RATIO = 200  # unpacked bytes for each packed one: more is a bomb
_CAPTURES = (".pcap", ".pcapng", ".cap")
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGICS = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh", _ZSTD)
_ZIP = b"PK\x03\x04"
_CAPTURE_MAGICS = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
# TypeError: tarfile's own answer to a gzip header that is cut off
_DAMAGE = (EOFError, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, TypeError, ValueError, OverflowError)
# what a report of a whole host holds besides: logs, packages, journals; never read into memory
_SKIPPED = re.compile(r"(^|/)(var/(log|lib|spool|cache)|sos_logs|sos_strings|usr|boot|lib|"
                      r"sys/(devices|firmware|fs|kernel|module|bus|block|power))/")


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
    if head.startswith(_ZIP):
        return _zip(target, name)
    if head[257:262] == b"ustar" or any(head.startswith(magic) for magic in _MAGICS):
        return _compressed(target, name, head)
    return _single(target, name, head)


def _compressed(target: Path, name: str, head: bytes) -> RawSnapshot:
    """A tarball, packed or not; or one packed text (`iptables-save.gz`)."""
    try:
        return _tarball(target, name)
    except NotTar as problem:
        data = None if head[257:262] == b"ustar" else _unpacked(target, head)
        if data is None or data[257:262] == b"ustar" or b"\0\0" in data[:512]:
            raise SnapshotError(f"{name}: not a tarball that can be read: {problem}") from None
        inside = target.name.rpartition(".")[0] or target.name
        return RawSnapshot(name, {inside: RawFile(inside, data)})


class NotTar(SnapshotError):
    """Not a single member could be read."""


def _stream(target: Path, head: bytes) -> Any:
    """The bytes of a packed file, unpacked as they are read."""
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(target)
    if head.startswith(b"BZh"):
        return bz2.open(target)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.open(target)
    import zstandard
    file = open(target, "rb")  # noqa: SIM115 (closed with the stream)
    return zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(file, read_across_frames=True, closefd=True)


def _unpacked(target: Path, head: bytes) -> bytes | None:
    """A packed text, up to a text's limit; what comes before damage is kept."""
    parts: list[bytes] = []
    try:
        with _stream(target, head) as stream:
            while sum(map(len, parts)) <= MAX_TEXT and (part := stream.read(1 << 20)):
                parts.append(part)
    except (*_DAMAGE, _zstd_error()):
        pass
    data = b"".join(parts)
    return data if data and len(data) <= MAX_TEXT else None


def _zstd_error() -> type[Exception]:
    import zstandard
    return zstandard.ZstdError


def _safe(name: str) -> str | None:
    """The member's path inside the archive, or None where it is absolute or leads outside."""
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return None
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "")]
    return None if ".." in parts or not parts else "/".join(parts)


def _limit(name: str) -> int:
    return MAX_FILE if name.endswith(_CAPTURES) else MAX_TEXT


def _tarball(target: Path, name: str) -> RawSnapshot:
    """Read every member. Raises NotTar where there is none that can be read."""
    reading = _Reading(name)
    try:
        with open(target, "rb") as file:
            packed = file.read(6)
        with _stream(target, packed) if packed.startswith(_ZSTD) else open(target, "rb") as source, tarfile.open(
                mode="r|" if packed.startswith(_ZSTD) else "r|*", fileobj=source) as archive:
            for member in archive:
                reading.member(archive, member)
                reading.check(max(target.stat().st_size, 1))
    except (*_DAMAGE, _zstd_error()) as error:
        if not reading.files:
            raise NotTar(f"{name}: not a tarball that can be read: {error}") from None
        last = next(reversed(reading.files))
        reading.findings.append(Finding(Kind.TRUNCATED, name, 0, "", f"the tarball is damaged or cut off behind {last} ({error}); the "
                                        f"{len(reading.files)} files before that are used"))
    if not reading.files:
        raise NotTar(f"{name}: an archive without a single file in it")
    return reading.snapshot()


class _Reading:
    """An archive while it is read: its files, its links (resolved at the end, inside the archive only), what was left out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, RawFile] = {}
        self.links: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.left_out: list[str] = []
        self.total = self.count = 0

    def member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Read one member of a tarball."""
        self.count += 1
        if member.isdir():
            return
        safe = self.safe(member.name)
        if safe is None:
            return
        if member.issym():
            self.link(safe, posixpath.join(posixpath.dirname(safe), member.linkname))
        elif member.islnk():
            self.link(safe, member.linkname)
        elif not member.isreg():
            self.left_out.append(safe)
        elif _SKIPPED.search(safe) or not self.fits(safe, member.size):
            self.total += member.size
        else:
            handle = archive.extractfile(member)
            size = self.add(safe, handle, member.size) if handle is not None else 0
            if size < member.size:
                raise EOFError(f"{safe} ends {member.size - size} bytes too early")

    def safe(self, name: str) -> str | None:
        """The path inside the archive; a finding for one that leads outside."""
        found = _safe(name)
        if found is None:
            self.findings.append(Finding(Kind.SYNTAX, self.name, 0, name[:200], "a member's name leads outside the archive; left out"))
        return found

    def fits(self, path: str, size: int) -> bool:
        """Whether a member is small enough. Raises SnapshotError for one that no archive holds."""
        if size > MAX_FILE:
            raise SnapshotError(f"{self.name}: {path} claims {size >> 20} MiB: refused")
        if size > _limit(path):
            self.findings.append(Finding(Kind.SYNTAX, self.name, 0, path[:200], f"{size >> 20} MiB is too large; left out"))
        return size <= _limit(path)

    def add(self, path: str, handle: IO[bytes], size: int) -> int:
        """Read one file, which is said to have so many bytes. Returns how many there were."""
        content = _stored(handle) if path.endswith(_CAPTURES) and size > IN_MEMORY else handle.read(_limit(path))
        found = len(content) if isinstance(content, bytes) else content.size
        self.files[path] = RawFile(path, content)
        self.total += found
        return found

    def link(self, path: str, target: str) -> None:
        """A link, if its target lies inside."""
        inside = posixpath.normpath(target)
        if _safe(inside) is None:
            self.left_out.append(path)
        else:
            self.links[path] = inside

    def check(self, packed: int) -> None:
        """Raises SnapshotError where the archive is larger than any snapshot."""
        if self.count > MAX_MEMBERS:
            raise SnapshotError(f"{self.name}: more than {MAX_MEMBERS} members; this is no snapshot")
        if self.total > MAX_TOTAL or (self.total > 64 * 1024**2 and self.total > packed * MAX_RATIO):
            raise SnapshotError(f"{self.name}: unpacks to more than {self.total >> 20} MiB from {packed >> 10} KiB: refused as a decompression bomb")

    def snapshot(self) -> RawSnapshot:
        """All that was read, links to files inside as those files."""
        for path, target in self.links.items():
            for _ in range(8):
                if target not in self.links:
                    break
                target = self.links[target]
            if target in self.files and not _SKIPPED.search(path):
                self.files[path] = RawFile(path, self.files[target].content)
            elif not any(known.startswith(target + "/") for known in self.files):
                self.left_out.append(path)
        if self.left_out:
            more = f" (and {len(self.left_out) - 1} more)" if len(self.left_out) > 1 else ""
            self.findings.append(Finding(Kind.SYNTAX, self.name, 0, self.left_out[0][:200] + more,
                                         "a link that leads nowhere inside, or a device, not a file; left out"))
        return RawSnapshot(self.name, _stripped(self.files), tuple(self.findings))


def _stored(handle: IO[bytes]) -> Stored:
    """A capture, copied into a temporary file. Raises SnapshotError where there is no room for it."""
    with _room():
        file = TemporaryFile(buffering=0)  # noqa: SIM115 (closed with what is returned)
    stored = Stored(file, 0)
    while part := handle.read(min(1 << 20, MAX_FILE - stored.size)):
        left = memoryview(part)
        while left:
            with _room():
                left = left[file.write(left):]
        stored.size += len(part)
    return stored


@contextmanager
def _room() -> Iterator[None]:
    """What a temporary file needs."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(no_room("a large capture inside a snapshot is put", error)) from error


def _in_place(path: Path) -> Stored | None:
    """A capture that is too large to be held in memory, to be read where it is."""
    size = path.stat().st_size
    return Stored(open(path, "rb"), size) if path.name.endswith(_CAPTURES) and size > IN_MEMORY else None


def _zip(target: Path, name: str) -> RawSnapshot:
    """A zip file, as Windows packs a folder."""
    import zipfile
    reading = _Reading(name)
    try:
        with zipfile.ZipFile(target) as archive:
            for item in archive.infolist():
                reading.count += 1
                safe = reading.safe(item.filename) if not item.is_dir() else None
                if safe is not None and not _SKIPPED.search(safe) and reading.fits(safe, item.file_size):
                    with archive.open(item) as handle:
                        reading.add(safe, handle, item.file_size)
                reading.check(max(target.stat().st_size, 1))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        if not reading.files:
            raise SnapshotError(f"{name}: not a zip file that can be read: {error}") from None
        reading.findings.append(Finding(Kind.TRUNCATED, name, 0, "", f"the zip file is damaged or locked ({error}); the "
                                        f"{len(reading.files)} files before that are used"))
    if not reading.files:
        raise SnapshotError(f"{name}: an archive without a single file in it")
    return reading.snapshot()


def _stripped(files: dict[str, RawFile]) -> dict[str, RawFile]:
    """Without the one folder that everything lies in, if there is one; sorted by name."""
    tops = {path.split("/", 1)[0] for path in files}
    if len(tops) == 1 and not tops & {"netns", "once", "captures"} and all("/" in path for path in files):
        cut = len(next(iter(tops))) + 1
        files = {path[cut:]: RawFile(path[cut:], file.content) for path, file in files.items()}
    return dict(sorted(files.items()))


def _directory(target: Path, name: str) -> RawSnapshot:
    files: dict[str, RawFile] = {}
    findings: list[Finding] = []
    root = target.resolve()
    for folder, folders, names in os.walk(target, followlinks=False):
        folders.sort()
        for leaf in sorted(names):
            path = Path(folder) / leaf
            inside = path.relative_to(target).as_posix()
            if _SKIPPED.search("/" + inside):
                continue
            try:
                if not path.is_file() or (path.is_symlink() and not path.resolve().is_relative_to(root)):
                    findings.append(Finding(Kind.SYNTAX, inside, 0, "", "a link that leads outside, or a device, not a file; left out"))
                elif path.stat().st_size > _limit(inside):
                    findings.append(Finding(Kind.SYNTAX, inside, 0, "", "too large; left out"))
                else:
                    files[inside] = RawFile(inside, _in_place(path) or path.read_bytes())
            except OSError as error:
                findings.append(Finding(Kind.MISSING, inside, 0, "", f"can't be read: {error.strerror or error}"))
        if len(files) > MAX_MEMBERS:
            raise SnapshotError(f"{name}: more than {MAX_MEMBERS} files; this is no snapshot")
    if not files:
        raise SnapshotError(f"{name}: an empty directory")
    return RawSnapshot(name, _stripped(files), tuple(findings))


def _single(target: Path, name: str, head: bytes) -> RawSnapshot:
    """One text is a (small) snapshot; a tarball without a magic number is one too."""
    if head[:4] in _CAPTURE_MAGICS:
        raise SnapshotError(f"{name}: not a snapshot: a capture: give the snapshot first, and this with --pcap")
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _tarball(target, name)
    if target.stat().st_size > MAX_TEXT:
        raise SnapshotError(f"{name}: too large for a text, and no tarball")
    return RawSnapshot(name, {target.name: RawFile(target.name, target.read_bytes())})
