"""What an archive holds, before anything is understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from weakref import finalize

from snapshot.finding import Finding
from snapshot.text import readable


class SnapshotError(Exception):
    """The input can't be used at all. The message is one line for a person: which file, where, and why."""


def no_room(what: str, error: OSError) -> str:
    """What to tell a person where a temporary file can't be written. `what`: 'columns are kept'."""
    from tempfile import gettempdir
    try:
        folder = gettempdir()
    except OSError:  # there is none that can be written to
        folder = "TMPDIR"
    return (f"{folder}: no temporary file can be written there ({error.strerror or error}), where {what}: make room, or name another directory "
            "in TMPDIR")


class Stored:
    """A large file's bytes, in a file that is open: a temporary one, or the one that the user named. It is closed with this object."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size
        finalize(self, file.close)

    def read(self, size: int = -1) -> bytes:
        """The first so many bytes; all of them by default."""
        self.file.seek(0)
        return self.file.read(size)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One captured file. `path` is its name inside the archive, with forward slashes, e.g. `netns/host/ip-addr.json`."""

    path: str
    content: bytes | Stored

    @property
    def data(self) -> bytes:
        """All bytes. Of a large capture that is much: see `head`, and `content` for reading it in place."""
        return self.content if isinstance(self.content, bytes) else self.content.read()

    def head(self, size: int = 512) -> bytes:
        """The first bytes."""
        return self.content[:size] if isinstance(self.content, bytes) else self.content.read(size)

    @property
    def text(self) -> str:
        """The bytes as text, whatever the encoding; what is no text is kept as surrogates (and printed escaped)."""
        return readable(self.data).text


@dataclass(frozen=True, slots=True)
class RawSnapshot:
    """All files of a snapshot by path, and what was wrong while opening it. `source` is the name the user gave."""

    source: str
    files: Mapping[str, RawFile]
    findings: tuple[Finding, ...] = field(default=())
