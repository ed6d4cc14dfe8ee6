"""A supportconfig (SUSE): texts in which each output stands under its command.

#==[ Command ]======================================#
# /sbin/ip addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
"""

import re

from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.bundle.common import kernel_of
from snapshot.finding import Finding
from snapshot.naming import Place, command
from snapshot.raw import RawFile, RawSnapshot

_HEADING = re.compile(r"^#==\[ ([^\]]+) \]=+#\s*$")
_MARK = b"#==[ "
_MAX_LINE = 500_000  # lines of one file that are looked at


def recognise(raw: RawSnapshot) -> Bundle | None:
    """A bundle with such texts at its top."""
    texts = [file for path, file in raw.files.items() if path.endswith(".txt") and path.count("/") <= 1 and _MARK in file.data]
    if not texts or not any(
        file.path.rpartition("/")[2] in ("network.txt", "basic-environment.txt", "docker.txt", "podman.txt", "proc.txt") for file in texts
    ):
        return None
    placed: list[tuple[Place, RawFile]] = []
    told: dict[str, str] = {}
    findings: list[Finding] = []
    for file in texts:
        for title, line, body in parts(file.text):
            if title == "uname" or title.startswith(("uname ", "/bin/uname", "/bin/hostname", "hostname", "/bin/date", "date")):
                told.setdefault(title.split()[0].rpartition("/")[2], body.strip().split("\n")[0])
            held = command(title)
            if held is not None and not (held.fact == "docker-inspect" and "image" in title):
                placed.append((held, RawFile(file.path, ("\n" * line + body).encode("utf-8", "surrogateescape"))))
    return Bundle(
        BundleKind.SUPPORTCONFIG, tuple(placed), tuple(findings), (), told.get("hostname", ""), kernel_of(told.get("uname", "")), told.get("date", "")
    )


def parts(text: str) -> list[tuple[str, int, str]]:
    """(title, how many lines stand before its body, body) of every section."""
    lines = text.split("\n")[:_MAX_LINE]
    heads = [number for number, line in enumerate(lines) if line.startswith("#==[") and _HEADING.match(line)]
    found = []
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=False):
        kind = _HEADING.match(lines[start])
        title = lines[start + 1][1:].strip() if start + 1 < end and lines[start + 1].startswith("#") else ""
        if kind is None or not title:
            continue
        if kind[1] == "Configuration File" or kind[1].startswith(("Command", "Note", "Summary", "Verification", "Log", "System", "Entry")):
            shown = f"cat {title}" if kind[1] == "Configuration File" else title
            found.append((shown, start + 2, "\n".join(lines[start + 2 : end])))
    return found
