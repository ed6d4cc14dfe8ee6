"""The table of commands and the collector agree."""

import importlib
import re
from pathlib import Path

from snapshot.commands import COMMANDS

SCRIPT = (Path(__file__).parent.parent.parent / "snapshot" / "collect.sh").read_text()


def test_every_command_of_the_table_is_in_the_script() -> None:
    """Each file name of the table stands in the script, with its command."""
    for command in COMMANDS:
        assert command.file in SCRIPT, command.file
        if command.command.startswith(("ip ", "bridge ", "nft ", "conntrack ")):
            assert command.command in SCRIPT, command.command


def test_every_file_that_the_script_saves_is_in_the_table() -> None:
    """No file is saved that the table does not know."""
    saved = set(re.findall(r'save "\$(?:d/|\{1\})([a-z0-9_.-]+)"|save "\$\{1\}([a-z0-9_.-]+)"', SCRIPT))
    names = {name for pair in saved for name in pair if name}
    assert names
    assert names <= {command.file for command in COMMANDS}


def test_every_parser_exists() -> None:
    """Each parser that the table names is a module with `parse`."""
    for command in COMMANDS:
        if command.parser is not None:
            assert callable(importlib.import_module(f"snapshot.parse.{command.parser}").parse)
