"""Findings: what is wrong with, or missing from, what was read. A finding costs only the thing that it names."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Why a finding was made."""

    MISSING = "missing"  # a fact was not captured
    SYNTAX = "syntax"  # a file or line could not be read
    DANGLING = "dangling"  # a jump to a chain, a set or a device that is not there
    LOOP = "loop"  # chains that jump in a circle
    AMBIGUOUS = "ambiguous"  # two readings are possible; the one taken is named
    NOT_MODELLED = "not modelled"  # understood, and known to bend packets, but not replayed
    TRUNCATED = "truncated"  # a file ends too early


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: `file` and `line` (0: the whole file) say where, `text` what stands there, `why` what it means for the answer."""

    kind: Kind
    file: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        """`netns/host/ip-rule.txt:3: syntax: ...` on one line."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        quoted = f" [{self.text}]" if self.text else ""
        return f"{where}: {self.kind.value}: {self.why}{quoted}"
