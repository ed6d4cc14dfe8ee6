"""`conntrack -L expect` and /proc/net/nf_conntrack_expect: connections that helpers wait for.

    298 proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=40001 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535
        master-src=10.0.0.1 master-dst=10.0.0.2 sport=4000 dport=21 class=0 helper=ftp
    298 l3proto = 2 proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=40001 ftp
"""

from dataclasses import replace
from ipaddress import ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.conntrack import ExpectedEntry


def _of_line(line: str) -> ExpectedEntry:
    """Raises ValueError, KeyError, IndexError."""
    words = line.replace("l3proto = ", "l3proto=").split()
    values: dict[str, str] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if equals:
            values.setdefault(key, value)
    helper = values.get("helper") or (words[-1] if "=" not in words[-1] and not words[-1].isdigit() else None)
    ports = int(values.get("sport", "0")), int(values.get("dport", "0"))
    return ExpectedEntry(ip_address(values["src"]), ip_address(values["dst"]), int(values["proto"]), ports[0] or None, ports[1] or None,
                         helper, int(words[0]) if words[0].isdigit() else None)


def parse(text: str, file: str = "") -> tuple[tuple[ExpectedEntry, ...], tuple[Finding, ...]]:
    """All expectations."""
    found: list[ExpectedEntry] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or "have been shown" in line:
            continue
        try:
            found.append(replace(_of_line(line), text=" ".join(line.split()), file=file, line=number))
        except (ValueError, KeyError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"an expectation can't be read: {error}"))
    return tuple(found), tuple(findings)
