"""Small numbers by 64-bit hashes, of which ever more are added: sorted runs that are merged as they grow (a log-structured merge tree).

Each run is at least twice as long as the next, so there are few of them to look into, and a hash is moved a few times at most: the time
for all chunks of a capture grows in line with its hashes.
"""

from typing import NamedTuple

import numpy as np

from visualize.columns.connections import U32
from visualize.columns.frames import I64
from visualize.columns.mix import U64


class Run(NamedTuple):
    """Some hashes in order, and columns of numbers for them."""

    keys: U64
    columns: list[U32]


class Index:
    """Numbers by hashes, in so many columns."""

    def __init__(self, columns: int) -> None:
        self.runs: list[Run] = []
        self._columns = columns

    def find(self, keys: U64) -> list[I64]:
        """The numbers of each key, a column for each that there is; -1 for keys that are not known. May be asked while others are added."""
        found = [np.full(len(keys), -1, np.int64) for _ in range(self._columns)]
        for run in self.runs:
            place = np.minimum(np.searchsorted(run.keys, keys), len(run.keys) - 1)
            hit = np.flatnonzero(run.keys[place] == keys)
            for numbers, column in zip(found, run.columns, strict=True):
                numbers[hit] = column[place[hit]]
        return found

    def add(self, keys: U64, *columns: I64) -> None:
        """Different keys that are not known yet, with numbers from 0 on."""
        if not len(keys):
            return
        kept, merged, count = [*self.runs], [Run(keys, [column.astype(np.uint32) for column in columns])], len(keys)
        while kept and len(kept[-1].keys) < 2 * count:
            merged.insert(0, kept.pop())
            count += len(merged[0].keys)
        self.runs = [*kept, _merged(merged)]

    def whole(self) -> Run:
        """All of them."""
        if len(self.runs) != 1:
            self.runs = [_merged(self.runs)] if self.runs else [Run(np.zeros(0, np.uint64), [np.zeros(0, np.uint32)] * self._columns)]
        return self.runs[0]


def _merged(runs: list[Run]) -> Run:
    """Several runs (or keys in any order) as one."""
    keys = np.concatenate([run.keys for run in runs])
    order = np.argsort(keys, kind="stable")  # quick where sorted halves are put together
    return Run(keys[order], [np.concatenate(parts)[order] for parts in zip(*(run.columns for run in runs), strict=True)])
