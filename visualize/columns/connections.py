"""Columns with one row for each connection."""

from dataclasses import dataclass, field

import numpy as np

from visualize.columns.frames import I64
from visualize.columns.mix import U64


@dataclass(slots=True)
class Columns:
    """One row for each connection."""

    first: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # row of its first frame in the capture
    began: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    ended: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    last: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # time of its last packet so far
    packets: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    protocol: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    six: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    sport: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    dport: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    replied: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    closing: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    kind: I64 = field(default_factory=lambda: np.full(0, -1, np.int64))  # its class: the event of its first packet
    slow: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    source: U64 = field(default_factory=lambda: np.zeros((0, 2), np.uint64))
    target: U64 = field(default_factory=lambda: np.zeros((0, 2), np.uint64))

    def grow(self, count: int) -> None:
        """Make room for so many connections."""
        have = len(self.first)
        if count <= have:
            return
        size = max(count, 2 * have)
        for name in self.__slots__:
            held = getattr(self, name)
            fresh = np.zeros((size, *held.shape[1:]), held.dtype)
            fresh[:have] = held
            setattr(self, name, fresh)
