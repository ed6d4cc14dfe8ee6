"""What people send without any tool: a folder of outputs, a terminal's transcript, one file."""

import re
from dataclasses import replace

from snapshot import sniff
from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.finding import Finding, Kind
from snapshot.host import HOST
from snapshot.naming import Place, place
from snapshot.raw import RawFile, RawSnapshot
from snapshot.text import without_prefix
from snapshot.transcript import MAX_LINES, MAX_SECTIONS, Section, sections

_CAPTURES = (".pcap", ".pcapng", ".cap")
_LOOSE = frozenset(
    ["route", "arp", "ifconfig", "netstat-r", "netstat-l", "iptables-list", "ip6tables-list", "iptables", "ip6tables", "conntrack", "ss", "ip-route"]
)
# outputs that are empty rather where a command failed than where there is nothing
_NEVER_EMPTY = frozenset(("iptables", "ip6tables", "iptables-list", "ip6tables-list", "nft", "ip-route", "ip-rule", "ip-addr", "ip-link", "sysctl"))
_MAX_SNIFFED = 64 * 1024**2  # bytes: a larger file without a telling name is no output of these commands
_BINARY = (b"\x7fELF", b"\x89PNG", b"PK\x03\x04", b"\xff\xd8\xff", b"%PDF", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a")
_ARCHIVES = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
_INTERFACES = {"ip-addr", "ip-link", "ifconfig"}


def recognise(raw: RawSnapshot) -> Bundle | None:
    """Any bundle: this reader comes last."""
    placed: list[tuple[Place, RawFile]] = []
    findings: list[Finding] = []
    parted, empty = False, list[RawFile]()
    for path, file in raw.files.items():
        head = file.head()
        if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
            findings.append(Finding(Kind.NOT_MODELLED, path, 0, "", "an archive within what was sent: unpack it, and give it by itself"))
            continue
        if path.endswith(_CAPTURES) or head.startswith(_BINARY):
            continue
        if not file.data.strip(b"\0 \r\n\t"):
            empty.append(file)
            continue
        found = _parts(file, findings)
        parted = parted or len(found) > 1
        placed += found
    entered = len({held.netns for held, _ in placed if held.fact in _INTERFACES}) > 1
    for file in empty:
        placed += _empty(file, entered and f"{file.path}.err" not in raw.files, findings)
    kind = BundleKind.FOLDER if len(raw.files) > 1 else BundleKind.TRANSCRIPT if parted else BundleKind.LONE
    return Bundle(kind, tuple(_homes(placed)), tuple(findings))


def _empty(file: RawFile, by_root: bool, findings: list[Finding]) -> list[tuple[Place, RawFile]]:
    """An empty output says that there is nothing; where it would say that there are no rules, the command may have failed.

    Not where other namespaces were entered, too: that takes root, whom `iptables-save` does not refuse.
    """
    named = place(file.path)
    if named is not None and named.fact in _NEVER_EMPTY and not by_root:
        findings.append(Finding(Kind.AMBIGUOUS, file.path, 0, "", "an empty output: there is nothing, or the command failed (not run by root?)"))
        return []
    return [(named, file)] if named is not None else []


def _parts(file: RawFile, findings: list[Finding]) -> list[tuple[Place, RawFile]]:
    """What one file holds: one output, or several."""
    named = place(file.path)
    if named is None and len(file.data) > _MAX_SNIFFED:
        return []
    text = file.text
    if text.lstrip()[:1] not in ("[", "{"):
        text = without_prefix(text)
    parts = sections(text)
    if len(parts) > 1 and (len(parts) > MAX_SECTIONS or text.count("\n") > MAX_LINES):
        why = f"a text with more than {MAX_SECTIONS} commands or {MAX_LINES} lines: only so much of it is read"
        findings.append(Finding(Kind.TRUNCATED, file.path, 0, "", why))
    if len(parts) == 1 and not parts[0].command:
        held = _one(named, file, text)
        if held is None:
            findings.append(
                Finding(
                    Kind.SYNTAX,
                    file.path,
                    0,
                    text.strip()[:80].split("\n")[0],
                    "neither the name nor the text tells which command's output this is; left out",
                )
            )
            return []
        return [(held, _part(file, text))]
    netns = _folder(file)
    return [
        (held if held.netns != HOST else replace(held, netns=netns), _part(file, part.text))
        for part in parts
        if (held := _held(part)) is not None and (part.text.strip() or held.fact not in _NEVER_EMPTY)
    ]


def _of_family(fact: str, family: int) -> str:
    """A listing without an address does not show its family: the name or the command did."""
    return "ip6tables" + fact.removeprefix("iptables") if family == 6 and fact.startswith("iptables") else fact


def _table(path: str) -> str:
    """The iptables table that a file's name speaks of, if it speaks of one."""
    named = set(re.split(r"[^a-z]+", path.rpartition("/")[2].lower())) & {"filter", "nat", "mangle", "raw", "security"}
    return named.pop() if len(named) == 1 else ""


def _folder(file: RawFile) -> str:
    parts = file.path.split("/")
    return parts[-2] if len(parts) > 1 else HOST


def _part(file: RawFile, text: str) -> RawFile:
    return RawFile(file.path, text.encode("utf-8", "surrogateescape"))


def _held(part: Section) -> Place | None:
    """What a part of a transcript holds: its command says, the text has the last word where it is plain."""
    found = sniff.fact_of(part.text)
    if part.command:
        if part.place is not None and part.place.fact in _LOOSE and found is not None:
            return replace(part.place, fact=_of_family(found, part.place.family)) if found != part.place.fact else part.place
        return part.place
    return _sniffed(found, part.text) if found is not None else None


def _sniffed(fact: str, text: str) -> Place:
    is_json = text.lstrip()[:1] in ("[", "{")
    return Place(HOST, fact, sniff.family_of(fact, text), is_json, ("sniffed",), partial=fact == "ip-route" and "table local" not in text)


def _one(named: Place | None, file: RawFile, text: str) -> Place | None:
    """What a whole file holds: its name says; where the name is loose, or says nothing, the text does."""
    if named is not None and named.fact not in _LOOSE:
        return named
    found = sniff.fact_of(text)
    if named is None:
        return replace(_sniffed(found, text), netns=_folder(file), table=_table(file.path)) if found is not None else None
    if found is None or found == named.fact:
        return named
    return replace(named, fact=_of_family(found, named.family), family=sniff.family_of(found, text) or named.family)


def _homes(placed: list[tuple[Place, RawFile]]) -> list[tuple[Place, RawFile]]:
    """A folder is a namespace only where interfaces were captured in it; what lies elsewhere is the host's."""
    owners = {held.netns for held, _ in placed if held.fact in _INTERFACES}
    only = next(iter(owners)) if len(owners) == 1 and HOST not in owners else None
    return [(replace(held, netns=HOST) if held.netns not in owners or held.netns == only else held, file) for held, file in placed]
