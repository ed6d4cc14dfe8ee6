"""Kinds of bundles: each reader says which file holds which fact of which namespace, before anything is parsed.

A reader is a module with `recognise(raw) -> Bundle | None`; the first that knows the bundle takes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from snapshot.finding import Finding
from snapshot.naming import Place
from snapshot.raw import RawFile


class BundleKind(Enum):
    """What somebody sent."""

    SNAPSHOT = "a snapshot by packetpath's collector"
    SOSREPORT = "a sosreport"
    SUPPORTCONFIG = "a supportconfig"
    INSIGHTS = "an insights archive"
    FOLDER = "a folder of commands' outputs"
    TRANSCRIPT = "one text with several commands' outputs"
    LONE = "the output of one command"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle understood so far: which file (or part of one) holds which fact.

    A part of a file keeps the file's path and line numbers. `doubts` are reasons why no answer from this bundle is certain.
    """

    kind: BundleKind
    placed: tuple[tuple[Place, RawFile], ...]
    findings: tuple[Finding, ...] = ()
    doubts: tuple[str, ...] = ()
    hostname: str = ""
    kernel: str = ""
    captured: str = ""
    manifest: Mapping[str, Any] | None = field(default=None)

    def __iter__(self) -> Iterator[tuple[Place, RawFile]]:
        """The placed files."""
        return iter(self.placed)
