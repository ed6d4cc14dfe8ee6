"""`brctl showmacs BRIDGE`: behind which port a MAC address is. Ports are numbers, which `brctl showstp BRIDGE` gives names.

port no mac addr                is local?       ageing timer
  1     02:42:ac:11:00:02       no                 0.00
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from snapshot.finding import Finding, Kind
from snapshot.host.neighbour import FdbEntry
from snapshot.parse.brctl_show import BridgeRecord

_ROW = re.compile(r"^\s*(\d+)\s+([0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5})\s+(yes|no)\b")


@dataclass(frozen=True, slots=True)
class MacRecord:
    """One row: the port's number, the address, whether it is the port's own."""

    port: int
    mac: str
    local: bool


def parse(text: str, file: str = "") -> tuple[tuple[MacRecord, ...], tuple[Finding, ...]]:
    """All rows."""
    found: list[MacRecord] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        row = _ROW.match(line)
        if row is not None:
            found.append(MacRecord(int(row[1]), row[2].lower(), row[3] == "yes"))
        elif line.strip() and not line.startswith("port no"):
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not a line that `brctl showmacs` prints"))
    return tuple(found), tuple(findings)


def joined(records: Iterable[MacRecord], bridge: BridgeRecord | None, file: str, findings: list[Finding]) -> Iterator[FdbEntry]:
    """The rows with their ports' names; without them they tell nothing, and that is found."""
    if bridge is None:
        findings.append(
            Finding(
                Kind.AMBIGUOUS,
                file,
                0,
                "",
                "`brctl showmacs` names ports by number; `brctl showstp` of the same bridge, or `bridge fdb`, would tell which interfaces they are",
            )
        )
        return
    for record in records:
        name = dict(bridge.numbers).get(record.port)
        if name is not None:
            yield FdbEntry(record.mac, name, bridge.name, None, record.local)
