"""The collector: one sh file for dash, bash and busybox; it goes on when commands fail or hang, and leaves no half-written tarball."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "snapshot" / "collect.sh"
SHELLS = [shell for shell in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(shell[0])]


def fakes(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment whose PATH begins with these commands."""
    folder.mkdir(exist_ok=True)
    for name, body in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def manifest_of(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and all files of a tarball."""
    with tarfile.open(path) as archive:
        files = {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]
    return json.loads(files["manifest.json"]), files


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
def test_it_runs_under_every_shell(shell: list[str], tmp_path: Path) -> None:
    """A tarball, readable by its owner alone, whose manifest lists each file with its true size and sum."""
    out = tmp_path / "s.tar.gz"
    done = subprocess.run([*shell, str(SCRIPT), "--netns", "this", "-o", str(out)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o077 == 0
    manifest, files = manifest_of(out)
    assert manifest["schema"] == "packetpath-snapshot/1"
    for command in manifest["commands"]:
        data = files[command["file"]]
        assert command["bytes"] == len(data), command
        assert command["sha256"] in ("", hashlib.sha256(data).hexdigest()), command
    listed = {command["file"] for command in manifest["commands"]}
    assert listed | {"manifest.json"} == set(files)


def test_a_hanging_command_is_ended_and_told(tmp_path: Path) -> None:
    """`ss` that never ends costs its time limit, and only itself."""
    out = tmp_path / "s.tar.gz"
    environment = fakes(tmp_path / "bin", ss="exec sleep 100")
    started = time.monotonic()
    subprocess.run(["sh", str(SCRIPT), "--netns", "this", "--timeout", "1", "-o", str(out)], env=environment, check=True, timeout=90,
                   capture_output=True)
    assert time.monotonic() - started < 60
    manifest, files = manifest_of(out)
    assert any(m["file"] == "netns/host/ss.txt" and "longer than 1 seconds" in m["why"] for m in manifest["missing"])
    assert "netns/host/sysctl.txt" in files


def test_a_failing_command_is_told_with_its_words(tmp_path: Path) -> None:
    """Status and stderr stand in the manifest, whatever bytes they hold."""
    out = tmp_path / "s.tar.gz"
    environment = fakes(tmp_path / "bin", bridge='printf "no \\"bridge\\"\\\\ \\001 here\\n" >&2; exit 7')
    subprocess.run(["sh", str(SCRIPT), "--netns", "this", "-o", str(out)], env=environment, check=True, timeout=90, capture_output=True)
    manifest, _ = manifest_of(out)
    entry = next(c for c in manifest["commands"] if c["file"] == "netns/host/bridge-fdb.txt")
    assert entry["status"] == 7
    assert 'no "bridge"' in entry["stderr"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """SIGTERM in the middle: no tarball, no partial file, no temporary folder."""
    out, temporary = tmp_path / "s.tar.gz", tmp_path / "tmp"
    temporary.mkdir()
    environment = {**fakes(tmp_path / "bin", ss="exec sleep 5"), "TMPDIR": str(temporary)}
    process = subprocess.Popen(["sh", str(SCRIPT), "--netns", "this", "-o", str(out)], env=environment, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) != 0
    assert not out.exists()
    assert list(tmp_path.glob("*.partial*")) == []
    assert list(temporary.iterdir()) == []


def test_usage_errors_are_one_line(tmp_path: Path) -> None:
    """An unknown option and a missing folder end with status 2."""
    for arguments in (["--what"], ["--pcap", "soon"], ["-o", str(tmp_path / "nowhere" / "s.tar.gz")]):
        done = subprocess.run(["sh", str(SCRIPT), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "collect.sh:" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    """shellcheck, warnings and above."""
    done = subprocess.run(["shellcheck", "-s", "sh", "-S", "warning", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
