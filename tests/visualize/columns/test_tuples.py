"""Sorted runs of tuples give what one dictionary would."""

from itertools import pairwise
from random import Random

import numpy as np

from visualize.columns.tuples import Tuples


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
    whole = tuples.whole()
    assert whole.hashes.tolist() == sorted(known)
    assert whole.connections().tolist() == [known[one][0] for one in sorted(known)]


def test_runs_stay_few() -> None:
    """However many chunks there were: each run is at least twice as long as the next, so a tuple is moved a few times at most."""
    tuples, known = filled(200, 10)
    lengths = [len(run.hashes) for run in tuples._runs]
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
    assert len(Tuples().whole().hashes) == 0
