"""What the readers of foreign bundles share: files by their command, settings from a copied /proc/sys, the host's name."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host import HOST
from snapshot.naming import Place, command, place
from snapshot.raw import RawFile, RawSnapshot


def load(file: RawFile, findings: list[Finding]) -> Any:
    """A bundle's own JSON, or None with a finding."""
    try:
        return json.loads(file.text)
    except (ValueError, RecursionError) as error:
        findings.append(Finding(Kind.SYNTAX, file.path, getattr(error, "lineno", 0), "", f"not valid JSON: {error}"))
        return None


def by_command(files: Iterable[RawFile], index: Mapping[str, str], netns: Callable[[str, Place], str]) -> list[tuple[Place, RawFile]]:
    """Files with what they hold: by the command that the bundle's own index names, else by the file's name.

    `netns` tells the namespace, from the path and what the name said.
    """
    found = []
    for file in files:
        held = command(index[file.path]) if file.path in index else None
        held = held or place(file.path.rpartition("/")[2])
        if held is not None:
            found.append((replace(held, netns=netns(file.path, held)), file))
    return found


def settings(raw: RawSnapshot, root: str = "") -> list[tuple[Place, RawFile]]:
    """A copied /proc/sys/net, a file for each setting, as one text like `sysctl -a` prints."""
    start = f"{root}proc/sys/"
    lines = [
        f"{path[len(start) :].replace('/', '.')} = {file.text.strip()}"
        for path, file in raw.files.items()
        if path.startswith(start + "net/") and "\n" not in file.text.strip()
    ]
    if not lines:
        return []
    return [
        (
            Place(HOST, "sysctl", 0, False, ("proc", "sys"), partial=True),
            RawFile(start.rstrip("/"), "\n".join(lines).encode("utf-8", "surrogateescape")),
        )
    ]


def first_line(raw: RawSnapshot, *paths: str) -> str:
    """The first line of the first of these files that is there and not empty."""
    for path in paths:
        file = raw.files.get(path)
        if file is not None and file.data.strip():
            return file.text.strip().splitlines()[0].strip()
    return ""


def kernel_of(uname: str) -> str:
    """The release in what `uname -a` printed."""
    words = uname.split()
    return words[2] if len(words) > 2 and words[0] == "Linux" else ""
