"""`brctl show`: bridges and their ports. One bridge goes over several lines, one more for each further port.

    bridge name     bridge id               STP enabled     interfaces
    docker0         8000.02429e7584e4       no              veth4bb8afe
                                                            veth891371c
    virbr0          8000.000000000000       yes
"""

import re
from dataclasses import dataclass

from snapshot.finding import Finding, Kind

_ID = re.compile(r"^[0-9a-fA-F]{4}\.[0-9a-fA-F]{12}$")


@dataclass(frozen=True, slots=True)
class BridgeRecord:
    """One bridge with its ports, in the order printed. `mac` is from the bridge id."""

    name: str
    ports: tuple[str, ...]
    stp: bool
    mac: str | None


def parse(text: str, file: str = "") -> tuple[tuple[BridgeRecord, ...], tuple[Finding, ...]]:
    """All bridges."""
    found: list[tuple[str, list[str], bool, str]] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[:2] == ["bridge", "name"] or "can't get info" in line or "Operation not supported" in line:
            continue
        if line[0].isspace() and found and len(words) == 1:
            found[-1][1].append(words[0])
        elif len(words) >= 3 and _ID.match(words[1]) and words[2] in ("yes", "no"):
            found.append((words[0], words[3:], words[2] == "yes", words[1].partition(".")[2]))
        else:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not a line that `brctl show` prints"))
    return tuple(BridgeRecord(name, tuple(ports), stp, _mac(mac)) for name, ports, stp, mac in found), tuple(findings)


def _mac(digits: str) -> str | None:
    mac = ":".join(digits[i:i + 2] for i in range(0, 12, 2)).lower()
    return None if mac == "00:00:00:00:00:00" else mac
