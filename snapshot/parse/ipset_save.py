"""`ipset save`: sets and their members.

    create blocked hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x5d1f0d3c
    add blocked 203.0.113.0/24
    add blocked 203.0.113.50 nomatch
"""

from dataclasses import replace

from snapshot.finding import Finding, Kind
from snapshot.host.ipset import IpSet, SetEntry
from snapshot.parse.iptables_rule import Problem, tokens

_FLAGS = {"counters", "comment", "skbinfo", "forceadd", "nomatch", "wildcard"}


def _pairs(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        # in `create` these stand alone; in `add`, `comment` has a value
        if word in _FLAGS and (word != "comment" or position + 1 >= len(words)):
            found[word], position = "", position + 1
        elif position + 1 < len(words):
            found[word], position = words[position + 1], position + 2
        else:
            found[word], position = "", position + 1
    return found


def parse(text: str, file: str = "") -> tuple[tuple[IpSet, ...], tuple[Finding, ...]]:
    """All sets, with their members."""
    heads: dict[str, tuple[str, dict[str, str], int]] = {}
    entries: dict[str, list[SetEntry]] = {}
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            words = [word for word, _ in tokens(line)]
        except Problem as problem:
            findings.append(Finding(Kind.SYNTAX, file, number, line[:120], str(problem)))
            continue
        if len(words) >= 3 and words[0] in ("create", "-N"):
            rest = words[3:]
            flags = {word: "" for word in ("comment",) if word in rest}
            heads[words[1]] = (words[2], {**_pairs([w for w in rest if w != "comment"]), **flags}, number)
            entries.setdefault(words[1], [])
        elif len(words) >= 3 and words[0] in ("add", "-A") and words[1] in heads:
            entries[words[1]].append(SetEntry(words[2], _pairs(words[3:]), number))
        else:
            orphan = words[0] == "add" and len(words) > 2
            why = f"member of a set {words[1]!r} that was not created" if orphan else "not a line of ipset save"
            findings.append(Finding(Kind.SYNTAX, file, number, line[:120], why))
    return tuple(IpSet(name, kind, options.get("family") or ("inet" if "ip" in kind or "net" in kind else None), options,
                       tuple(entries[name]), file, line) for name, (kind, options, line) in heads.items()), tuple(findings)


def parse_list(text: str, file: str = "") -> tuple[tuple[IpSet, ...], tuple[Finding, ...]]:
    """`ipset list`: the same sets, under `Name:`, `Type:`, `Header:` and `Members:`."""
    found: list[IpSet] = []
    findings: list[Finding] = []
    members = False
    for number, line in enumerate(text.splitlines(), 1):
        key, colon, value = line.partition(": ")
        if key == "Name" and colon:
            found.append(IpSet(value.strip(), "", None, {}, (), file, number))
            members = False
        elif not found or not line.strip():
            continue
        elif key == "Type" and colon and not members:
            kind = value.strip()
            found[-1] = replace(found[-1], type=kind, family="inet" if "ip" in kind or "net" in kind else None)
        elif key == "Header" and colon and not members:
            words = value.split()
            options = {**_pairs([word for word in words if word != "comment"]), **({"comment": ""} if "comment" in words else {})}
            found[-1] = replace(found[-1], options=options, family=options.get("family") or found[-1].family)
        elif line.startswith("Members:"):
            members = True
        elif members:
            try:
                words = [word for word, _ in tokens(line)]
            except Problem as problem:
                findings.append(Finding(Kind.SYNTAX, file, number, line[:120], str(problem)))
                continue
            found[-1] = replace(found[-1], entries=(*found[-1].entries, SetEntry(words[0], _pairs(words[1:]), number)))
    return tuple(found), tuple(findings)
