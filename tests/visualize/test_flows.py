"""Packets gathered into flows."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from visualize.cli import main

ROOT = Path(__file__).parents[2]


def test_a_flow_is_as_certain_as_its_least_certain_packet() -> None:
    """Packets that took the same steps are one way; where one of them (FTP's PORT, rewritten by NAT) is in doubt, so is the flow."""
    world = ROOT / "tests/kernel/recorded/ftp-masquerade"
    asked = [str(world / "snapshot.tar.gz"), "--pcap", str(world / "any.pcap")]
    lines = [json.loads(line) for line in CliRunner().invoke(main, ["replay", *asked]).stdout.splitlines()]
    rows = json.loads(CliRunner().invoke(main, ["flows", *asked, "--format", "json"]).stdout)
    assert {line["certainty"] for line in lines if line["flow"] == 1} == {"certain", "unknown"}
    assert next(row["certainty"] for row in rows if row["flow"] == 1) == "unknown"


@pytest.mark.parametrize("mark", ["zz", "-1", "0x1ffffffff"])
def test_a_mark_that_no_packet_can_have_is_a_usage_error(mark: str) -> None:
    """The sentence names the option and the value."""
    done = CliRunner().invoke(main, ["trace", str(ROOT / "samples/default-bridge/snapshot.tar.gz"), "--from", "web", "--dst", "192.0.2.1:80",
                                     "--mark", mark])
    assert done.exit_code == 2
    assert f"--mark: '{mark}' is not" in done.stderr
