"""The same ruleset, saved by another back-end or without counters, gives the same answers about recorded worlds. Needs no root."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from . import replaying

RECORDED = Path(__file__).parent / "recorded"
NAMES = ("random-router-8", "random-router6-8", "random-bridge-5", "random-local-5", "random-policy-3001", "random-nat-11", "docker-published")
SPELLING = ("backend", "file", "line", "text")  # of a step: how the rule was written down, not what it did


def unpacked(vector: str, folder: Path) -> Path:
    """The vector with its snapshot as a folder, which a test may change."""
    with tarfile.open(RECORDED / vector / "snapshot.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    for name in ("any.pcap", "local.pcap"):
        if (RECORDED / vector / name).exists():
            (folder / name).write_bytes((RECORDED / vector / name).read_bytes())
    return next(folder.glob("*/netns/host"))


def answers(folder: Path) -> list[dict[str, Any]]:
    """The replay lines, without how each rule was spelled."""
    snapshot = next(folder.glob("*/netns")).parent
    lines = replaying.replay(folder, snapshot)
    for line in lines:
        del line["decided_by"]  # the back-ends look at different fields of a cut header
        for steps in (line["steps"], *(child["steps"] for child in line["begot"])):
            for step in steps:
                for name in SPELLING:
                    step.pop(name, None)
    return lines


def without_counters(host: Path) -> None:
    """As `iptables-save` prints it without -c."""
    for path in host.glob("*tables-*save.txt"):
        path.write_text(re.sub(r"^\[\d+:\d+\] ", "", path.read_text(), flags=re.MULTILINE))


def by_the_other_backend(host: Path) -> None:
    """What one back-end's save printed stands in the other's file."""
    for six in ("", "6"):
        legacy, nft = (host / f"ip{six}tables-{backend}-save.txt" for backend in ("legacy", "nft"))
        texts = [path.read_text() if path.exists() else "" for path in (legacy, nft)]
        legacy.write_text(texts[1])
        nft.write_text(texts[0])
    for path in host.glob("nft-ruleset*"):
        path.unlink()


@pytest.mark.parametrize("change", [without_counters, by_the_other_backend])
@pytest.mark.parametrize("vector", NAMES)
def test_the_spelling_changes_no_answer(vector: str, change: Any, tmp_path: Path) -> None:
    """Rules, verdicts, headers, states and certainty stay as they are, packet by packet."""
    host = unpacked(vector, tmp_path)
    before = answers(tmp_path)
    change(host)
    after = answers(tmp_path)
    assert before
    assert [json.dumps(line, sort_keys=True) for line in after] == [json.dumps(line, sort_keys=True) for line in before]
