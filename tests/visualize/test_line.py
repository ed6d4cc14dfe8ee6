"""The replay line, put together from parts, is the record's JSON, byte for byte."""

from pathlib import Path

import pytest

from visualize.line import replay_line, replay_record, to_json
from visualize.load import load, replay, sources

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/snapshot.tar.gz"))


@pytest.mark.parametrize("remember", [True, False])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_a_line_is_its_record(path: Path, remember: bool) -> None:
    """Whether the way was walked for this packet or for an earlier one."""
    loaded = load(str(path))
    lines = [(replay_line(one), to_json(replay_record(one))) for one in replay(loaded, sources(loaded, ())[0], {}, remember)]
    assert lines
    for line, record in lines:
        assert line == record
