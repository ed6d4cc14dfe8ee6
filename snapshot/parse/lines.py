"""Outputs with a record a line: each line read by itself, one that can't be read is a finding."""

from collections.abc import Callable
from typing import TypeVar

from snapshot.finding import Finding, Kind

R = TypeVar("R")


def records(text: str, file: str, what: str, make: Callable[[list[str], int], R | None]) -> tuple[tuple[R, ...], tuple[Finding, ...]]:
    """What `make` gives for each line that is not empty (its words, its number): a record, None for a line that tells nothing.

    `make` raises ValueError or IndexError for a line that is not what the tool prints.
    """
    found: list[R] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            made = make(words, number)
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"{what} can't be read: {error}"))
            continue
        if made is not None:
            found.append(made)
    return tuple(found), tuple(findings)
