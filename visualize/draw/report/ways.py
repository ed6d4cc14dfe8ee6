"""The distinct ways that packets took, each written once as plain records for the page, with slots for what differs (`slots.py`)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from snapshot.host import Host
from visualize.draw.report.rules import RuleBook
from visualize.draw.report.slots import NAMES, Slots, slot
from visualize.draw.rules import matters
from visualize.draw.words import describe_kind, did, place_title
from visualize.flow import PathUse
from visualize.packet.packet import Packet
from visualize.path import (
    Begot,
    Bridged,
    Crossed,
    Doubt,
    Ended,
    Path,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sent,
    Step,
    Tracked,
)


def forms(path: Path) -> list[Packet]:
    """The packet's forms along the way: at the start, after each rewrite, and the packets that it begot."""
    rewritten = [step.packet for step in path.steps if isinstance(step, Rewritten)]
    return [path.start, *rewritten, *(child.start for child in path.children)]


@dataclass(slots=True)
class WayBook:
    """Gathers ways. `add` answers with a way's number and the values of its slots for this use."""

    host: Host
    rules: RuleBook
    records: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    _step_numbers: dict[str, int] = field(default_factory=dict)
    _known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def add(self, use: PathUse) -> tuple[int, list[str | None]]:
        """The number of this use's way, written where it is new, and what fills its slots."""
        slots = Slots(forms(use.path))
        key = _key(use, slots)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.records)
            self.records.append(_Writer(self, use, slots).record())
        return number, slots.values

    def count(self, way: int, packets: int) -> None:
        """So many packets went this way: its rules were hit."""
        self.rules.count(self.records[way]["rules"], self.records[way]["policies"], packets)

    def step(self, record: dict[str, Any]) -> int:
        """The number of a step: ways share the steps in which they do not differ."""
        text = json.dumps(record)
        if text not in self._step_numbers:
            self._step_numbers[text] = len(self.steps)
            self.steps.append(record)
        return self._step_numbers[text]

    def place(self, netns: str) -> int:
        """The number of a namespace."""
        return self.places.setdefault(netns, len(self.places))

    def place_records(self) -> list[dict[str, str]]:
        """The namespaces by number, with the names that people know."""
        return [{"name": name, "title": place_title(self.host, name)} for name in self.places]


# -- what makes two uses the same way -------------------------------------------------------------------------------------


def _key(use: PathUse, slots: Slots) -> tuple[object, ...]:
    path, told = use.path, slots.key
    return (path.start.protocol, path.state, path.role, describe_kind(path.start),
            *(_step_key(step, told) for step in path.steps), *(_doubt_key(doubt, told) for doubt in path.doubts),
            *((describe_kind(child.start), told(child.end.why)) for child in path.children),
            *((s.netns, s.interface, s.outgoing, s.state, told(s.why)) for s in use.sightings))


def _doubt_key(doubt: Doubt, told: Callable[[str], object]) -> tuple[object, ...]:
    return (told(doubt.at), told(doubt.why), told(doubt.assumed), told(doubt.settle), doubt.weak)


def _step_key(step: Step, told: Callable[[str], object]) -> tuple[object, ...]:
    match step:
        case RuleMatched():
            doubt = _doubt_key(step.doubt, told) if step.doubt is not None else None
            return (step.netns, step.file, step.line, step.hook, step.verdict, doubt)
        case PolicyApplied():
            return (step.netns, step.hook, step.family, step.backend, step.table, step.chain, step.verdict)
        case Rewritten():
            pairs = tuple((name, *(() if name in NAMES else (step.before[name], step.after[name]))) for name in step.before)
            return (step.netns, step.hook, step.kind, step.by, told(step.why), pairs)
        case Routed():
            return (step.netns, step.table, told(step.route), step.type, step.out, step.gateway, step.rule, told(step.why))
        case Ended():
            return (step.netns, step.verdict, step.interface, told(step.why), step.socket, step.at)
        case Bridged():
            return (step.netns, step.bridge, step.port, told(step.why))
        case Tracked():
            return (step.netns, step.hook, step.state, step.role, told(step.why))
        case Received():
            return (step.netns, step.interface, step.local, step.by_kernel)
        case Crossed():
            return (step.netns, step.from_netns, step.from_interface, step.interface)
        case Sent():
            return (step.netns, step.interface)
        case Begot():
            return (step.netns, step.kind, step.interface, told(step.why))
        case _:
            raise AssertionError(f"a step that the report does not know: {step}")


