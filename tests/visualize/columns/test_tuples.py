"""Sorted runs of tuples give what one dictionary would."""

from itertools import pairwise
from random import Random

import numpy as np

from visualize.columns.tuples import Joined, LinkIndex, Tuples


def filled(chunks: int, each: int) -> tuple[Tuples, dict[int, tuple[int, int]]]:
    """Chunks of new tuples, and the same as a dictionary: hash -> (connection, forward)."""
    draw, tuples, known = Random(5), Tuples(), {}
    for _ in range(chunks):
        fresh = sorted({draw.getrandbits(64) for _ in range(each)} - known.keys())
        rows = {one: (draw.getrandbits(30), draw.getrandbits(1)) for one in fresh}
        known |= rows
        connection, forward = (np.array(column, np.int64) for column in zip(*rows.values(), strict=True))
        tuples.add(np.array(fresh, np.uint64), connection, forward, np.array(fresh, np.uint64))
    return tuples, known


def test_every_tuple_is_found_again() -> None:
    """With its connection and direction; others are not."""
    tuples, known = filled(9, 50)
    asked = sorted([*known, 1, 2, 1 << 63, (1 << 64) - 1])
    owner, forward = tuples.find(np.array(asked, np.uint64))
    assert list(zip(owner.tolist(), forward.tolist(), strict=True)) == [known.get(one, (-1, -1)) for one in asked]
    hashes, owners = tuples.all()
    assert hashes.tolist() == sorted(known)
    assert owners.tolist() == [known[one][0] for one in sorted(known)]


def test_runs_stay_few() -> None:
    """However many chunks there were: each run is at least twice as long as the next, so a tuple is moved a few times at most."""
    tuples, known = filled(200, 10)
    lengths = [len(run.keys) for run in tuples._index.runs]
    assert sum(lengths) == len(known)
    assert all(earlier >= 2 * later for earlier, later in pairwise(lengths))


def test_connections_between_two_hosts() -> None:
    """Are found by a hash of both their addresses."""
    tuples, known = filled(3, 40)
    some = sorted(known)[:5]
    assert sorted(tuples.between(np.array(some, np.uint64)).tolist()) == sorted(known[one][0] for one in some)


def test_without_any() -> None:
    """Nothing is known at first."""
    owner, forward = Tuples().find(np.array([3], np.uint64))
    assert (owner.tolist(), forward.tolist()) == ([-1], [-1])
    assert len(Tuples().all()[0]) == 0


def test_links_keep_what_is_known_of_them() -> None:
    """Connection, role and kind of each, whichever chunk asks."""
    index = LinkIndex()
    index.add(np.array([9, 4], np.uint64), Joined(*(np.array(column, np.int64) for column in ([7, 8], [0, 1], [3, 5]))))
    found = index.find(np.array([4, 5, 9], np.uint64))
    assert found.owner.tolist() == [8, -1, 7]
    assert (found.role[[0, 2]].tolist(), found.kind[[0, 2]].tolist()) == ([1, 0], [5, 3])
    found.put(np.array([1]), Joined(*(np.array([value], np.int64) for value in (6, 1, 2))))
    assert [column[1] for column in found] == [6, 1, 2]
