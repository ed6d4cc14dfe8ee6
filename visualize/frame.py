"""Flows as pandas frames: typed columns for notebooks, the CSV that `flows` writes, and sums over what flows have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from visualize.draw.quoting import visible
from visualize.flows import COLUMNS, Row

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 10_000  # rows
_NAMES = frozenset({"netns", "interface", "out_interface", "ended_in", "decided_at", "why"})  # columns that hold strangers' words


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """A row for each flow, a column for each field of `flows --format json`; ports are Int64, since a flow may have none."""
    import pandas as pd
    shown = cache(visible)
    fields = [row.fields for row in rows]
    columns = {name: [shown(value) if name in _NAMES and value is not None else value for value in (one[name] for one in fields)]
               for name in COLUMNS}
    typed = dict.fromkeys(("flow", "packets", "sport", "dport", "nat_sport", "nat_dport"), "Int64")
    return pd.DataFrame(columns, columns=COLUMNS).astype(typed)


def csv_parts(rows: Iterable[Row]) -> Iterator[str]:
    """The flow table as CSV (RFC 4180, but lines end in a newline alone), one row for each flow, a part of the text at a time."""
    left = iter(rows)
    part, header = list(islice(left, _AT_ONCE)), True
    while part or header:
        yield str(frame(part).to_csv(index=False, header=header, lineterminator="\n"))
        part, header = list(islice(left, _AT_ONCE)), False


def summed(rows: Iterable[Row], by: Sequence[str]) -> pd.DataFrame:
    """How many flows and packets have the same values of some columns; most flows first."""
    found = frame(rows).groupby(list(by), dropna=False, sort=True).agg(flows=("flow", "size"), packets=("packets", "sum")).reset_index()
    return found.sort_values(["flows", "packets"], ascending=False, kind="stable", ignore_index=True)
