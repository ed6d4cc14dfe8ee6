"""`packetpath flows` prints the same whatever makes it faster."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from visualize import load
from visualize.cli import main

sys.path.insert(0, str(Path(__file__).parents[3] / "tests/bench"))
from make_capture import generate

SAMPLE = Path(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz"


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A generated capture that is large enough for columns."""
    path = tmp_path_factory.mktemp("captures") / "any.pcap"
    generate(str(SAMPLE), str(path), 7500, 150, mixed=True)
    return str(path)


def output(capture: str, *options: str) -> str:
    """What is printed."""
    result = CliRunner().invoke(main, ["flows", str(SAMPLE), "--pcap", capture, *options])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_the_cache_changes_no_byte(capture: str, form: str) -> None:
    """With and without it, whole and for some flows only."""
    assert output(capture, "--format", form) == output(capture, "--no-cache", "--format", form)
    some = ("--where", "src net 203.0.113.0/24 and verdict delivered", "--format", form)
    assert output(capture, *some) == output(capture, "--no-cache", *some)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_nothing_heavy_is_loaded_but_numpy(capture: str, form: str) -> None:
    """Rows are made and written without pandas, rich, scapy or NumPy's masked arrays; patterns of listings wait for a listing."""
    code = f"""
import sys
from visualize.cli import main
main({["flows", str(SAMPLE), "--pcap", capture, "--format", form]}, standalone_mode=False)
print([name for name in ("pandas", "rich", "scapy", "numpy.ma", "snapshot.parse.listing_matches") if name in sys.modules], "numpy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] True"


@pytest.mark.parametrize("sample", sorted(SAMPLE.parents[1].glob("*/snapshot.tar.gz")), ids=lambda path: path.parent.name)
def test_the_cache_changes_no_byte_on_samples(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sample with all its captures, however small they are; what is said of them too."""
    monkeypatch.setattr(load, "_SMALLEST", 0)
    for form in ("csv", "json", "table"):
        results = [CliRunner().invoke(main, ["flows", str(sample), "--format", form, *options]) for options in ((), ("--no-cache",))]
        assert results[0].exit_code == results[1].exit_code == 0
        assert (results[0].stdout, results[0].stderr) == (results[1].stdout, results[1].stderr)


def test_jobs_change_no_byte(capture: str) -> None:
    """Two processes, or one."""
    assert output(capture, "--jobs", "2", "--format", "csv") == output(capture, "--format", "csv")


def test_damage_is_told_whatever_reads_it(capture: str, tmp_path: Path) -> None:
    """A capture that was cut off says so, in the same words."""
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(capture).read_bytes()[:-10])
    results = [CliRunner().invoke(main, ["flows", str(SAMPLE), "--pcap", str(cut), "--format", "csv", *options]) for options in ((), ("--no-cache",))]
    assert "the file ends inside the frame" in results[0].stderr
    assert (results[0].stdout, results[0].stderr) == (results[1].stdout, results[1].stderr)


def test_a_cluster_that_is_not_there() -> None:
    """An address that can't be one is told in a line."""
    result = CliRunner().invoke(main, ["flows", str(SAMPLE), "--cluster", "nonsense://x"])
    assert result.exit_code == 3
    assert "--cluster nonsense://x" in result.stderr
    assert "Traceback" not in result.output
