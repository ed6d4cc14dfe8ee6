"""Packets that could be taken for each other: those of one identity that came soon after each other."""

from typing import Any

import numpy as np

from visualize.columns.digest import Digest
from visualize.columns.frames import I64
from visualize.columns.links import grouped
from visualize.columns.mix import U64, mix, sizes

Columns = list[Any]  # identity, time, first and last frame, connection, pattern
_NEAR = 2_000_000_000  # ns: packets further apart are never taken for each other


class Collisions:
    """Looks for them, over all chunks."""

    def __init__(self) -> None:
        self._recent: list[Columns] = []  # of the latest chunks

    def among(self, chunk: Digest, owner: I64, pattern: U64, odd_owner: I64) -> I64:
        """The connections of such packets. Harmless are those that were seen at the same places, one after the other."""
        base, packets, odd = chunk.first, chunk.packets, chunk.odd
        columns: Columns = [chunk.same, chunk.time, packets.row + base, packets.last + base, owner, pattern]
        if len(odd.rows):
            strange = [odd.same, chunk.odd_time, odd.rows + base, odd.rows + base, odd_owner, mix(odd.rows + base)]
            order = np.argsort(np.concatenate((columns[2], strange[2])))
            columns = [np.concatenate(pair)[order] for pair in zip(columns, strange, strict=True)]
        self._recent.append(columns)
        latest = max(int(time.max(initial=0)) for _, time, *_ in self._recent)
        self._recent = [held for held in self._recent if int(held[1].max(initial=0)) >= latest - _NEAR]
        order, starts = grouped(np.concatenate([held[0] for held in self._recent]))
        many = sizes(starts, len(order))
        rows = order[np.repeat(many > 1, many)]
        return _mistaken(*(np.concatenate(parts)[rows] for parts in zip(*self._recent, strict=True))) if len(rows) else rows


def _mistaken(same: U64, time: I64, first: I64, last: I64, who: I64, pattern: U64) -> I64:
    """The connections among whose packets, ordered by identity and by first frames, one could be taken for another."""
    near = (same[1:] == same[:-1]) & (np.abs(np.diff(time)) <= _NEAR)
    other = pattern[1:] != pattern[:-1]
    wrong = near & (other | ((last[:-1] > first[1:]) & (who[1:] != who[:-1])))
    if not wrong.any():
        return who[:0]
    run = np.cumsum(np.append(True, ~near)) - 1
    bad = np.zeros(run[-1] + 1, bool)
    bad[run[1:][wrong]] = True
    found: I64 = who[bad[run]]
    return found
