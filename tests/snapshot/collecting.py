"""Running the collector in worlds of a test's making: tools faked or really absent, other files instead of /proc/modules."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent.parent.parent / "snapshot" / "collect.sh"
# what any Linux has; whatever else a host may have is given by the test
BASICS = ["awk", "cat", "chmod", "cp", "cut", "date", "dirname", "basename", "env", "expr", "find", "grep", "gzip", "head", "hostname", "id", "iconv", "kill", "ls", "mkdir", "mktemp", "mv", "nice", "printf", "readlink", "rm", "rmdir", "sed", "sh", "sha256sum", "sleep", "sort", "stat", "tail", "tar", "timeout", "touch", "tr", "true", "uname", "wc", "xargs"]


def fakes(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment whose PATH begins with these commands (`_` in a name stands for `-`)."""
    folder.mkdir(exist_ok=True)
    for name, body in scripts.items():
        path = folder / name.replace("_", "-")
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def bare(folder: Path, tools: Iterable[str] = (), **scripts: str) -> dict[str, str]:
    """An environment with only basic tools, these further ones, and these fakes."""
    folder.mkdir(exist_ok=True)
    for tool in [*BASICS, *tools]:
        found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
        if found and not (folder / tool).exists():
            (folder / tool).symlink_to(found)
    fakes(folder, **scripts)
    return {**os.environ, "PATH": str(folder)}


def altered(folder: Path, **replaced: str) -> Path:
    """A copy of the script that does not widen PATH; in it, one text stands for another."""
    text = SCRIPT.read_text().replace('PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"', 'PATH="$PATH"')
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "collect.sh"
    path.write_text(text)
    return path


def manifest_of(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and all files of a tarball."""
    with tarfile.open(path) as archive:
        files = {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]
    return json.loads(files["manifest.json"]), files


def collect(out: Path, *options: str, shell: Iterable[str] = ("sh",), script: Path = SCRIPT, env: dict[str, str] | None = None,
            prefix: Iterable[str] = ()) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Run the collector in one namespace; its manifest and files. Raises AssertionError where it fails."""
    done = subprocess.run([*prefix, *shell, str(script), "--netns", "this", "-o", str(out), *options], env=env, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return manifest_of(out)


def entry(manifest: dict[str, Any], file: str, key: str = "commands") -> dict[str, Any]:
    """The manifest's record of a file."""
    found: dict[str, Any] = next(item for item in manifest[key] if item["file"] == file)
    return found
