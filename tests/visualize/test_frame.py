"""Flows as frames: typed, the same CSV whatever the size of a part, and sums that add up."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from visualize import frame
from visualize.cli import main
from visualize.flows import Row, gather, row_of
from visualize.load import load, replay, sources

SAMPLE = str(Path(__file__).parents[2] / "samples" / "default-bridge" / "snapshot.tar.gz")


def rows() -> list[Row]:
    """The rows of a sample."""
    loaded = load(SAMPLE)
    return [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources(loaded, ())[0], {}))]


def test_columns_have_types() -> None:
    """Ports are numbers though a flow may have none."""
    found = frame.frame(rows())
    assert str(found["dport"].dtype) == "Int64"
    assert found["dport"].isna().any()
    assert found["packets"].sum() > 50


def test_csv_does_not_depend_on_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One header, a line for each flow; none at all is a header alone."""
    whole = "".join(frame.csv_parts(rows()))
    monkeypatch.setattr(frame, "_AT_ONCE", 3)
    assert "".join(frame.csv_parts(rows())) == whole
    assert whole.count("\n") == len(rows()) + 1
    assert "".join(frame.csv_parts([])) == whole.split("\n")[0] + "\n"


def test_sums_add_up() -> None:
    """Every flow and packet is in one of the groups."""
    found = frame.summed(rows(), ["verdict", "decided_at"])
    assert found["flows"].sum() == len(rows())
    assert found["packets"].sum() == sum(row.fields["packets"] for row in rows())


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_by_prints_sums(form: str) -> None:
    """In every format; a column that is none is said with those there are."""
    done = CliRunner().invoke(main, ["flows", SAMPLE, "--by", "verdict", "--format", form])
    assert done.exit_code == 0
    assert "delivered" in done.output
    wrong = CliRunner().invoke(main, ["flows", SAMPLE, "--by", "colour", "--format", form])
    assert wrong.exit_code == 2
    assert "'colour': choose from flow" in " ".join(wrong.output.split())
