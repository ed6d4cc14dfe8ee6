"""Flows as frames: typed, and sums that add up."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from visualize import frame
from visualize.cli import main
from visualize.flows import gather
from visualize.load import load, replay, sources
from visualize.rows import FlowTable, row_of

SAMPLE = str(Path(__file__).parents[2] / "samples" / "default-bridge" / "snapshot.tar.gz")


def table() -> FlowTable:
    """The flows of a sample."""
    loaded = load(SAMPLE)
    return FlowTable.of(row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources(loaded, ())[0], {})))


def test_columns_have_types() -> None:
    """Ports are numbers though a flow may have none."""
    found = frame.frame(table())
    assert str(found["dport"].dtype) == "Int64"
    assert found["dport"].isna().any()
    assert found["packets"].sum() > 50


def test_sums_add_up() -> None:
    """Every flow and packet is in one of the groups."""
    rows = list(table().rows())
    found = frame.summed(table(), ["verdict", "decided_at"])
    assert found["flows"].sum() == len(rows)
    assert found["packets"].sum() == sum(row["packets"] for row in rows)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_by_prints_sums(form: str) -> None:
    """In every format; a column that is none is said with those there are."""
    done = CliRunner().invoke(main, ["flows", SAMPLE, "--by", "verdict", "--format", form])
    assert done.exit_code == 0
    assert "delivered" in done.output
    wrong = CliRunner().invoke(main, ["flows", SAMPLE, "--by", "colour", "--format", form])
    assert wrong.exit_code == 2
    assert "'colour': choose from flow" in " ".join(wrong.output.split())
