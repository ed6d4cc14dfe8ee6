"""The examples that each command's help shows: they work, as they stand, beside the samples."""

import gzip
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


def furnish(folder: Path) -> None:
    """What the examples name: the samples, and a ticket with the kernel's own trace and a reply to it."""
    sample = ROOT / "samples" / "default-bridge"
    (folder / "samples").symlink_to(ROOT / "samples")
    (folder / "ticket.tar.gz").symlink_to(sample / "snapshot.tar.gz")
    (folder / "dmesg.txt").write_bytes(gzip.decompress((sample / "kernel-trace.txt.gz").read_bytes()))
    (folder / "reply.txt").write_text("The packet was dropped.\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    """In its help, with its own name."""
    assert any(name == other for other, _ in EXAMPLES)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_examples_work(name: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0, from a folder in which `samples` is the project's."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    if "private.json" in example and name != "redact":
        assert CliRunner().invoke(main, ["redact", "ticket.tar.gz", "-o", "public.tar.gz", "--map", "private.json"]).exit_code == 0
    words = shlex.split(re.split(r"\s>{1,2}\s", example)[0])
    done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, done.output
