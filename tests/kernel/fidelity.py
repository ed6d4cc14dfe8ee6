"""docs/fidelity.md: what is exact and proved, from the code and the recorded vectors.  `python -m tests.kernel.fidelity` writes it."""

import gzip
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import sheet

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fidelity.md"
NETFILTER = ROOT / "visualize" / "netfilter"
RECORDED, SHEETS = Path(__file__).parent / "recorded", Path(__file__).parent / "recorded-sheets"
VERDICTS = {"ACCEPT": "the packet passes this table", "DROP": "the packet is dropped", "RETURN": "back to the calling chain, or the policy"}
KINDS = ("bridge", "veth", "vlan", "macvlan", "macvtap", "ipvlan", "dummy", "loopback", "bond", "vrf", "tun", "wireguard", "vxlan")


@dataclass
class Proof:
    """What the vectors show of one extension: rules that matched and that did not, options, and which vectors."""

    matched: int = 0
    unmatched: int = 0
    options: set[str] = field(default_factory=set)
    vectors: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Both answers were seen on the kernel."""
        return bool(self.matched and self.unmatched)


def clauses(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """(`m` or `j`, name, options) of a rule's text; iptables' own options come as (`m`, "", ...)."""
    kind, name, options = "m", "", list[str]()
    words = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text).split()
    if "-m" not in words:  # `-p tcp --dport 80`
        found = re.search(r"-p (\w+) .*--[ds]port", text)
        if found:
            yield "m", found[1], re.findall(r"--\w[\w-]*port", text)
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word in ("-m", "-j", "-g"):
            yield kind, name, options
            kind, name, options = "m" if word == "-m" else "j", following, []
        elif re.match(r"--?[a-z]", word):
            options.append(word)
    yield kind, name, options


def proofs() -> dict[tuple[str, str], Proof]:
    """What all vectors show, by kind and name."""
    found: dict[tuple[str, str], Proof] = defaultdict(Proof)
    for folder in sorted(SHEETS.iterdir()):
        texts = _texts(folder)
        shots = [json.loads(line) for line in gzip.decompress((folder / "shots.ndjson.gz").read_bytes()).splitlines()]
        hits = {number for shot in shots for number in shot["rules"]}
        reached = _reached(folder)
        for number, text in texts.items():
            matched = number in hits if number > 0 else text in reached
            _note(found, text, f"sheet {folder.name.rpartition('-')[0]}", matched, matched)
            if matched and number > 0:
                found["j", "NFLOG"].matched += 1
                found["j", "NFLOG"].vectors.add("every sheet")
    for path in sorted(RECORDED.glob("*/expected.ndjson")):
        case = json.loads((path.parent / "case.json").read_text())
        moved = {place for line in path.read_text().splitlines() for place in json.loads(line)["rules"]}
        for backend, text in case.get("rules", {}).items():
            for place, rule in _places(backend, case.get("family", 4), text):
                _note(found, rule, path.parent.name, place in moved, place in moved)
    return found


def _note(found: dict[tuple[str, str], Proof], text: str, vector: str, matched: bool, both: bool) -> None:
    for kind, name, options in clauses(text):
        proof = found[kind, name]
        proof.vectors.add(vector)
        proof.options.update(options)
        proof.matched += matched
        proof.unmatched += not matched or both  # a rule that matched one packet was asked of others, too


def _reached(folder: Path) -> set[str]:
    """Rules with a target of their own that packets met: their effects were compared (the packet that left, marks, later matches)."""
    from visualize.load import load, replay, sources
    from visualize.path import RuleMatched
    loaded = load(str(folder / "snapshot.tar.gz"))
    captures = tuple(str(folder / name) + at for name, at in (("any.pcap", ""), ("local.pcap", "@local")) if (folder / name).exists())
    return {step.text.partition(f"-A {step.chain} ")[2] for one in replay(loaded, sources(loaded, captures)[0], {}) for step in one.path.steps
            if isinstance(step, RuleMatched) and "--nflog-prefix" not in step.text}


def _texts(folder: Path) -> dict[int, str]:
    """The rules of a sheet's snapshot: a logging rule by its number, another one by a negative number."""
    texts: dict[int, str] = {}
    with tarfile.open(folder / "snapshot.tar.gz") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member) if re.search(r"ip6?tables-(legacy|nft)-save\.txt$", member.name) else None
            for line in file.read().decode().splitlines() if file is not None else ():
                rule = re.search(r"-A (\S+) ?(.*)", line)
                if rule:
                    number = re.search(r"--nflog-prefix \"?(\d+)", rule[2])
                    texts[int(number[1]) if number else -len(texts) - 1] = re.sub(r" ?-j NFLOG.*", "", rule[2]) if number else rule[2]
    return texts


