"""Flows as pandas frames: typed columns for notebooks, and sums over what flows have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from visualize.draw.quoting import visible
from visualize.rows import COLUMNS, Block, Kind

if TYPE_CHECKING:
    import pandas as pd


def frame(table: Iterable[Block], names: Sequence[str] = tuple(COLUMNS)) -> pd.DataFrame:
    """A row for each flow, a column for each field of `flows --format json`; ports are Int64, since a flow may have none."""
    import pandas as pd
    shown = cache(lambda value: None if value is None else visible(value))
    parts = [[list(map(shown, block.columns[name])) if COLUMNS[name] is Kind.NAME else block.columns[name] for name in names] for block in table]
    columns = {name: list(chain.from_iterable(part[place] for part in parts)) for place, name in enumerate(names)}
    return pd.DataFrame(columns, columns=list(names)).astype({name: "Int64" for name in names if COLUMNS[name] in (Kind.COUNT, Kind.PORT)})


def summed(table: Iterable[Block], by: Sequence[str]) -> pd.DataFrame:
    """How many flows and packets have the same values of some columns; most flows first."""
    groups = frame(table, tuple(dict.fromkeys((*by, "flow", "packets")))).groupby(list(by), dropna=False, sort=True)
    found = groups.agg(flows=("flow", "size"), packets=("packets", "sum")).reset_index()
    return found.sort_values(["flows", "packets"], ascending=False, kind="stable", ignore_index=True)
