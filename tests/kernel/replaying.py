"""The code under test, asked through its command line only: `packetpath replay SNAPSHOT --pcap ... --format ndjson`."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner


def arguments(folder: Path, snapshot: Path | None = None) -> list[str]:
    """What a user would type for a vector, or for another snapshot with its captures."""
    captures = ["--pcap", str(folder / "any.pcap")]
    if (folder / "local.pcap").exists():
        captures += ["--pcap", f"{folder / 'local.pcap'}@local"]
    return ["replay", str(snapshot or folder / "snapshot.tar.gz"), *captures, "--format", "ndjson"]


def replay(folder: Path, snapshot: Path | None = None) -> list[dict[str, Any]]:
    """The replay lines of a vector. Raises AssertionError where the command fails."""
    from visualize.cli import main

    done = CliRunner().invoke(main, arguments(folder, snapshot), catch_exceptions=False)
    assert done.exit_code == 0, f"exit code {done.exit_code}: {done.output[-2000:]}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
