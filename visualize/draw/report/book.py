"""Everything that the page shows, as one plain record. Flows are short rows: a kind, and what fills the slots of its ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from snapshot.finding import Finding
from snapshot.host import Host
from visualize.alike import Alike
from visualize.draw.caption import caption
from visualize.draw.report.likened import Likened
from visualize.draw.report.rules import RuleBook
from visualize.draw.report.slots import FIELDS, SORTS, Slots, Template
from visualize.draw.report.ways import WayBook, forms
from visualize.draw.topology import node_ids
from visualize.draw.words import HOOKS
from visualize.flow import Flow, decided_at, ended_in, sender

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
    left_out: int = 0  # flows after those that are shown


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
        self._models: dict[int, _Told] = {}
        self._likenesses: dict[int, Likened] = {}

    def row(self, flow: Flow | Alike, log: Sequence[LoggedPacket], epoch: int) -> list[Any]:
        """A flow's row: number, kind, times, packets, capture, sender, values, and for each use its packets and where the first was seen."""
        uses = self._uses(flow) if isinstance(flow, Flow) else self._likened(flow)
        shared: dict[tuple[str, str | None], int] = {}  # by sort: a port that equals a TTL by chance makes no kind of its own
        wired = tuple((use.role, use.way, tuple(shared.setdefault((SORTS[index % len(SORTS)], value), len(shared))
                                                for index, value in enumerate(use.values))) for use in uses)
        for use in uses:
            self.ways.count(use.way, len(use.packets))
        told = self._told(flow if isinstance(flow, Flow) else flow.model.flow)
        return [flow.number, self._kind(told, wired), flow.started - epoch, flow.ended - flow.started, flow.packets,
                self.words.number(told.capture), self.words.number(told.sender),
                [None if value is None else self.words.number(value) for _, value in shared],
                [[len(use.packets), use.packets[0], *use.frames] for use in uses], self._log(uses, log, flow.started)]

    def _kind(self, told: "_Told", wired: tuple[tuple[str, int, tuple[int, ...]], ...]) -> int:
        """The number of a kind, written where it is new."""
        key = (told.where, told.decided, told.caption if isinstance(told.caption, str) else tuple(told.caption), *wired)
        if key not in self.kinds:
            self.kinds[key] = len(self.kind_records)
            self.kind_records.append({"where": told.where, "decided": told.decided, "caption": told.caption,
                                      "uses": [{"role": role, "way": way, "slots": slots} for role, way, slots in wired]})
        return self.kinds[key]

    def _told(self, flow: Flow) -> "_Told":
        """What is said of a flow as a whole; of a model once."""
        known = self._models.get(id(flow))
        if known is not None:
            return known
        made = _Told(ended_in(flow), decided_at(flow.first), Slots(forms(flow.first)).template(caption(self.host, flow)), flow.capture,
                     sender(self.host, flow))
        if flow.number == 0:  # a model, which lives as long as the flows that are like it
            self._models[id(flow)] = made
        return made

    def _uses(self, flow: Flow) -> list["_Use"]:
        sides = (("original", flow.original), ("reply", flow.reply))
        return [_Use(role, *self.ways.add(use), use.packets, tuple(s.packet for s in use.sightings)) for role, side in sides for use in side]

    def _likened(self, flow: Alike) -> list["_Use"]:
        """The uses of a flow that was not replayed: its model's, with its own ends in the place of the model's. Where its later sightings
        stand in the capture was not looked up."""
        found = []
        for like, packets, ttl in zip(flow.model.uses, flow.leads, flow.ttls, strict=True):
            if id(like) not in self._likenesses:
                self._likenesses[id(like)] = Likened(*self.ways.add(like.use), like)
            known = self._likenesses[id(like)]
            found.append(_Use(like.role, known.way, known.values(flow.start, ttl), packets, (None,) * len(like.use.sightings)))
        return found

    def _log(self, uses: Sequence["_Use"], log: Sequence[LoggedPacket], started: int) -> list[list[int]]:
        use_of = {number: index for index, use in enumerate(uses) for number in use.packets} if log else {}
        return [[packet.number, use_of.get(packet.number, 0), packet.time_ns - started, packet.length, self.words.number(packet.info)]
                for packet in log]


class _Use(NamedTuple):
    """A use of a way, whoever it belongs to. `frames`: where its sightings stand in the capture, None where that is not known."""

    role: str
    way: int
    values: list[str | None]
    packets: tuple[int, ...]
    frames: tuple[int | None, ...]


class _Told(NamedTuple):
    """What is said of a flow as a whole."""

    where: str
    decided: str
    caption: Template
    capture: str
    sender: str


def book(host: Host, flows: Sequence[Flow | Alike], logs: Mapping[int, Sequence[LoggedPacket]], findings: Sequence[Finding],
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
                   "captures": [dict(c) for c in origin.captures], "assumed": origin.assumed, "where": origin.where,
                   "left_out": origin.left_out},
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
