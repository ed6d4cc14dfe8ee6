"""What is kept of a capture: in memory nothing for a frame, little for a connection; and from the file it comes back as it was."""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visualize.columns import kept as module
from visualize.columns.cache import Cache
from visualize.columns.kept import EVENT, EVENT_BITS
from visualize.columns.spill import Spill
from visualize.columns.table import Table
from visualize.load import load, sources

sys.path.insert(0, str(Path(__file__).parents[3] / "tests/bench"))
from make_capture import generate

SAMPLE = str(Path(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz")


def held(one: Any, seen: set[int]) -> int:
    """Bytes of all arrays that an object leads to, and of its lists and dictionaries."""
    if id(one) in seen or isinstance(one, (str, bytes, type)):
        return 0
    seen.add(id(one))
    if isinstance(one, np.ndarray):
        return one.nbytes if one.base is None else held(one.base, seen)
    parts: Iterable[Any] = ()
    if isinstance(one, dict):
        parts = (*one, *one.values())
    elif isinstance(one, (list, tuple, set)):
        parts = one
    elif type(one).__module__.startswith("visualize.columns"):
        names = (*getattr(type(one), "__slots__", ()), *getattr(one, "__dict__", ()))
        parts = [getattr(one, name) for name in names if hasattr(one, name)]
    own = sys.getsizeof(one) if isinstance(one, (list, dict, set)) else 0
    return own + sum(held(part, seen) for part in parts)


def kept(tmp_path: Path, frames: int, connections: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, Table]:
    """Bytes that the table holds after the last chunk, and once the capture is read; without the packets of the last two seconds."""
    path, finish, found = tmp_path / f"{frames}-{connections}.pcap", Table.finish, []

    def noted(table: Table) -> None:
        found.append(held(table, {id(table._collisions), id(table.kinds)}))
        finish(table)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "finish", noted)
        patch.setattr(module, "Spill", partial(Spill, 1))
        generate(SAMPLE, str(path), frames, connections)
        loaded = load(SAMPLE)
        settled = Cache(loaded.built.host, {}, {}, sources(loaded, (str(path),))[0], frames=3000).settled()
    assert settled is not None
    return found[0], held(settled.table, {id(settled.table._collisions), id(settled.table.kinds)}), settled.table


def test_nothing_for_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the frames of the same connections: not a byte more for each."""
    less, more = (kept(tmp_path, frames, 100, monkeypatch) for frames in (6_000, 60_000))
    assert less[0] > 10_000
    for before, after in zip(less[:2], more[:2], strict=True):
        assert after - before < 54_000 / 10


def test_little_for_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the connections: at most 300 bytes for each (columns have room for twice as many)."""
    less, more = (kept(tmp_path, 60_000, connections, monkeypatch) for connections in (1_000, 10_000))
    assert (more[0] - less[0]) / 9_000 < 2 * 300
    assert more[1] < more[0]


def test_packets_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every packet, once, with its connection and event, whichever way one asks."""
    table = kept(tmp_path, 6_000, 50, monkeypatch)[2]
    packets = [one for rows, owner, events in table.kept.packets() for one in zip(rows.tolist(), owner.tolist(), events.tolist(), strict=True)]
    assert [row for row, _, _ in packets] == list(range(0, 6_000, 3))
    assert all(table.owner_of(row) == table.owner_of(row + 2) == owner for row, owner, _ in packets)
    leads = table.leads(np.array([7, 3]))
    assert {one: (found.numbers - 1).tolist() for one, found in leads.items()} == {
        one: [row for row, owner, _ in packets if owner == one] for one in (3, 7)}
    assert leads[7].events.tolist() == [event for _, owner, event in packets if owner == 7]
    pairs = {pair for block in table.pairs() for pair in block.tolist()}
    assert {(pair >> EVENT_BITS, pair & EVENT) for pair in pairs} == {(owner, event) for _, owner, event in packets}
    which = np.arange(table.count) == 5
    rows = [row + held.first for held, some in table.kept.frames_of(which) for row in some.tolist()]
    assert rows == [row + step for row, owner, _ in packets if owner == 5 for step in range(3)]
