"""The examples that each command's help shows: they work, as they stand, beside the samples."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from visualize.cli import main

ROOT = Path(__file__).parent.parent.parent
CONTEXT = click.Context(main)
COMMANDS = {name: main.get_command(CONTEXT, name) for name in main.list_commands(CONTEXT)}
EXAMPLES = [(name, line.strip()) for name, command in COMMANDS.items() if command is not None
            for line in re.findall(r"(packetpath " + name + r" [^\n]+)", command.help or "")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    """In its help, with its own name."""
    assert any(name == other for other, _ in EXAMPLES)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_examples_work(name: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0, from a folder in which `samples` is the project's."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    words = shlex.split(re.split(r"\s>{1,2}\s", example)[0])
    done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, done.output
