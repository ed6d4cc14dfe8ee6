"""Chunks may be cut anywhere and digested by anyone: the rows are the same."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visualize.columns import links
from visualize.columns.cache import Cache
from visualize.columns.chunk import Giver
from visualize.columns.digest import Recipe
from visualize.columns.links import Known, cut
from visualize.columns.records import Classic, Records
from visualize.columns.spread import Spread, cluster, digest, parts, threads
from visualize.columns.taps import Tap
from visualize.load import Loaded, load
from visualize.packet.pcap import Capture, read_frames
from visualize.replay import Source
from visualize.rows import Row

sys.path.insert(0, str(Path(__file__).parent))
import traffic

SAMPLE = Path(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz"


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """A captured Docker host."""
    return load(str(SAMPLE))


def rows(loaded: Loaded, capture: Capture, frames: int, spread: Spread | None = None) -> list[Row]:
    """The flow table, read in chunks of so many frames."""
    cache = Cache(loaded.built.host, {}, loaded.later, [Source("any.pcap", capture, capture=capture)], spread, frames)
    found = cache.flow_table()
    assert found is not None
    assert cache.whole == (True,)
    return list(found.rows())


def random_capture(loaded: Loaded, seed: int, connections: int = 80) -> Capture:
    """Random traffic."""
    return read_frames(traffic.capture(loaded.built.host, seed, connections, 0.05), "any.pcap")


@pytest.mark.parametrize("frames", [7, 64, 300, 5000])
@pytest.mark.parametrize("seed", [1, 2])
def test_chunks_of_any_size(loaded: Loaded, seed: int, frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that goes on over many chunks, packets seen by half at a chunk's end: the same rows as in one chunk."""
    capture = random_capture(loaded, seed)
    expected = rows(loaded, capture, 1 << 19)
    monkeypatch.setattr(links, "_TAIL", 16)
    assert rows(loaded, capture, frames) == expected


def test_parts_meet_without_a_gap(loaded: Loaded) -> None:
    """Each part begins with the frame behind the last one of the part before."""
    capture = random_capture(loaded, 3)
    recipe = Recipe(atoms_of(loaded))
    after = 0
    for part in parts(records_of(capture, 50)):
        found = digest(recipe, part)
        assert found.first == after
        after = found.first + found.taken
    assert after == sum(1 for _ in capture.frames)


def records_of(capture: Capture, frames: int) -> Records:
    """A capture's records."""
    from visualize.packet.pcap import classic_header
    header = classic_header(capture.read(0, 24))
    assert header is not None
    return Records(capture.read, Classic(header, Tap(0, header.linktype, 1)), frames)


def atoms_of(loaded: Loaded) -> Any:
    """The host's atoms."""
    from visualize.columns.atoms import Atoms
    return Atoms(loaded.built.host)


def test_a_cut_parts_no_packet_where_it_can() -> None:
    """The place between two packets, in the middle half, that fewest others span."""
    same = np.repeat(np.arange(40, dtype=np.uint64), 3)
    assert cut(same) % 3 == 0
    assert len(same) // 4 <= cut(same) <= 3 * len(same) // 4


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_threads(loaded: Loaded, jobs: int) -> None:
    """As many threads as one likes."""
    capture = random_capture(loaded, 4)
    assert rows(loaded, capture, 100, threads(jobs)) == rows(loaded, capture, 1 << 19)


@contextmanager
def workers() -> Iterator[Any]:
    """A Dask cluster of two real worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as found:
        yield found


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker(loaded: Loaded) -> None:
    """The same rows from two worker processes; and when one of them is killed in the middle of its work, nothing is lost."""
    capture = random_capture(loaded, 5)
    expected = rows(loaded, capture, 1 << 19)
    with workers() as found, cluster(found.scheduler_address) as spread:
        assert rows(loaded, capture, 60, spread) == expected
        assert rows(loaded, capture, 60, killing(found, spread)) == expected


def killing(found: Any, spread: Spread) -> Spread:
    """The same, but a worker is killed once the first chunk has come back."""
    def spreading(recipe: Recipe, giver: Giver, known: Known) -> Iterator[Any]:
        for number, one in enumerate(spread(recipe, giver, known)):
            if number == 0:
                os.kill(found.workers[0].pid, signal.SIGKILL)
            yield one
    return spreading
