"""Our own collector's snapshot: the names are its own, and `manifest.json` tells the rest."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.commands import COMMANDS
from snapshot.finding import Finding, Kind
from snapshot.naming import Place, place
from snapshot.raw import RawFile, RawSnapshot

_OURS = {command.file for command in COMMANDS}


def recognise(raw: RawSnapshot) -> Bundle | None:
    """A bundle whose files lie below `netns/`."""
    if not any(path.startswith(("netns/", "once/")) for path in raw.files):
        return None
    findings: list[Finding] = []
    manifest = _manifest(raw, findings)
    told = manifest or {}
    return Bundle(
        BundleKind.SNAPSHOT,
        tuple(_placed(raw)),
        tuple(findings),
        (),
        str(told.get("hostname", "")),
        str(told.get("kernel", "")),
        _when(told.get("started")),
        manifest,
    )


def _when(started: object) -> str:
    """The manifest's seconds since 1970 as ISO 8601; what is no such number as it stands."""
    if isinstance(started, int) and 0 <= started < 1 << 36:
        return datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(started or "")


def _placed(raw: RawSnapshot) -> list[tuple[Place, RawFile]]:
    found = []
    for path, file in raw.files.items():
        held = place(path)
        if held is not None:
            ours = path.rpartition("/")[2] in _OURS
            found.append((replace(held, partial=False) if ours else held, file))
    return found


def _manifest(raw: RawSnapshot, findings: list[Finding]) -> Mapping[str, Any] | None:
    file = raw.files.get("manifest.json")
    if file is None:
        return None
    try:
        manifest = json.loads(file.text)
    except (ValueError, RecursionError) as error:
        findings.append(Finding(Kind.SYNTAX, file.path, getattr(error, "lineno", 0), "", f"not valid JSON: {error}"))
        return None
    if not isinstance(manifest, dict):
        findings.append(Finding(Kind.SYNTAX, file.path, 0, "", "not a JSON object"))
        return None
    missing = manifest.get("missing")
    for item in missing if isinstance(missing, list) else ():
        if isinstance(item, dict):
            findings.append(
                Finding(Kind.MISSING, str(item.get("file", "manifest.json")), 0, str(item.get("command", "")), str(item.get("why", "not captured")))
            )
    return manifest
