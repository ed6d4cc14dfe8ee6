"""Vectors that a real kernel recorded, replayed without root. Adding a case is adding a folder (python -m tests.kernel.record)."""

from pathlib import Path

import pytest

from . import compare, replaying

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "recorded").glob("*/expected.ndjson"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.name))
def test_the_replay_agrees_with_the_recorded_kernel(folder: Path) -> None:
    """Every packet matches the rules that the kernel matched, ends as it ended, in the same form, or says that it is not certain."""
    verdict = compare.compare(compare.load(folder), replaying.replay(folder))
    assert verdict.packets > 0
    assert not verdict.wrong, "\n" + verdict.report()
