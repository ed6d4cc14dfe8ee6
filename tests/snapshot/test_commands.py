"""The table of commands and the collector agree."""

import importlib
import subprocess
from pathlib import Path

from snapshot.commands import COMMANDS

SCRIPT = Path(__file__).parent.parent.parent / "snapshot" / "collect.sh"


def test_the_table_and_the_script_agree() -> None:
    """Every file that the collector can save is in the table with its command, and the other way round."""
    printed = subprocess.run(["sh", str(SCRIPT), "--list"], capture_output=True, text=True, check=True).stdout
    listed = [tuple(line.split("\t")) for line in printed.splitlines() if not line.startswith("captures/")]
    table = {(f"netns/NAME/{c.file}" if c.per_netns else f"once/{c.file}", c.command) for c in COMMANDS}
    assert set(listed) == table
    assert len(listed) == len(set(listed))


def test_every_parser_exists() -> None:
    """Each parser that the table names is a module with `parse`."""
    for command in COMMANDS:
        if command.parser is not None:
            assert callable(importlib.import_module(f"snapshot.parse.{command.parser}").parse)
