"""The files of a namespace by fact, and how a fact is read: the best file first, what can't be read costs only itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from snapshot.finding import Finding, Kind
from snapshot.naming import Place
from snapshot.raw import RawFile
from snapshot.text import readable

MOST = 10  # lines of one file that are told one by one
R = TypeVar("R")
Parser = Callable[[str, str], tuple[R, tuple[Finding, ...]]]


@dataclass(slots=True)
class Files:
    """The files of one namespace by fact."""

    name: str
    by_fact: dict[str, list[tuple[Place, RawFile]]] = field(default_factory=dict)

    def of(self, fact: str, family: int | None = None) -> list[tuple[Place, RawFile]]:
        """The files of a fact, the best first: whole ones before parts, JSON before text."""
        found = self.by_fact.get(fact, [])
        if family is not None:
            both = family == 4 or fact == "ip-route"  # `ip route show table all` prints both families, `ip rule` IPv4's
            found = [item for item in found if item[0].family == family or (both and item[0].family == 0)]
        return sorted(found, key=lambda item: (item[0].partial, not item[0].json, family is not None and item[0].family == 0, item[1].path))


def group(placed: Iterable[tuple[Place, RawFile]]) -> dict[str, Files]:
    """The files of a bundle by namespace."""
    groups: dict[str, Files] = {}
    for where, file in placed:
        groups.setdefault(where.netns, Files(where.netns)).by_fact.setdefault(where.fact, []).append((where, file))
    return groups


def read(parse: Parser[R], file: RawFile, findings: list[Finding]) -> R:
    """One file's records; what was wrong with its text or its lines is found."""
    held = readable(file.data)
    findings += (Finding(Kind.SYNTAX, file.path, line, "", why) for line, why in held.remarks)
    records, problems = parse(held.text, file.path)
    findings += _few(problems, file.path)
    return records


def _few(problems: tuple[Finding, ...], path: str) -> Iterator[Finding]:
    """A file that is something else altogether is not told line by line."""
    odd = [one for one in problems if one.kind is Kind.SYNTAX]
    if len(odd) <= MOST:
        yield from problems
        return
    shown = set(map(id, odd[:MOST]))
    yield from (one for one in problems if one.kind is not Kind.SYNTAX or id(one) in shown)
    yield Finding(Kind.SYNTAX, path, odd[MOST].line, odd[MOST].text, f"and {len(odd) - MOST} more lines like these can't be read")


def first(files: Files | None, readers: Sequence[tuple[str, Parser[R]]], findings: list[Finding], family: int | None = None) -> R | None:
    """The records of the best file for a fact, in the order of `readers`. None where none was captured; empty where the output was."""
    best: R | None = None
    for fact, parse in readers:
        for where, file in files.of(fact, family) if files is not None else ():
            if not file.data.strip():
                best = best if best is not None else parse("", file.path)[0]
                continue
            before = len(findings)
            records = read(parse, file, findings)
            if records:
                return records
            both = family == 6 and where.family == 0  # `ip route` by itself shows IPv4's: none of IPv6's there is no evidence
            if not both and not any(finding.kind is Kind.SYNTAX for finding in findings[before:]):
                best = best if best is not None else records  # not where nothing could be read: an error message is no empty output
    return best


def every(
    files: Files | None, fact: str, parse: Callable[[str, str], tuple[tuple[R, ...], tuple[Finding, ...]]], findings: list[Finding]
) -> tuple[R, ...]:
    """The records of all files of a fact (one for each container, or family); JSON where there is any, else text."""
    held = files.of(fact) if files is not None else []
    as_json = [item for item in held if item[0].json and item[1].data.strip()]
    found: dict[R, None] = {}
    for _, file in as_json or [item for item in held if not item[0].json or item[1].data.strip()]:
        found.update(dict.fromkeys(read(parse, file, findings)))
    return tuple(found)


def every_if_told(files: Files, fact: str, parse: Callable[[str, str], tuple[tuple[R, ...], tuple[Finding, ...]]],
                  findings: list[Finding]) -> tuple[R, ...] | None:
    """The same; None where no file was captured, or none that could be read (an error message is no empty output)."""
    before = len(findings)
    found = every(files, fact, parse, findings)
    unread = not found and any(finding.kind is Kind.SYNTAX for finding in findings[before:])
    return None if unread or not files.of(fact) else found
