"""An insights archive (Red Hat): `insights_commands/*`, and `meta_data/*.json`, which names each file's command.

{"name": "insights.specs.Specs.ip_addr", "results": {"object": {"cmd": "/sbin/ip -d addr", "relative_path": "insights_commands/ip_-d_addr"}}}
"""

from collections.abc import Iterator
from typing import Any

from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.bundle.common import by_command, first_line, kernel_of, load, settings
from snapshot.finding import Finding
from snapshot.naming import Place
from snapshot.raw import RawFile, RawSnapshot


def recognise(raw: RawSnapshot) -> Bundle | None:
    """A bundle with insights' folders."""
    root = next((root for root in ("data/", "") if any(path.startswith(f"{root}insights_commands/") for path in raw.files)), None)
    if root is None:
        return None
    findings: list[Finding] = []
    index: dict[str, str] = {}
    for path, file in raw.files.items():
        if path.startswith("meta_data/") and path.endswith(".json"):
            index |= {root + where: line for where, line in _commands(load(file, findings))}
    files = [file for path, file in raw.files.items() if path.startswith(f"{root}insights_commands/")]
    placed: list[tuple[Place, RawFile]] = by_command(files, index, lambda path, held: held.netns)
    placed += settings(raw, root)
    commands = f"{root}insights_commands/"
    return Bundle(
        BundleKind.INSIGHTS,
        tuple(placed),
        tuple(findings),
        (),
        first_line(raw, commands + "hostname", commands + "hostname_-f"),
        kernel_of(first_line(raw, commands + "uname_-a")),
        first_line(raw, commands + "date_--utc", commands + "date"),
    )


def _commands(meta: Any) -> Iterator[tuple[str, str]]:
    results = meta.get("results") if isinstance(meta, dict) else None
    for item in results if isinstance(results, list) else [results]:
        held = item.get("object") if isinstance(item, dict) else None
        if isinstance(held, dict) and isinstance(held.get("cmd"), str) and isinstance(held.get("relative_path"), str):
            yield held["relative_path"].lstrip("/"), held["cmd"]
