"""Columns put aside come back as they were, from memory or from a file; and what is kept of a capture does not grow with its frames."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from snapshot.raw import SnapshotError
from visualize.columns.spill import Spill

COLUMNS = (np.arange(1000, dtype=np.uint32), np.zeros(0, np.int64), np.arange(7, dtype=np.int32) - 3)


@pytest.mark.parametrize("in_memory", [1, 100, 1 << 20])
def test_columns_come_back(in_memory: int) -> None:
    """In any order, as often as asked, whether they stand in memory or in a file."""
    spill = Spill(in_memory)
    pieces = [spill.put(column) for column in COLUMNS]
    for _ in range(2):
        for column, piece in reversed([*zip(COLUMNS, pieces, strict=True)]):
            found = spill.get(piece)
            assert found.dtype == column.dtype
            assert found.tolist() == column.tolist()
    late = spill.put(COLUMNS[2])
    assert spill.get(late).tolist() == COLUMNS[2].tolist()


def test_a_small_capture_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is made once there is more than a little."""
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    spill = Spill(10_000)
    spill.put(COLUMNS[0])
    with pytest.raises(TypeError):
        spill.put(np.zeros(10_000, np.int64))


def test_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no temporary file can be written, the person is told where, and what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(SnapshotError, match=r"not there: no temporary file can be written there \(No such file or directory\).*TMPDIR"):
        Spill(1).put(COLUMNS[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while columns are put aside."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "r+b"))  # noqa: SIM115
    with pytest.raises(SnapshotError, match=r"\(No space left on device\)"):
        Spill(1).put(COLUMNS[0])
