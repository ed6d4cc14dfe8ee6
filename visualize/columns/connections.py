"""Columns with one row for each connection, each as wide as its numbers need."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualize.columns.frames import I64
from visualize.columns.mix import U64

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]


def column(kind: type[np.generic], *shape: int) -> Callable[[], Any]:
    """How a column without rows is made; `shape`: of a row."""
    return lambda: np.zeros((0, *shape), kind)


def grown(old: NDArray[Any], size: int) -> NDArray[Any]:
    """A column with more rows. Pages of zeros that nothing was written to cost no memory yet."""
    fresh = np.zeros((size, *old.shape[1:]), old.dtype)
    fresh[:len(old)] = old
    return fresh


@dataclass(slots=True)
class Columns:
    """One row for each connection."""

    first: I64 = field(default_factory=column(np.int64))  # row of its first frame in the capture
    began: I64 = field(default_factory=column(np.int64))
    ended: I64 = field(default_factory=column(np.int64))
    last: I64 = field(default_factory=column(np.int64))  # time of its last packet so far
    packets: U32 = field(default_factory=column(np.uint32))
    protocol: U8 = field(default_factory=column(np.uint8))
    six: U8 = field(default_factory=column(np.uint8))
    sport: U16 = field(default_factory=column(np.uint16))
    dport: U16 = field(default_factory=column(np.uint16))
    replied: U8 = field(default_factory=column(np.uint8))
    closing: U8 = field(default_factory=column(np.uint8))
    kind: I32 = field(default_factory=column(np.int32))  # its class: the event of its first packet
    slow: U8 = field(default_factory=column(np.uint8))
    source: U64 = field(default_factory=column(np.uint64, 2))
    target: U64 = field(default_factory=column(np.uint64, 2))

    def grow(self, count: int) -> None:
        """Make room for so many connections."""
        have = len(self.first)
        if count > have:
            for name in self.__slots__:
                setattr(self, name, grown(getattr(self, name), max(count, 2 * have)))

    def finish(self) -> None:
        """Let go of what only a capture that goes on needs."""
        self.last, self.replied, self.closing = self.last[:0].copy(), self.replied[:0].copy(), self.closing[:0].copy()
