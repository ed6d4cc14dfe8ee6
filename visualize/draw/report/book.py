"""Everything that the page shows, as one plain record. Flows are short rows: a kind, and what fills the slots of its ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from snapshot.finding import Finding
from snapshot.host import Host
from visualize.draw.caption import caption
from visualize.draw.report.rules import RuleBook
from visualize.draw.report.slots import FIELDS, SORTS, Slots
from visualize.draw.report.ways import WayBook, forms
from visualize.draw.topology import node_ids
from visualize.draw.words import HOOKS
from visualize.flow import Flow, PathUse, decided_at, ended_in, sender

SCHEMA = "packetpath-report/1"


@dataclass(frozen=True, slots=True)
class LoggedPacket:
    """A packet of a flow, for the list of its packets. `time_ns` is the capture's."""

    number: int
    time_ns: int
    length: int
    info: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What the report was made from and how to make it again: shown as it is."""

    snapshot: str
    command: str
    inputs: tuple[tuple[str, str], ...]  # name, sha256
    versions: tuple[tuple[str, str], ...]
    captures: tuple[Mapping[str, str], ...]
    assumed: tuple[str, ...] = ()
    where: str = ""


@dataclass(slots=True)
class _Words:
    """Texts by number, each once."""

    texts: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


class _FlowBook:
    """Flows as rows. A kind is a set of ways and how their slots share the flow's values, so most flows are of few kinds."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.rules = RuleBook(host)
        self.ways = WayBook(host, self.rules)
        self.words = _Words()
        self.kinds: dict[tuple[Any, ...], int] = {}
        self.kind_records: list[dict[str, Any]] = []

    def row(self, flow: Flow, log: Sequence[LoggedPacket], epoch: int) -> list[Any]:
        shared: dict[tuple[str, str | None], int] = {}  # by sort: a port that equals a TTL by chance makes no kind of its own
        uses: list[tuple[str, int, tuple[int, ...]]] = []
        for role, use in (*(("original", use) for use in flow.original), *(("reply", use) for use in flow.reply)):
            way, filled = self.ways.add(use)
            wiring = tuple(shared.setdefault((SORTS[index % len(SORTS)], value), len(shared)) for index, value in enumerate(filled))
            uses.append((role, way, wiring))
        told = Slots(forms(flow.first)).template(caption(self.host, flow))
        key = (ended_in(flow), decided_at(flow.first), told if isinstance(told, str) else tuple(told), *uses)
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = len(self.kind_records)
            self.kind_records.append({"where": key[0], "decided": key[1], "caption": told,
                                      "uses": [{"role": role, "way": way, "slots": slots} for role, way, slots in uses]})
        all_uses = (*flow.original, *flow.reply)
        return [flow.number, kind, flow.started - epoch, flow.ended - flow.started, flow.packets, self.words.number(flow.capture),
                self.words.number(sender(self.host, flow)), [None if v is None else self.words.number(v) for _, v in shared],
                [[len(use.packets), use.packets[0], *(s.packet for s in use.sightings)] for use in all_uses],
                self._log(all_uses, log, flow.started)]

    def _log(self, uses: Sequence[PathUse], log: Sequence[LoggedPacket], started: int) -> list[list[int]]:
        use_of = {number: index for index, use in enumerate(uses) for number in use.packets} if log else {}
        return [[packet.number, use_of.get(packet.number, 0), packet.time_ns - started, packet.length, self.words.number(packet.info)]
                for packet in log]


def book(host: Host, flows: Sequence[Flow], logs: Mapping[int, Sequence[LoggedPacket]], findings: Sequence[Finding],
         origin: Origin) -> dict[str, Any]:
    """The record for the page. Times are nanoseconds since `epoch`, the first packet's time in nanoseconds (as text: exact)."""
    epoch = min((flow.started for flow in flows), default=0)
    found = _FlowBook(host)
    rows = [found.row(flow, logs.get(flow.number, ()), epoch) for flow in flows]
    return {
        "schema": SCHEMA, "host": _host(host, found.ways), "epoch": str(epoch), "fields": FIELDS,
        "flows": rows, "kinds": found.kind_records, "ways": found.ways.records, "steps": found.ways.steps, "words": list(found.words.texts),
        "hooks": HOOKS, "nodes": {f"{netns}/{name}": node for (netns, name), node in node_ids(host).items()},
        "places": found.ways.place_records(), "chains": found.rules.records(),
        "findings": [{"kind": f.kind.value, "file": f.file, "line": f.line, "text": f.text, "why": f.why} for f in findings],
        "origin": {"snapshot": origin.snapshot, "command": origin.command, "inputs": origin.inputs, "versions": origin.versions,
                   "captures": [dict(c) for c in origin.captures], "assumed": origin.assumed, "where": origin.where},
    }


def _host(host: Host, ways: WayBook) -> dict[str, Any]:
    for name in host.namespaces:
        ways.place(name)
    return {
        "name": host.hostname, "kernel": host.kernel, "captured": host.captured,
        "namespaces": [{"name": name, "interfaces": len(n.interfaces), "containers": n.containers,
                        "connections": None if n.conntrack is None else len(n.conntrack)} for name, n in host.namespaces.items()],
        "containers": [{"name": c.name, "image": c.image, "state": c.state, "netns": c.netns, "mode": c.network_mode,
                        "shares": c.shares_with, "networks": [e.network for e in c.endpoints],
                        "addresses": [str(a) for e in c.endpoints for a in (e.address, e.address6) if a],
                        "ports": [f"{p.host_address or '*'}:{p.host_port} → {p.container_port}/{p.protocol}" for p in c.ports]}
                       for c in host.containers],
    }
