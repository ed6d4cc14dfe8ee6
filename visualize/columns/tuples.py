"""Which connection a tuple belongs to, and which links are known: two indices that grow with the connections of a capture."""

from typing import NamedTuple

import numpy as np

from visualize.columns.frames import I64
from visualize.columns.index import Index
from visualize.columns.mix import U64


class Tuples:
    """All tuples of a capture."""

    def __init__(self) -> None:
        self._index = Index(2)  # connection * 2 + whether its first packet goes from the end with the smaller hash; the pair of addresses

    def find(self, hashes: U64) -> tuple[I64, I64]:
        """The connection of each tuple, and the direction in which its first packet went; -1, -1 for those that are not known."""
        owner = self._index.find(hashes)[0]
        return owner >> 1, np.where(owner < 0, -1, owner & 1)

    def add(self, hashes: U64, connection: I64, forward: I64, pair: U64) -> None:
        """Tuples that are not known yet. `pair`: a hash of both addresses."""
        self._index.add(hashes, connection << 1 | forward, _low(pair))

    def all(self) -> tuple[U64, I64]:
        """All tuples in the order of their hashes, with their connections."""
        run = self._index.whole()
        return run.keys, (run.columns[0] >> 1).astype(np.int64)

    def between(self, pairs: U64) -> I64:
        """The connections between two hosts, for hashes of both their addresses (and, rarely, one between others)."""
        run = self._index.whole()
        found: I64 = (run.columns[0][np.isin(run.columns[1], _low(pairs))] >> 1).astype(np.int64)
        return found


def _low(hashes: U64) -> I64:
    """As many bits of hashes as are kept."""
    return (hashes & np.uint64(0xFFFFFFFF)).astype(np.int64)


class Joined(NamedTuple):
    """What is known of some links: -1 where nothing is."""

    owner: I64
    role: I64  # 0 original, 1 reply
    kind: I64

    def put(self, rows: I64, other: "Joined") -> None:
        """Fill in some of them."""
        for mine, theirs in zip(self, other, strict=True):
            mine[rows] = theirs


class LinkIndex:
    """All links of a capture: whatever chunk a link comes in again, its packets are of the same connection, role and kind."""

    def __init__(self) -> None:
        self._index = Index(2)

    def find(self, keys: U64) -> Joined:
        """What is known of links."""
        owner, kind = self._index.find(keys)
        return Joined(owner >> 1, owner & 1, kind)

    def add(self, keys: U64, links: Joined) -> None:
        """Links that are not known yet."""
        self._index.add(keys, links.owner << 1 | links.role, links.kind)
