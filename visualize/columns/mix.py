"""64-bit hashes of columns: the same numbers give the same hash, on every machine and in every run."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_T = TypeVar("_T", bound=np.generic)
ODD = np.array((
    0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53,
    0x2545F4914F6CDD1D, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F), np.uint64)


def finish(value: U64) -> U64:
    """Spread every bit over all 64 (the finalizer of SplitMix64)."""
    scratch = value >> np.uint64(30)
    found: U64 = value ^ scratch
    for factor, shift in ((0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31)):
        found *= np.uint64(factor)
        np.right_shift(found, np.uint64(shift), out=scratch)
        found ^= scratch
    return found


def mix(*columns: NDArray[np.generic]) -> U64:
    """A hash of each row; the order of the columns counts. Signed columns are taken modulo 2**64."""
    total = np.zeros(len(columns[0]), np.uint64)
    scratch = np.empty_like(total)
    for index, column in enumerate(columns):
        if index and index % 4 == 0:
            total = finish(total)
        np.multiply(column.astype(np.uint64, copy=False), ODD[index % len(ODD)], out=scratch)
        total += scratch
        total += ODD[(index + 1) % len(ODD)]
        if index < len(columns) - 1:
            np.right_shift(total, np.uint64(29), out=scratch)
            total ^= scratch
    return finish(total)


def distinct(values: NDArray[_T]) -> NDArray[_T]:
    """The different values in order: many times faster than `np.unique`, which hashes."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def ranked(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different values in order, and the place of each value among them: `np.unique`, but quick where values are small."""
    if not len(values) or int(values.min()) < 0 or int(values.max()) > 4 * len(values) + 65536:
        different, rank = np.unique(values, return_inverse=True)
        return different, rank.reshape(-1)
    different = np.flatnonzero(np.bincount(values))
    if len(different) == 1:
        return different, np.zeros(len(values), np.int64)
    places = np.empty(int(different[-1]) + 1, np.int64)
    places[different] = np.arange(len(different))
    return different, places[values]


def marked(count: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of so many rows are among these."""
    found = np.zeros(count, bool)
    found[rows] = True
    return found


def sizes(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many members each group has, of so many in all, by where the groups start."""
    return np.diff(np.append(starts, count))


def rank(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many members of the same group stand before each one."""
    return np.arange(count) - np.repeat(starts, sizes(starts, count))


def number_of(text: str) -> int:
    """A 63-bit number for a word."""
    from hashlib import blake2b
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
