"""What an archive holds, before anything is understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snapshot.finding import Finding
from snapshot.text import readable


class SnapshotError(Exception):
    """The input can't be used at all. The message is one line for a person: which file, where, and why."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """One captured file. `path` is its name inside the archive, with forward slashes, e.g. `netns/host/ip-addr.json`."""

    path: str
    data: bytes

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