def _places(backend: str, family: int, text: str) -> Iterator[tuple[str, str]]:
    table, counts = "", dict[str, int]()
    for line in text.splitlines():
        if line.startswith("*"):
            table, counts = line[1:], {}
        elif line.startswith("-A "):
            _, chain, *rest = line.split(" ", 2)
            counts[chain] = counts.get(chain, 0) + 1
            yield f"{backend} {'ip' if family == 4 else 'ip6'} {table} {chain} {counts[chain]}", rest[0] if rest else ""


def _named(vectors: set[str]) -> str:
    """The sheets, or a few recorded worlds where no sheet asks: what new worlds do not change."""
    sheets = sorted(one for one in vectors if one.startswith(("sheet", "every")))
    worlds = sorted(vectors - set(sheets))
    return ", ".join(sheets) if sheets else ", ".join(worlds[:3]) + (" and others" if len(worlds) > 3 else "")


def _about(source: str) -> str:
    return source.split('"""')[1].strip().split("\n")[0].split(": ", 1)[-1].rstrip(".")


def _known(source: str) -> set[str]:
    return set(re.findall(r"--[a-z0-9][\w-]+", " ".join(re.findall(r'"[^"\n]*--[^"\n]*"', source)))) - {"--assume"}


def _status(name: str, source: str, proof: Proof | None, target: bool) -> str:
    always = "return unanswerable(" in source and "class " not in source
    if always:
        return "doubt"
    proved = proof is not None and (proof.matched if target else proof.whole)
    held = "exact, proved" if proved else "exact, unproved"
    return held + ("; doubts where the snapshot can't tell" if "unknown(" in source or "unanswerable(" in source else "")


def rows(kind: str, proved: dict[tuple[str, str], Proof]) -> Iterator[str]:
    """A table row for each extension file."""
    folder = NETFILTER / ("match" if kind == "m" else "target")
    for path in sorted(folder.glob("*.py"), key=lambda one: one.stem.lower()):
        name, source = path.stem, path.read_text()
        if name in ("__init__", "icmpv6", "ipv6_icmp", "listing"):  # other names of icmp6, and no extension at all
            continue
        proof = proved.get((kind, "" if name == "builtin" else name.replace("_", "-"))) or proved.get((kind, name))
        shown = "`-s -d -i -o -p -f`" if name == "builtin" else f"`-{kind} {name}`"
        unasked = sorted(_known(source) - (proof.options if proof else set())) if proof and kind == "m" else []
        by = _named(proof.vectors if proof else set())
        yield f"| {shown} | {_about(source)} | {_status(name, source, proof, kind == 'j')} | {by} | {' '.join(unasked[:6])} |"


