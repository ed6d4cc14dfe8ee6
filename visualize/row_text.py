"""The flow table as CSV and as JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, assert_never

from visualize.draw.quoting import visible
from visualize.rows import COLUMNS, Block, Kind


def csv_parts(table: Iterable[Block]) -> Iterator[str]:
    """The flow table as CSV (RFC 4180, but lines end in a newline alone), a block of rows at a time."""
    field = cache(_csv_field)

    def texts(kind: Kind, column: list[Any]) -> list[Any]:
        match kind:
            case Kind.COUNT | Kind.WORD | Kind.FLAG:
                return column
            case Kind.PORT | Kind.MOVED:
                return ["" if value is None else value for value in column]
            case Kind.NAME:
                return list(map(field, column))
            case _:
                assert_never(kind)

    yield ",".join(COLUMNS) + "\n"
    yield from _lines(table, ",".join(["%s"] * len(COLUMNS)) + "\n", texts)


def _csv_field(value: str | None) -> str:
    """A text between two commas."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow((None if value is None else visible(value), None))
    return written.getvalue()[:-1]


def json_parts(table: Iterable[Block]) -> Iterator[str]:
    """The flow table as a JSON array, indented, a block of rows at a time; the standard library's own indenting is slow."""
    encode = cache(json.JSONEncoder(ensure_ascii=True).encode)

    def texts(kind: Kind, column: list[Any]) -> list[Any]:
        match kind:
            case Kind.COUNT | Kind.WORD:
                return column
            case Kind.PORT:
                return ["null" if value is None else value for value in column]
            case Kind.MOVED:
                return ["null" if value is None else f'"{value}"' for value in column]
            case Kind.NAME | Kind.FLAG:
                return list(map(encode, column))
            case _:
                assert_never(kind)

    fields = ",\n".join(f'    "{name}": "%s"' if kind is Kind.WORD else f'    "{name}": %s' for name, kind in COLUMNS.items())
    before = "["
    for part in _lines(table, ",\n  {\n" + fields + "\n  }", texts):
        yield before + part.removeprefix("," if before else "")
        before = ""
    yield "\n]\n" if not before else "[]\n"


def _lines(table: Iterable[Block], line: str, texts: Callable[[Kind, list[Any]], list[Any]]) -> Iterator[str]:
    """Each block that has rows as text: a line's pattern filled in for each row."""
    for block in table:
        if block.columns["flow"]:
            columns = [texts(kind, block.columns[name]) for name, kind in COLUMNS.items()]
            yield "".join(map(line.__mod__, zip(*columns, strict=True)))