# -- writing one ----------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes one way: a record for each step, with the place, the hook, the packet's form after it, and its words."""

    def __init__(self, book: WayBook, use: PathUse, slots: Slots) -> None:
        self.book, self.use, self.told = book, use, slots.template
        self.form = 0
        self.stack: list[str] = []
        self.base = ("", "", "", "")
        self.rules: list[int] = []
        self.policies: list[int] = []
        self.seen = {(s.netns, s.interface, s.outgoing): index for index, s in enumerate(use.sightings)}

    def record(self) -> dict[str, Any]:
        path = self.use.path
        steps = [self.book.step(self.step(step)) for step in path.steps]
        born = len(forms(path)) - len(path.children)
        return {"proto": path.start.protocol_name, "kind": describe_kind(path.start), "state": path.state, "role": path.role,
                "verdict": path.verdict.value, "certainty": path.certainty.value, "last": self.form,
                "why": self.told(path.end.why), "at": path.end.at, "steps": steps, "doubts": [self.doubt(d) for d in path.doubts],
                "born": [{"form": born + index, "kind": describe_kind(child.start), "why": self.told(child.end.why)}
                         for index, child in enumerate(path.children)],
                "seen": [{"place": self.book.place(s.netns), "interface": s.interface, "out": s.outgoing, "state": s.state.value,
                          "why": self.told(s.why)} for s in self.use.sightings],
                "rules": self.rules, "policies": self.policies}

    def doubt(self, doubt: Doubt) -> dict[str, Any]:
        return {"at": self.told(doubt.at), "why": self.told(doubt.why), "assumed": self.told(doubt.assumed), "settle": self.told(doubt.settle),
                "weak": doubt.weak, "key": self.told(doubt.key)}

    def step(self, step: Step) -> dict[str, Any]:
        if isinstance(step, Rewritten):
            self.form += 1
        return {"place": self.book.place(step.netns), "form": self.form, **self.words(step)}

    def words(self, step: Step) -> dict[str, Any]:
        match step:
            case RuleMatched():
                return self.rule(step)
            case PolicyApplied():
                chain = self.book.rules.chain(step)
                self.policies += [chain] if chain is not None else []
                return {"step": "policy", "hook": step.hook, "table": step.table, "chain": step.chain, "verdict": step.verdict,
                        "in": chain, "quiet": not matters(step)}
            case Tracked():
                return {"step": "conntrack", "hook": step.hook, "state": step.state, "role": step.role, "why": self.told(step.why)}
            case Rewritten():
                return self.rewrite(step)
            case Received():
                return {"step": "received", "interface": step.interface, "local": step.local, "kernel": step.by_kernel,
                        **self.sender(step), **self.sighting(step.netns, step.interface, False)}
            case Crossed():
                return {"step": "crossed", "interface": step.interface, "from": step.from_interface,
                        **self.sighting(step.netns, step.interface, False)}
            case Sent():
                return {"step": "sent", "interface": step.interface, **self.sighting(step.netns, step.interface, True)}
            case Routed():
                return {"step": "route", "table": step.table, "route": self.told(step.route), "type": step.type, "out": step.out,
                        "gateway": step.gateway, "rule": step.rule, "why": self.told(step.why), "file": step.file, "line": step.line}
            case Bridged():
                return {"step": "bridge", "bridge": step.bridge, "port": step.port, "why": self.told(step.why)}
            case Begot():
                return {"step": "begot", "kind": step.kind, "interface": step.interface, "why": self.told(step.why)}
            case Ended():
                return {"step": "end", "verdict": step.verdict.value, "interface": step.interface, "why": self.told(step.why),
                        "at": step.at}
            case _:
                raise AssertionError(f"a step that the report does not know: {step}")

    def sender(self, step: Received) -> dict[str, Any]:
        """The other end of the veth pair that a packet came in by: seen from the host, the sender is known all the same."""
        namespace = self.book.host.namespaces.get(step.netns)
        interface = namespace.interfaces.get(step.interface or "") if namespace is not None else None
        if interface is None or interface.peer_netns is None or interface.peer_netns == step.netns:
            return {}
        return {"sender": {"place": self.book.place(interface.peer_netns), "interface": interface.peer_name}}

    def sighting(self, netns: str, interface: str | None, outgoing: bool) -> dict[str, Any]:
        index = self.seen.get((netns, interface or "", outgoing))
        return {} if index is None else {"seen": index}

    def rule(self, step: RuleMatched) -> dict[str, Any]:
        """A rule that matched, and the chains that led to it; quiet where it only led on or back."""
        base = (step.netns, step.hook, step.table, step.backend)
        if base != self.base:
            self.base, self.stack = base, []
        if step.chain in self.stack:
            del self.stack[self.stack.index(step.chain) + 1:]
        else:
            self.stack.append(step.chain)
        via = self.stack[:-1]
        number = self.book.rules.rule(step)
        self.rules += [number] if number is not None else []
        return {"step": "rule", "hook": step.hook, "table": step.table, "chain": step.chain, "number": step.rule, "rule": number,
                "via": via, "did": did(step), "verdict": step.verdict, "quiet": not matters(step),
                **({} if step.doubt is None else {"doubt": self.told(step.doubt.why)})}

    def rewrite(self, step: Rewritten) -> dict[str, Any]:
        pairs: list[list[Any]] = []
        for name in step.before:
            known = name in NAMES
            pairs.append([name, slot(self.form - 1, name) if known else str(step.before[name]),
                          slot(self.form, name) if known else str(step.after[name])])
        return {"step": "rewrite", "hook": step.hook, "kind": step.kind, "by": step.by, "pairs": pairs, "why": self.told(step.why),
                "quiet": step.kind == "TTL" and step.by == "kernel"}
