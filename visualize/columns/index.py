"""Numbers by 64-bit hashes, of which ever more are added."""

import numpy as np

from visualize.columns.frames import I64
from visualize.columns.mix import U64


class Index:
    """A few sorted runs, each at least twice as long as the next: a hash is looked for in each, and added to the last."""

    def __init__(self) -> None:
        self._runs: list[tuple[U64, I64]] = []

    def find(self, keys: U64) -> I64:
        """The number of each key; -1 for those that are not known."""
        found = np.full(len(keys), -1, np.int64)
        for known, numbers in self._runs:
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            hit = np.flatnonzero(known[place] == keys)
            found[hit] = numbers[place[hit]]
        return found

    def add(self, keys: U64, numbers: I64) -> None:
        """Different keys that are not known yet."""
        if not len(keys):
            return
        while self._runs and len(self._runs[-1][0]) < 2 * len(keys):
            held, values = self._runs.pop()
            keys, numbers = np.concatenate((held, keys)), np.concatenate((values, numbers))
        order = np.argsort(keys)
        self._runs.append((keys[order], numbers[order]))
