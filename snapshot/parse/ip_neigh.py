"""`ip [-j] neigh`: who answers for which address.

    172.17.0.2 dev docker0 lladdr 02:42:ac:11:00:02 REACHABLE
    198.51.100.1 dev eth1  FAILED
"""

from ipaddress import ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.neighbour import Neighbour
from snapshot.parse.ip_link import is_json, load_json


def _of_line(line: str) -> Neighbour:
    words = line.split()
    device = words[words.index("dev") + 1] if "dev" in words else ""
    mac = words[words.index("lladdr") + 1].lower() if "lladdr" in words else None
    return Neighbour(ip_address(words[0]), device, mac, words[-1] if words[-1].isupper() else "")


def parse(text: str, file: str = "") -> tuple[tuple[Neighbour, ...], tuple[Finding, ...]]:
    """All neighbours, from JSON or plain text."""
    found: list[Neighbour] = []
    findings: list[Finding] = []
    if is_json(text):
        items, problems = load_json(text, file)
        findings += problems
        for item in items:
            try:
                mac, state = item.get("lladdr"), item.get("state") or [""]
                found.append(Neighbour(ip_address(item["dst"]), item.get("dev", ""), mac.lower() if mac else None,
                                       state[0] if isinstance(state, list) else str(state)))
            except (ValueError, KeyError, TypeError) as error:
                findings.append(Finding(Kind.SYNTAX, file, 0, str(item)[:120], f"a neighbour can't be read: {error}"))
        return tuple(found), tuple(findings)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(_of_line(line))
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a neighbour can't be read: {error}"))
    return tuple(found), tuple(findings)
