"""Which connection a tuple belongs to, for very many tuples: sorted runs that are merged as they grow (a log-structured merge tree).

New tuples become a run of their own; two neighbouring runs are merged where the older is less than twice as long as the newer. So there are
few runs to look into, each tuple is moved a few times, and the time for all chunks of a capture grows in line with its tuples.
"""

from typing import NamedTuple

import numpy as np

from visualize.columns.connections import U32
from visualize.columns.frames import I64
from visualize.columns.mix import U64


class Run(NamedTuple):
    """Some tuples in the order of their hashes."""

    hashes: U64
    owner: U32  # connection * 2 + whether the connection's first packet goes from the end with the smaller hash
    pair: U32  # of a hash of its two addresses, as many bits

    def connections(self) -> I64:
        """The connection of each."""
        return (self.owner >> 1).astype(np.int64)


class Tuples:
    """All tuples of a capture."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def find(self, hashes: U64) -> tuple[I64, I64]:
        """The connection of each tuple, and the direction in which its first packet went; -1, -1 for those that are not known."""
        owner = np.full(len(hashes), -1, np.int64)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run.hashes, hashes), len(run.hashes) - 1)
            hit = run.hashes[place] == hashes
            owner[hit] = run.owner[place[hit]]
        return owner >> 1, np.where(owner < 0, -1, owner & 1)

    def add(self, hashes: U64, connection: I64, forward: I64, pair: U64) -> None:
        """Tuples that are not known yet, in the order of their hashes."""
        if not len(hashes):
            return
        self._runs.append(Run(hashes, (connection << 1 | forward).astype(np.uint32), pair.astype(np.uint32)))
        while len(self._runs) > 1 and len(self._runs[-2].hashes) < 2 * len(self._runs[-1].hashes):
            self._merge()

    def whole(self) -> Run:
        """All of them."""
        while len(self._runs) > 1:
            self._merge()
        return self._runs[0] if self._runs else Run(np.zeros(0, np.uint64), np.zeros(0, np.uint32), np.zeros(0, np.uint32))

    def between(self, pairs: U64) -> I64:
        """The connections between two hosts, for hashes of both their addresses (and, rarely, a connection between others)."""
        low = pairs.astype(np.uint32)
        found = [run.connections()[np.isin(run.pair, low)] for run in self._runs]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _merge(self) -> None:
        """Merge the two newest runs, a column at a time."""
        later, earlier = self._runs.pop(), self._runs.pop()
        hashes = np.concatenate((earlier.hashes, later.hashes))
        order = np.argsort(hashes, kind="stable")  # of two sorted halves: one merge
        self._runs.append(Run(hashes[order], *(np.concatenate(parts)[order] for parts in zip(earlier[1:], later[1:], strict=True))))
