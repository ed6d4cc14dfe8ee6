"""Progress lines: on a terminal only, never in the output, and gone at the end."""

import os
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="no terminals to pretend on Windows")

WORK = """
import time
from visualize.progress import watched, working
with working("thinking"):
    time.sleep(1.2)
    for item in watched(range(3), "counting", "sheep", 1):
        print(item, flush=True)
    time.sleep(1.2)
print("done")
"""


def run(code: str, terminal: bool) -> tuple[str, str]:
    """What a process writes to standard output, and to standard error, which may be a terminal."""
    if not terminal:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout, done.stderr
    master, slave = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=slave, text=True, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(slave)
        shown = b""
        while part := _read(master):
            shown += part
        assert process.stdout is not None
        return process.stdout.read(), shown.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def test_work_and_counts_take_turns_on_a_terminal() -> None:
    """Long silent work is named, a count within it shown instead; standard output is untouched, and the line is erased at the end."""
    output, shown = run(WORK, True)
    assert output == "0\n1\n2\ndone\n"
    assert shown.index("thinking") < shown.index("counting 3 sheep") < shown.rindex("thinking")
    assert shown.endswith("\x1b[1A\x1b[2K")


def test_nothing_is_shown_elsewhere() -> None:
    """Where standard error is a file or a pipe."""
    assert run(WORK, False) == ("0\n1\n2\ndone\n", "")


def test_short_work_is_not_told_of() -> None:
    """Nothing flickers."""
    assert run("from visualize.progress import working\nwith working('thinking'): pass", True) == ("", "")
