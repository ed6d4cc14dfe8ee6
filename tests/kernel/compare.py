"""The judge: what the kernel did against what a replay says, packet by packet.  It knows the replay line, and nothing of how it is made."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORM = ("src", "dst", "proto", "sport", "dport", "ttl", "tos", "id", "length")
Line = dict[str, Any]
TABLES = ("filter", "nat", "mangle", "raw", "security")  # iptables': native tables have other names here, and rules that need not count


@dataclass(frozen=True)
class Difference:
    """One packet on which kernel and replay differ. `excused`: the replay said that it was not certain."""

    packet: int  # index in expected
    what: str  # rules | order | verdict | out_interface | form | missing | answer
    expected: Any
    got: Any
    certainty: str = "certain"
    sent: str = ""

    @property
    def excused(self) -> bool:
        """The line said that it might be wrong."""
        return self.certainty != "certain"

    def __str__(self) -> str:
        """Three lines for a person."""
        return (f"packet {self.packet} ({self.sent}): {self.what}{f' [{self.certainty}]' if self.excused else ''}\n"
                f"    kernel: {self.expected}\n    replay: {self.got}")


@dataclass
class Verdict:
    """The outcome of a comparison."""

    packets: int = 0
    uncertain: int = 0
    doubts: "Counter[str]" = field(default_factory=Counter)  # reasons of what was not certain, numbers and addresses left out
    differences: list[Difference] = field(default_factory=list)

    @property
    def wrong(self) -> list[Difference]:
        """Differences that nothing excuses."""
        return [one for one in self.differences if not one.excused]

    def report(self) -> str:
        """All of it as text."""
        return "\n".join(map(str, self.differences))


def load(folder: Path) -> list[Line]:
    """The kernel's word, as it was recorded."""
    return [json.loads(line) for line in (folder / "expected.ndjson").read_text().splitlines()]


def nanoseconds(text: str) -> int:
    """`1764000000.123456789` as an integer."""
    seconds, fraction = text.split(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def rules(steps: Sequence[Line]) -> list[str]:
    """The rule steps, spelled as the recording spells them."""
    return [f"{step.get('backend', 'legacy')} {step['family']} {step['table']} {step['chain']} {step['rule']}" for step in steps
            if step["step"] == "rule"]


def compare(expected: Sequence[Line], lines: Sequence[Line]) -> Verdict:
    """Judge a whole replay. A line belongs to the packet in whose window of time it lies."""
    verdict = Verdict(packets=len(expected))
    for index, packet in enumerate(expected):
        window = [line for line in lines if packet["begin"] - 2 <= nanoseconds(line["time"]) <= packet["end"]]
        mine = [line for line in window if _is(line["in"], packet)]
        if not mine:
            if packet["seen"] or packet["local"]:
                verdict.differences.append(Difference(index, "missing", "a line", [_short(line) for line in window], sent=packet["sent"]))
            continue
        verdict.uncertain += mine[0]["certainty"] != "certain"
        verdict.doubts.update({re.sub(r"[\d.:]*\d|(?<=:)[0-9a-f:]+", "#", doubt["why"])[:110] for doubt in mine[0]["doubts"]})
        verdict.differences += _judge(index, packet, mine[:len(mine) if packet.get("fragmented") else 1], window)
    return verdict


def _is(head: Line, packet: Line) -> bool:
    """The line is about the packet that was sent. Fragments may have been put together, or be a line each."""
    if packet.get("fragmented"):
        names = ("src", "dst", "proto") if ":" in head["src"] else ("src", "dst", "proto", "id")
        kind = re.search(r" type (\d+) ", packet["sent"])
        return all(head[name] == packet["form"][name] for name in names) and (kind is None or head.get("icmp_type") == int(kind[1]))
    return _form(head) == _form(packet["form"])


def _judge(index: int, packet: Line, mine: Sequence[Line], window: Sequence[Line]) -> list[Difference]:
    found: list[Difference] = []
    line = mine[0]

    def differ(what: str, expected: Any, got: Any, certainty: str = line["certainty"]) -> None:
        if expected != got:
            found.append(Difference(index, what, expected, got, certainty, packet["sent"]))

    order = [rule for one in mine for rule in rules(one["steps"])]
    if _by_backend(order) != _by_backend(packet["order"]):
        differ("rules" if Counter(order) != Counter(packet["order"]) else "order", packet["order"], order)
    refused = packet["verdict"] == "dropped" and line["verdict"] == "rejected" and any(
        step.get("target") == "REJECT" for step in line["steps"])
    if not refused:
        differ("verdict", packet["verdict"], line["verdict"])
    differ("out_interface", packet["out_interface"], line["out_interface"])
    forms = [_form(packet["final"]), _form(line["out"])]
    if packet.get("fragmented"):
        forms = [form and form | {"length": None} for form in forms]
    differ("form", *forms)
    if not found:
        every = {rule: count for rule, count in _all_rules(line, window).items() if rule.split()[2] in TABLES}  # native rules need not count
        worst = next((other["certainty"] for other in window if other["certainty"] != "certain"), "certain")
        differ("answer", dict(sorted(packet["rules"].items())), dict(sorted(every.items())), worst)
    return found


def _by_backend(order: Sequence[str]) -> dict[str, list[str]]:
    """Rules in order, each back-end for itself: its traces come by a socket of its own, so that nothing tells how two are interleaved."""
    found: dict[str, list[str]] = {}
    for rule in order:
        found.setdefault(rule.split()[0], []).append(rule)
    return found


def _all_rules(line: Line, window: Sequence[Line]) -> "Counter[str]":
    """Rules of the packet and of every answer that it made the host send: those with a line of their own, and those without."""
    total = Counter(rules(line["steps"]))
    children = list(line.get("begot", ()))
    for other in window:
        if other is not line:
            total.update(rules(other["steps"]))
            children += other.get("begot", ())
            for child in children:
                if child["packet"] == other["in"]:
                    children.remove(child)
                    break
    for child in children:
        total.update(rules(child["steps"]))
    return total


def _form(record: Line | None) -> Line | None:
    if record is None:
        return None
    form = {name: record.get(name) for name in FORM}
    if ":" in str(form["src"]):
        form["id"] = 0  # a flow label in the recording; IPv6 has no id
    if form["proto"] in ("icmp", "icmpv6"):
        form["sport"] = form["dport"] = None
    return form


def _short(line: Line) -> str:
    head = line["in"]
    return f"{line['capture']}#{line['packet']} {head['proto']} {head['src']}:{head['sport']} > {head['dst']}:{head['dport']} id {head['id']}"
