"""`packetpath report`: what it says of its own making, and how it behaves with little, much or nothing."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.visualize.draw.pictured import sample
from visualize.commands.report import command

SAMPLE = Path(__file__).parents[2] / "samples" / "default-bridge" / "snapshot.tar.gz"


def record(target: Path, *arguments: str) -> dict[str, Any]:
    """The data of a report that is written to `target`."""
    done = CliRunner().invoke(command, [*arguments, "-o", str(target)])
    assert done.exit_code == 0, done.output
    block = re.search(r'<script type="application/json" data-record>(.*?)</script>', target.read_text(encoding="utf-8"), re.S)
    assert block
    found: dict[str, Any] = json.loads(block[1])
    return found


def test_it_says_how_to_make_it_again(tmp_path: Path) -> None:
    """The command without folders, the input's sha256, versions; the same bytes the next time."""
    origin = record(tmp_path / "r.html", str(SAMPLE), "--where", "port 8080", "--assume", "filter.FORWARD.1=yes")["origin"]
    assert origin["command"] == "packetpath report snapshot.tar.gz --assume filter.FORWARD.1=yes --where 'port 8080' -o r.html"
    assert origin["inputs"] == [["snapshot.tar.gz", hashlib.sha256(SAMPLE.read_bytes()).hexdigest()]]
    assert origin["versions"][0][0] == "packetpath"
    assert str(SAMPLE.parent) not in (tmp_path / "r.html").read_text()
    first = (tmp_path / "r.html").read_bytes()
    record(tmp_path / "r.html", str(SAMPLE), "--where", "port 8080", "--assume", "filter.FORWARD.1=yes")
    assert (tmp_path / "r.html").read_bytes() == first


def test_where_keeps_some_flows(tmp_path: Path) -> None:
    """Only they are in the file, under their numbers; hits are theirs alone, and the report says which flows were asked for."""
    found = record(tmp_path / "r.html", str(SAMPLE), "--where", "port 8080")
    assert [row[0] for row in found["flows"]] == [9]
    assert found["origin"]["where"] == "port 8080"


def test_packets_are_listed_with_what_they_are(tmp_path: Path) -> None:
    """Frame, time, length and flags of a flow's packets, in order."""
    found = record(tmp_path / "r.html", str(SAMPLE), "--where", "port 8080")
    log = found["flows"][0][9]
    assert len(log) == found["flows"][0][4] == 10
    assert [found["words"][packet[4]] for packet in log[:3]] == ["SYN", "SYN ACK", "ACK"]
    assert [packet[2] for packet in log] == sorted(packet[2] for packet in log)


def test_a_snapshot_without_a_capture_still_has_a_report(tmp_path: Path) -> None:
    """Topology, rules and findings need no packet."""
    import tarfile
    with tarfile.open(SAMPLE) as archive:
        archive.extractall(tmp_path / "raw", filter="data")
    top = next((tmp_path / "raw").rglob("manifest.json")).parent
    for capture in top.rglob("*.pcap"):
        capture.unlink()
    found = record(tmp_path / "r.html", str(top))
    assert found["flows"] == []
    assert found["chains"]
    assert re.fullmatch("[0-9a-f]{64}", found["origin"]["inputs"][0][1])


def test_a_bad_where_is_a_usage_error(tmp_path: Path) -> None:
    """Nothing is written."""
    done = CliRunner().invoke(command, [str(SAMPLE), "--where", "por 80", "-o", str(tmp_path / "r.html")])
    assert done.exit_code == 2
    assert not (tmp_path / "r.html").exists()


def test_more_flows_than_a_browser_holds_are_left_out_and_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones are shown; the report and the command say how many are not."""
    monkeypatch.setattr("visualize.report.MOST_FLOWS", 3)
    found = record(tmp_path / "r.html", str(SAMPLE))
    assert [row[0] for row in found["flows"]] == [1, 2, 3]
    assert found["origin"]["left_out"] == len(sample("default-bridge")[1]) - 3
    done = CliRunner().invoke(command, [str(SAMPLE), "-o", str(tmp_path / "r.html")])
    assert f"{found['origin']['left_out']} later flows are left out" in done.output
