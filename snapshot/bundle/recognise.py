"""Which kind of bundle it is: each reader is asked in turn, the most particular first."""

import re
from dataclasses import replace

from snapshot.bundle import insights, own, plain, sosreport, supportconfig
from snapshot.bundle.bundle import Bundle
from snapshot.finding import Finding, Kind
from snapshot.raw import RawSnapshot

_READERS = (own.recognise, sosreport.recognise, insights.recognise, supportconfig.recognise, plain.recognise)
# what stands at the top of a snapshot, a sosreport, an insights archive, a supportconfig
_TOP = re.compile(r"^(.*?/|)(?:netns/host/|sos_commands/|(?:data/)?insights_commands/|basic-environment\.txt$)")


def recognise(raw: RawSnapshot) -> Bundle:
    """The bundle, understood; `plain` takes whatever no other reader knows."""
    raw, findings = _at_top(raw)
    for reader in _READERS:
        found = reader(raw)
        if found is not None:
            return replace(found, findings=(*findings, *found.findings))
    raise AssertionError("plain takes every bundle")


def _at_top(raw: RawSnapshot) -> tuple[RawSnapshot, tuple[Finding, ...]]:
    """Where a bundle lies deeper in a folder, its files by their names within it; of several hosts' bundles the first."""
    roots = sorted({match[1] for path in raw.files if (match := _TOP.match(path)) is not None})
    if not roots or roots == [""]:
        return raw, ()
    root = roots[0]
    inside = {path[len(root):]: file for path, file in raw.files.items() if path.startswith(root)}
    if len(roots) == 1:
        return replace(raw, files=inside), ()
    rest = ", ".join(one.rstrip("/") or "." for one in roots[1:])
    why = f"bundles of several hosts: the first is read, not {rest[:200]}; give that folder by itself"
    return replace(raw, files=inside), (Finding(Kind.AMBIGUOUS, raw.source, 0, root.rstrip("/") or ".", why),)
