"""The flow table in blocks: the same rows and the same text, however they are divided."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from visualize.flows import gather
from visualize.frame import frame
from visualize.load import load, replay, sources
from visualize.packet.where import compile_where
from visualize.row_text import csv_parts, json_parts
from visualize.rows import ASIDE, COLUMNS, Block, FlowTable, Row, row_of

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/snapshot.tar.gz"))
NASTY = {"why": 'says "no", and\nleaves', "interface": "\x1b[31m", "netns": "a,b", "decided_at": "", "ended_in": "häß\udcff"}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The rows of all samples, and one whose names are made to harm."""
    found = []
    for path in SAMPLES:
        loaded = load(str(path))
        found += [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources(loaded, ())[0], {}))]
    return [*found, found[0] | NASTY]


def divided(rows: list[Row], size: int) -> list[Block]:
    """The same in blocks of so many rows, an empty one between them."""
    return [Block.of(rows[low:high]) for low in range(0, len(rows), size) for high in (low + size, low)]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_text_does_not_depend_on_its_parts(rows: list[Row], size: int) -> None:
    """One header, a line for each flow, whatever the blocks."""
    whole = FlowTable.of(rows)
    assert "".join(csv_parts(divided(rows, size))) == "".join(csv_parts(whole))
    assert "".join(json_parts(divided(rows, size))) == "".join(json_parts(whole))


def test_no_row_is_a_table_too() -> None:
    """A header alone; an empty array."""
    assert "".join(csv_parts(FlowTable.of([]))) == ",".join(COLUMNS) + "\n"
    assert "".join(json_parts(FlowTable.of([]))) == "[]\n"


def test_json_is_what_the_standard_library_writes(rows: list[Row]) -> None:
    """Byte by byte."""
    shown = [{name: row[name] for name in COLUMNS} for row in rows]
    assert "".join(json_parts(FlowTable.of(rows))) == json.dumps(shown, indent=2) + "\n"


def test_csv_is_what_pandas_writes(rows: list[Row]) -> None:
    """Byte by byte; read again, no comma, quote or line end of a stranger's name has moved a field."""
    text = "".join(csv_parts(FlowTable.of(rows)))
    assert text == frame(FlowTable.of(rows)).to_csv(index=False, lineterminator="\n")
    last = list(csv.DictReader(io.StringIO(text)))[-1]
    assert [last[name] for name in ("why", "interface", "netns")] == ['says "no", and\\x0aleaves', "\\x1b[31m", "a,b"]
    assert pd.read_csv(io.StringIO(text))["packets"].sum() == sum(row["packets"] for row in rows)


def test_rows_come_back_from_blocks(rows: list[Row]) -> None:
    """Whole; woven from two blocks; and those for which a test holds."""
    assert list(Block.of(rows).rows()) == [{name: row[name] for name in (*COLUMNS, *ASIDE)} for row in rows]
    evens, odds = Block.of(rows[::2]), Block.of(rows[1::2])
    order: list[Any] = [number // 2 + (number % 2) * len(rows[::2]) for number in range(len(rows))]
    assert list(evens.woven(odds, order).rows()) == list(Block.of(rows).rows())
    kept = FlowTable.of(rows).where(compile_where("udp and port 5353"))
    assert [row["flow"] for row in kept.rows()] == [row["flow"] for row in rows if row["proto"] == "udp" and 5353 in (
        row["sport"], row["dport"], row["nat_sport"], row["nat_dport"])]
    assert any(True for _ in kept.rows())
