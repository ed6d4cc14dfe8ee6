"""Rules read and spelled again are what iptables-save printed: every rule of every recorded snapshot, and of a corpus where there is one."""

import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapshot.parse.iptables_rule import rule
from snapshot.parse.iptables_save import parse
from snapshot.parse.iptables_spelling import spelled

ROOT = Path(__file__).parents[3]
SNAPSHOTS = sorted([*ROOT.glob("tests/kernel/recorded*/*/snapshot.tar.gz"), *ROOT.glob("samples/*/snapshot.tar.gz")])
_RULE = re.compile(r"^(?:\[\d+:\d+\] )?-A ", re.M)
CORPUS = Path(os.environ.get("PACKETPATH_CORPUS", "/nonexistent"))  # a folder of iptables-save outputs


def _saves(snapshot: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(snapshot) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member) if re.search(r"ip6?tables-(legacy|nft)-save\.txt$", member.name) else None
            if file is not None:
                yield member.name, file.read().decode(errors="surrogateescape")


def _check(name: str, text: str) -> int:
    count = 0
    for table in parse(text, name, "ip6" if "ip6" in Path(name).name else "ip")[0]:
        for chain in table.chains.values():
            for one in chain.rules:
                count += 1
                assert spelled(one) == one.text
    return count


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: str(path.parent.name))
def test_what_iptables_save_printed_is_spelled_again(snapshot: Path) -> None:
    """By legacy and nft back-ends, all options of all extensions that the kernel lab loads; no rule is passed over."""
    for name, text in _saves(snapshot):
        assert _check(name, text) == len(_RULE.findall(text))


@pytest.mark.skipif(not CORPUS.exists(), reason="PACKETPATH_CORPUS names no folder")
@pytest.mark.parametrize("path", sorted(path for path in CORPUS.rglob("*save") if path.is_file()), ids=lambda path: str(path.name))
def test_a_corpus_is_spelled_again(path: Path) -> None:
    """Outputs of iptables-save that are not ours to copy."""
    _check(path.name, path.read_text(errors="surrogateescape"))


@pytest.mark.parametrize("text", [
    r'-A X -m comment --comment "a \"quoted\" \\ and \'single\'" -j ACCEPT', r"-A X -m comment --comment word -j ACCEPT",
    r'-A X -m comment --comment "" -j ACCEPT', r'-A X -m comment --comment "-j DROP ! -p tcp" -j ACCEPT', r'-A X -j LOG --log-prefix "a b: "',
    r'-A X -m string ! --string "GET" --algo bm --to 65535', r'-A X ! -s 10.0.0.0/8 ! -i eth0 -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -g Y',
    r'-A X -m set ! --match-set a src,dst ! --update-counters --packets-gt 5', r"-A X"])
def test_quotes_and_negations(text: str) -> None:
    """What needs quotes gets them, what holds words like options stays one word."""
    assert spelled(rule(text, ("x", 1), 1)) == text
