"""`brctl show`: bridges and their ports. One bridge goes over several lines, one more for each further port.

    bridge name     bridge id               STP enabled     interfaces
    docker0         8000.02429e7584e4       no              veth4bb8afe
                                                            veth891371c
    virbr0          8000.000000000000       yes
"""

import re
from dataclasses import dataclass, replace

from snapshot.finding import Finding, Kind

_ID = re.compile(r"^[0-9a-fA-F]{4}\.[0-9a-fA-F]{12}$")


@dataclass(frozen=True, slots=True)
class BridgeRecord:
    """One bridge with its ports, in the order printed. `mac` is from the bridge id; `numbers` of ports are known from `brctl showstp`."""

    name: str
    ports: tuple[str, ...]
    stp: bool
    mac: str | None
    numbers: tuple[tuple[int, str], ...] = ()
    states: tuple[tuple[str, str], ...] = ()


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


_PORT = re.compile(r"^(\S+) \((\d+)\)\s*$")


def parse_stp(text: str, file: str = "") -> tuple[tuple[BridgeRecord, ...], tuple[Finding, ...]]:
    """`brctl showstp BRIDGE`: one bridge (or several, one after the other) with its ports, their numbers and states."""
    found: list[BridgeRecord] = []
    port = ""
    for line in text.splitlines():
        if (head := _PORT.match(line)) is not None and found:
            last, port = found[-1], head[1]
            found[-1] = replace(last, ports=(*last.ports, port), numbers=(*last.numbers, (int(head[2]), port)))
        elif line and not line[0].isspace():
            found.append(BridgeRecord(line.split()[0], (), False, None))
            port = ""
        elif line.startswith(" bridge id") and found and _ID.match(line.split()[-1]):
            found[-1] = replace(found[-1], mac=_mac(line.split()[-1].partition(".")[2]))
        elif "state" in line.split() and port and found:
            found[-1] = replace(found[-1], states=(*found[-1].states, (port, line.split()[-1])))
    return tuple(found), ()


def _mac(digits: str) -> str | None:
    mac = ":".join(digits[i:i + 2] for i in range(0, 12, 2)).lower()
    return None if mac == "00:00:00:00:00:00" else mac
