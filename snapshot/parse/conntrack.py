"""`conntrack -L -o extended`, plain `conntrack -L` and /proc/net/nf_conntrack.

    ipv4     2 tcp      6 431999 ESTABLISHED src=172.17.0.2 dst=198.51.100.80 sport=40001 dport=80 src=198.51.100.80
        dst=198.51.100.10 sport=80 dport=40001 [ASSURED] mark=0 use=1
    udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=5 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=5 mark=0 use=1
"""

import re
from dataclasses import replace

from snapshot.finding import Finding, Kind
from snapshot.host.conntrack import ConntrackEntry, Tuple
from snapshot.parse.addresses import address

_FAMILIES = {"ipv4": 4, "ipv6": 6}
_REMARK = re.compile(r"conntrack v\S+ \(conntrack-tools\): \d+ flow entries have been shown\.")
_KEYS = ("src", "dst", "sport", "dport", "type", "code", "id", "srckey", "dstkey")


# most lines: told without parting them word by word
_COUNTS = r"(?:packets=\d+ bytes=\d+ )?"
_ENDS = r"src=([0-9a-f.:]+) dst=([0-9a-f.:]+) sport=(0|[1-9]\d*) dport=(0|[1-9]\d*) "
_USUAL = re.compile(rf"(?:(ipv[46]) +\d+ )?\w+ +(\d+) (?:(\d+) )?(?:([A-Z][A-Z_\d]*) )?{_ENDS}{_COUNTS}(\[UNREPLIED\] )?{_ENDS}{_COUNTS}"
                    r"(\[ASSURED\] )?mark=(\d+) (?:zone=(\d+) )?use=\d+\s*\Z", re.ASCII)
_STATUS = {(None, None): frozenset[str](), (None, "[ASSURED] "): frozenset({"ASSURED"}), ("[UNREPLIED] ", None): frozenset({"UNREPLIED"}),
           ("[UNREPLIED] ", "[ASSURED] "): frozenset({"UNREPLIED", "ASSURED"})}


def _entry(line: str, file: str, number: int) -> ConntrackEntry:
    """Raises ValueError, KeyError, IndexError."""
    found = _USUAL.match(line)
    if found is None:
        return replace(_of_line(line), file=file, line=number)
    (family, protocol, timeout, state, src1, dst1, sport1, dport1, unreplied, src2, dst2, sport2, dport2, assured, mark, zone) = found.groups()
    original = Tuple(address(src1), address(dst1), int(sport1), int(dport1))
    both = int(zone or 0)
    return ConntrackEntry(_FAMILIES[family] if family else original.source.version, int(protocol), original,
                          Tuple(address(src2), address(dst2), int(sport2), int(dport2)), int(timeout) if timeout else None, state,
                          _STATUS[unreplied, assured], int(mark, 0), both, None, None, " ".join(line.split()), file, number, both)


def _of_line(line: str) -> ConntrackEntry:
    """Raises ValueError, KeyError, IndexError."""
    words = line.split()
    family: int | None = None
    if words[0] in _FAMILIES:
        family, words = _FAMILIES[words[0]], words[2:]
    protocol, rest = int(words[1]), words[2:]
    timeout: int | None = None
    if rest and rest[0].isdigit():
        timeout, rest = int(rest[0]), rest[1:]
    state: str | None = None
    if rest and "=" not in rest[0] and not rest[0].startswith("["):
        state, rest = rest[0], rest[1:]
    directions: list[dict[str, str]] = []
    status: set[str] = set()
    extra: dict[str, str] = {}
    for word in rest:
        if word.startswith("["):
            status.add(word.strip("[]"))
            continue
        key, equals, value = word.partition("=")
        if not equals:
            continue
        if key == "src":
            directions.append({})
        if key in _KEYS and directions:
            directions[-1].setdefault(key, value)
        else:
            extra[key] = value
    original, reply = _tuple(directions[0]), _tuple(directions[1])
    both = extra.get("zone", "0")
    return ConntrackEntry(family or original.source.version, protocol, original, reply, timeout, state, frozenset(status),
                          int(extra.get("mark", "0"), 0), int(extra.get("zone-orig", both)), extra.get("helper"), extra.get("labels"),
                          " ".join(line.split()), reply_zone=int(extra.get("zone-reply", both)))


def _tuple(pairs: dict[str, str]) -> Tuple:
    def number(key: str) -> int | None:
        return int(pairs[key], 0) if key in pairs else None
    return Tuple(address(pairs["src"]), address(pairs["dst"]), number("sport"), number("dport"), number("type"),
                 number("code"), number("id"))


def parse(text: str, file: str = "") -> tuple[tuple[ConntrackEntry, ...], tuple[Finding, ...]]:
    """All entries. The tool's own remark (`... flow entries have been shown.`) is taken out, also where it was written into the midst of a line."""
    found: list[ConntrackEntry] = []
    findings: list[Finding] = []
    cut = False
    for number, line in enumerate(text.splitlines(), 1):
        if cut and line.strip().isdigit():
            continue  # the rest of the line that the remark was written into
        cut = "flow entries have been shown" in line
        line = _REMARK.sub("", line) if cut else line
        if not line.strip():
            continue
        try:
            found.append(_entry(line, file, number))
        except (ValueError, KeyError, IndexError):
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not a line that conntrack -L prints"))
    return tuple(found), tuple(findings)