def devices() -> Iterator[str]:
    """Kinds of interfaces: where the datapath names them, and the vectors that hold one."""
    sources = {path.stem: path.read_text() for path in sorted((ROOT / "visualize" / "datapath").glob("*.py"))}
    cases = {path.parent.name: path.read_text() for path in sorted(RECORDED.glob("*/case.json"))}
    for kind in KINDS:
        files = [name for name, source in sources.items() if f'"{kind}"' in source or (kind == "veth" and "veth" in source) or (
            kind == "loopback" and "loopback" in source)]
        holding = [name for name, text in cases.items() if f"type {kind}" in text or (kind == "bridge" and '"world": "bridge"' in text) or (
            kind == "loopback" and '"world": "local"' in text) or kind == "veth"]
        status = "not modelled" if not files else "exact, proved" if holding else "modelled, unproved"
        yield f"| {kind} | {status} | {', '.join(holding[:3])}{' and others' if len(holding) > 3 else ''} |"


def sets() -> Iterator[str]:
    """ipset types: those that a sheet creates, and those that this machine's kernel lacks."""
    created = {line.split()[4] for name in sheet.names() for line in (sheet.FOLDER / f"{name}.txt").read_text().splitlines()
               if line.startswith("= ipset create")}
    known = ("bitmap:ip", "bitmap:ip,mac", "bitmap:port", "hash:ip", "hash:ip,mac", "hash:ip,mark", "hash:ip,port", "hash:ip,port,ip",
             "hash:ip,port,net", "hash:mac", "hash:net", "hash:net,iface", "hash:net,net", "hash:net,port", "hash:net,port,net", "list:set")
    for kind in known:
        yield f"| {kind} | {'exact, proved' if kind in created else 'exact, unproved: the kernel of the lab lacks it'} |"


def page() -> str:
    """The whole page."""
    proved = proofs()
    verdicts = [f"| `-j {name}` | {what} | exact, proved | {_named(proved['j', name].vectors)} | |" for name, what in VERDICTS.items()]
    return "\n".join([
        "# What is exact, and how it is known", "",
        "*Made by `python -m tests.kernel.fidelity` from the code and the recorded vectors; a test holds that it is up to date.*", "",
        "**exact, proved**: a real kernel (6.18, legacy and nft back-end) was asked, and the replay gave every answer that it gave; the vectors",
        "stand in `tests/kernel/recorded` and `tests/kernel/recorded-sheets`, and every test run replays them. **exact, unproved**: built from the",
        "kernel's sources, without a vector. **doubt**: the snapshot can't tell; the answer names its default. Where a doubt depends on what a",
        "rule remembers (`limit`, `hashlimit`, `quota`, `recent`, `connlimit`, `statistic`), it is certain as long as the table's counters",
        "were all 0 in the snapshot, and again after enough of the capture's time has passed; `iptables -Z` sets counters to 0 and leaves memories",
        "alone, which no snapshot shows.", "",
        "Options in the last column are modelled (or a doubt), and no vector has asked them.", "",
        "## Matches", "", "| match | what it asks | status | proved by | options not asked |", "| --- | --- | --- | --- | --- |", *rows("m", proved), "",
        "## Targets", "", "| target | what it does | status | proved by | |", "| --- | --- | --- | --- | --- |", *verdicts, *rows("j", proved), "",
        "A match or target that is not listed answers UNKNOWN with its name, and the rest of the ruleset goes on.", "",
        "## Sets", "", "| ipset type | status |", "| --- | --- |", *sets(), "",
        "## Devices", "", "| kind | status | proved by |", "| --- | --- | --- |", *devices(), "",
        "## Known to differ, or lost before a snapshot", "",
        "- iptables-save forgets a `!` before a range that holds everything (`! --dport 0:65535`, `! --espspi 0:`, `! -i +`): such a rule never",
        "  matches, and its text says that it always does. No tool can tell from the text.",
        "- iptables-nft from 1.8.8 on makes nft's own expressions of `-m tcp` and `-m udp`: without defragmentation a later fragment's payload is",
        "  read as ports there. Older iptables-nft kept the xt match; the replay follows the newer.",
        "- What `-m u32`, `-m bpf` and `-m string` read of checksums is as captured, before any rewrite.",
        "- A REJECT's answer to a packet with IP options is not modelled.", ""])


if __name__ == "__main__":
    PAGE.write_text(page())
