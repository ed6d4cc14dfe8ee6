"""What is to be seen: a host and a flow (or the host alone) become nodes, edges and clusters. Pure, and no word of any format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from textwrap import wrap

from snapshot.host import HOST, Host, Namespace
from snapshot.host.link import Interface
from visualize.flow import Flow, PathUse
from visualize.packet.packet import Packet
from visualize.path import (
    Begot,
    Bridged,
    Crossed,
    Doubt,
    Ended,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sent,
    Step,
    Tracked,
    Verdict,
)

WIDTH = 64  # characters of a rule's text on one line


class Look(Enum):
    """What a node is; a reporter gives each its shape."""

    INTERFACE = "interface"
    HOOK = "hook"
    ROUTE = "route"
    BRIDGE = "bridge"
    REWRITE = "rewrite"
    PROCESS = "process"
    DELIVERED = "delivered"
    FORWARDED = "forwarded"
    DROPPED = "dropped"
    UNKNOWN = "unknown"
    BEGOT = "begot"
    NOTE = "note"
    WORLD = "world"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a node: `strong` decides, `mono` is a rule's own text."""

    text: str
    strong: bool = False
    mono: bool = False
    dim: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One box. `doubtful` is drawn dashed; `tip` is shown on hover."""

    id: str
    look: Look
    title: str
    rows: tuple[Row, ...] = ()
    doubtful: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """From node to node. `strong` where the packet has just been rewritten; without `directed` it is a cable."""

    tail: str
    head: str
    label: str = ""
    strong: bool = False
    doubtful: bool = False
    directed: bool = True
    apart: bool = False  # must not pull the layout


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame with nodes and frames in it. `plain` has a title but no border."""

    id: str
    title: str
    nodes: tuple[Node, ...] = ()
    clusters: tuple["Cluster", ...] = ()
    plain: bool = False
    container: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture."""

    name: str
    title: str
    subtitle: tuple[str, ...]
    clusters: tuple[Cluster, ...]
    edges: tuple[Edge, ...]
    nodes: tuple[Node, ...] = ()
    wide: bool = False  # left to right


def tuple_text(packet: Packet) -> str:
    """`172.17.0.2:40001 → 198.51.100.80:80`."""
    def end(address: object, port: int | None) -> str:
        text = str(address)
        if port is None:
            return text
        return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
    text = f"{end(packet.src, packet.sport)} → {end(packet.dst, packet.dport)}"
    return text + (f" id {packet.icmp_id}" if packet.icmp_id is not None else "")


def place_title(host: Host, netns: str) -> str:
    """`container web (nginx:1.27) on front`, `the host`, `namespace red`."""
    namespace = host.namespaces.get(netns)
    names = namespace.containers if namespace is not None else ()
    if netns == HOST:
        return f"the host {host.hostname}".strip() + (f" (and containers {', '.join(names)})" if names else "")
    if not names:
        return f"namespace {netns}"
    container = next((c for c in host.containers if c.name == names[0]), None)
    image = f" ({container.image})" if container is not None and container.image else ""
    networks = [e.network for e in container.endpoints] if container is not None else []
    shared = f", shared with {', '.join(names[1:])}" if names[1:] else ""
    return f"container {names[0]}{image}" + (f" on {', '.join(networks)}" if networks else "") + shared


_VERDICTS = {Verdict.FORWARDED: "forwarded", Verdict.DELIVERED: "delivered", Verdict.DROPPED: "dropped", Verdict.REJECTED: "rejected",
             Verdict.LOOPED: "looped", Verdict.UNKNOWN: "unknown"}
_ENDS = {Verdict.FORWARDED: Look.FORWARDED, Verdict.DELIVERED: Look.DELIVERED, Verdict.UNKNOWN: Look.UNKNOWN}


@dataclass(slots=True)
class _Frame:
    """A stay of the packet in one namespace, growing."""

    netns: str
    nodes: list[Node] = field(default_factory=list)


class _Way:
    """Turns one path into frames of nodes and the edges between them."""

    def __init__(self, host: Host, use: PathUse, prefix: str, detail: str) -> None:
        self.host, self.path, self.prefix, self.detail = host, use.path, prefix, detail
        self.seen = {(s.netns, s.interface, s.outgoing): s for s in use.sightings}
        self.frames: list[_Frame] = []
        self.edges: list[Edge] = []
        self.last: str | None = None
        self.count = 0
        self.rewritten = False
        self.packet = use.path.start
        self.hook: tuple[str, str] | None = None
        self.rows: list[Row] = []
        self.doubts: list[Doubt] = []

    def add(self, netns: str, look: Look, title: str, rows: Iterable[Row] = (), doubtful: bool = False, tip: str = "") -> str:
        self.count += 1
        node = Node(f"{self.prefix}{self.count}", look, title, tuple(rows), doubtful, tip)
        if not self.frames or self.frames[-1].netns != netns:
            self.frames.append(_Frame(netns))
        self.frames[-1].nodes.append(node)
        if self.last is not None:
            self.edges.append(Edge(self.last, node.id, tuple_text(self.packet), self.rewritten, doubtful))
        self.rewritten = False
        self.last = node.id
        return node.id

    def close_hook(self) -> None:
        if self.hook is None:
            return
        netns, hook = self.hook
        rows = self.rows if self.detail == "full" else fold(self.rows)
        if rows or self.detail == "full":
            self.add(netns, Look.HOOK, hook, rows, any(row.text.startswith("?") for row in rows))
        self.hook, self.rows = None, []

    def open_hook(self, netns: str, hook: str) -> None:
        if self.hook != (netns, hook):
            self.close_hook()
            self.hook = (netns, hook)

    def evidence(self, netns: str, interface: str, outgoing: bool) -> tuple[Row, ...]:
        sighting = self.seen.get((netns, interface, outgoing))
        if sighting is None:
            return ()
        if sighting.state.value == "seen":
            return (Row(f"seen in the capture (frame {sighting.packet})", dim=True),)
        if sighting.state.value == "not seen":
            return (Row("not seen in the capture", strong=True),)
        return (Row("the capture says otherwise:", strong=True), *(Row(line) for line in wrap(sighting.why, WIDTH)))

    def run(self) -> None:
        for step in self.path.steps:
            self.step(step)
            self.packet = step.packet
        self.doubts = list(self.path.doubts)

    def step(self, step: Step) -> None:
        match step:
            case RuleMatched():
                self.open_hook(step.netns, step.hook)
                self.rows += rule_rows(step)
            case PolicyApplied():
                self.open_hook(step.netns, step.hook)
                self.rows.append(Row(f"{step.table} {step.chain}: policy {step.verdict}", strong=step.verdict == "DROP",
                                     dim=step.verdict != "DROP"))
            case Tracked():
                self.open_hook(step.netns, step.hook)
                side = ", reply direction" if step.role == "reply" else ""
                self.rows.append(Row(f"conntrack: {step.state}{side}" + (f" ({step.why})" if step.why else "")))
            case Rewritten(kind="TTL", by="kernel"):
                pass
            case _:
                self.close_hook()
                self.other(step)

    def other(self, step: Step) -> None:
        match step:
            case Received():
                if step.local:
                    self.add(step.netns, Look.PROCESS, "the kernel sends it" if step.by_kernel else "a process here sends it")
                else:
                    self.sender(step)
                    self.add(step.netns, Look.INTERFACE, f"{step.interface}", (Row("in", dim=True),
                             *self.evidence(step.netns, step.interface or "", False)))
            case Sent():
                self.add(step.netns, Look.INTERFACE, step.interface, (Row("out", dim=True),
                         *self.evidence(step.netns, step.interface, True)))
            case Crossed():
                self.add(step.netns, Look.INTERFACE, step.interface, (Row(f"in, by the veth pair from {step.from_interface}", dim=True),
                         *self.evidence(step.netns, step.interface, False)))
            case Routed():
                why = f"routed again: {step.why}" if step.why else ""
                rows = [Row(line, mono=True) for line in wrap(step.route or "no route", WIDTH)]
                out = f"out by {step.out}" + (f", next hop {step.gateway}" if step.gateway else "") if step.out and step.out != "lo" else (
                    "to this namespace itself" if step.type == "local" else "")
                extra = [Row(text, dim=True) for text in (out, *wrap(why, WIDTH)) if text]
                self.add(step.netns, Look.ROUTE, f"route ({step.table})" if step.table else "route", (*rows, *extra))
            case Bridged():
                way = f"to port {step.port}" if step.port else "up to the host"
                self.add(step.netns, Look.BRIDGE, f"bridge {step.bridge}", (Row(way), *(Row(line, dim=True) for line in wrap(
                    step.why, WIDTH))))
            case Rewritten():
                self.rewrite(step)
            case Begot():
                pass
            case Ended():
                self.end(step)

    def sender(self, step: Received) -> None:
        """The other end of the veth pair that a packet came in by: seen from the host, the sender is known all the same."""
        namespace = self.host.namespaces.get(step.netns)
        interface = namespace.interfaces.get(step.interface or "") if namespace is not None else None
        if self.last is None and interface is not None and interface.peer_netns is not None and interface.peer_netns != step.netns:
            self.add(interface.peer_netns, Look.PROCESS, f"sent by its {interface.peer_name}")

    def rewrite(self, step: Rewritten) -> None:
        pairs = ("src", "sport"), ("dst", "dport")
        rows = []
        for address, port in pairs:
            if address in step.before or port in step.before:
                old, new = ((f"{fields.get(address, getattr(packet, address))}"
                             + (f":{fields.get(port, getattr(packet, port))}" if getattr(packet, port) is not None else ""))
                            for fields, packet in ((step.before, self.packet), (step.after, step.packet)))
                side = "source" if address == "src" else "destination"
                rows.append(Row(f"{side} {old}  →  {new}", strong=True))
        known = {"src", "sport", "dst", "dport"}
        rows += [Row(f"{key} {step.before[key]}  →  {step.after[key]}", strong=True) for key in step.before if key not in known]
        by = {"rule": "by the rule above", "conntrack": "by conntrack, as the connection's first packet was", "kernel": "by the kernel"}
        self.packet = step.packet
        self.rewritten = False
        self.add(step.netns, Look.REWRITE, step.kind, (*rows, Row(by.get(step.by, step.by), dim=True)))
        self.rewritten = True

    def end(self, step: Ended) -> None:
        look = _ENDS.get(step.verdict, Look.DROPPED)
        title = {"delivered": "delivered", "forwarded": "leaves"}.get(step.verdict.value, step.verdict.value.upper())
        rows = [Row(line) for line in wrap(step.why, WIDTH)]
        rule = next((s for s in reversed(self.path.steps) if isinstance(s, RuleMatched)), None)
        if step.verdict in (Verdict.DROPPED, Verdict.REJECTED) and rule is not None and step.at == f"{rule.table} {rule.chain} {rule.rule}":
            rows += [Row(line, mono=True) for line in wrap(rule.text, WIDTH)]
            rows.append(Row(f"{rule.file}:{rule.line}", dim=True))
        end = self.add(step.netns, look, title, rows, step.verdict is Verdict.UNKNOWN)
        for number, child in enumerate(self.path.children, 1):
            node = Node(f"{self.prefix}b{number}", Look.BEGOT, "the kernel answers", (
                Row(tuple_text(child.start), mono=True), Row(describe_kind(child.start)), Row(child.end.why, dim=True)))
            self.frames[-1].nodes.append(node)
            self.edges.append(Edge(end, node.id, "begets"))


def describe_kind(packet: Packet) -> str:
    """`ICMP type 3 code 3`, `TCP RST`."""
    if packet.icmp_type is not None:
        return f"{packet.protocol_name.upper()} type {packet.icmp_type} code {packet.icmp_code}"
    return "TCP RST" if (packet.tcp_flags or 0) & 4 else packet.protocol_name.upper()


def rule_rows(step: RuleMatched) -> list[Row]:
    """A rule that matched: where it stands, its text, what it made."""
    mark = "? " if step.doubt is not None else ""
    decides = step.verdict in ("ACCEPT", "DROP", "QUEUE", "STOLEN")
    rows = [Row(f"{mark}{step.table} {step.chain} rule {step.rule}: {_did(step)}", strong=decides)]
    rows += [Row(line, mono=True, dim=not decides) for line in wrap(step.text, WIDTH, subsequent_indent="  ")]
    if step.doubt is not None:
        rows += [Row(f"  doubt: {line}") for line in wrap(step.doubt.why, WIDTH)]
    return rows


def _did(step: RuleMatched) -> str:
    match step.verdict:
        case "JUMP":
            return f"to chain {step.target}"
        case "GOTO":
            return f"on to chain {step.target}"
        case "RETURN":
            return "RETURN"
        case "CONTINUE":
            return f"{step.target or 'counts'}, and on"
        case _:
            return step.target if step.target not in ("", step.verdict) else step.verdict


_NOTHING = "nothing decided in "


def fold(rows: Sequence[Row]) -> list[Row]:
    """Leave out chains that were entered and left again with nothing decided, and policies that accept."""
    blocks: list[list[Row]] = []
    for row in rows:
        if row.mono or row.text.startswith("  "):
            blocks[-1].append(row)
        else:
            blocks.append([row])
    kept: list[list[Row]] = []
    for block in blocks:
        head = block[0].text
        if head.endswith(": RETURN"):
            inside: list[str] = []
            while kept and kept[-1][0].text.startswith(_NOTHING):
                inside += kept.pop()[0].text.removeprefix(_NOTHING).split(", ")
            if kept and ": to chain " in kept[-1][0].text:
                name = kept.pop()[0].text.rsplit("to chain ", 1)[1]
                _passed(kept, ", ".join([name, *inside]))
                continue
            if inside:
                _passed(kept, ", ".join(inside))
        if head.endswith(": policy ACCEPT") and len(blocks) > 1:
            continue
        kept.append(block)
    return [row for block in kept for row in block]


def _passed(kept: list[list[Row]], name: str) -> None:
    """One line for all chains in a row that decided nothing."""
    if kept and kept[-1][0].text.startswith(_NOTHING):
        kept[-1] = [Row(f"{kept[-1][0].text}, {name}", dim=True)]
    else:
        kept.append([Row(f"{_NOTHING}{name}", dim=True)])


def path_scene(host: Host, flow: Flow, detail: str = "rules") -> Scene:
    """A flow: its original direction on the left, the reply on the right. `detail`: summary, rules or full."""
    clusters: list[Cluster] = []
    edges: list[Edge] = []
    columns = (("o", "original direction", flow.original), ("r", "reply", flow.reply))
    doubts: list[Doubt] = []
    for prefix, title, uses in columns:
        if not uses:
            continue
        way = _Way(host, uses[0], prefix, detail)
        way.run()
        inner = tuple(Cluster(f"{prefix}{index}", place_title(host, frame.netns), tuple(_summary(frame.nodes, detail)), (), False,
                              frame.netns != HOST) for index, frame in enumerate(way.frames))
        edges += _rewired(inner, way.edges)
        doubts += [d for d in way.doubts if d not in doubts]
        clusters.append(Cluster(prefix, f"{title}: {_others(uses)}", _doubt_nodes(prefix, way.doubts), inner, plain=True))
    first = flow.first
    what = f"{first.start.protocol_name.upper()} {tuple_text(first.start)}"
    certainty = "" if first.certainty.value == "certain" else f" ({first.certainty.value})"
    ended = f"{_VERDICTS[first.verdict]}{certainty}: {first.end.why}"
    return Scene(f"flow-{flow.number:03d}", f"flow {flow.number}   {what}", tuple(wrap(ended, 100)), tuple(clusters), tuple(edges))


def _doubt_nodes(prefix: str, doubts: Sequence[Doubt]) -> tuple[Node, ...]:
    if not doubts:
        return ()
    rows: list[Row] = []
    for doubt in doubts:
        rows += [Row(line) for line in wrap(f"{doubt.at}: {doubt.why}", WIDTH)]
        rows.append(Row(f"assumed: {doubt.assumed}" + (f"; would settle it: {doubt.settle}" if doubt.settle else ""), dim=True))
    return (Node(f"{prefix}doubts", Look.NOTE, "what the snapshot can't tell", tuple(rows), True),)


def _summary(nodes: Sequence[Node], detail: str) -> list[Node]:
    """In a summary only what changes or ends a packet stays, and the interfaces."""
    if detail != "summary":
        return list(nodes)
    keep = (Look.INTERFACE, Look.REWRITE, Look.PROCESS, Look.DELIVERED, Look.FORWARDED, Look.DROPPED, Look.UNKNOWN, Look.BEGOT)
    return [node for node in nodes if node.look in keep]


def _rewired(clusters: Sequence[Cluster], edges: Sequence[Edge]) -> list[Edge]:
    """Edges past nodes that were left out."""
    there = {node.id for cluster in clusters for node in cluster.nodes}
    after = {edge.tail: edge for edge in edges if edge.label != "begets"}
    found: list[Edge] = []
    for edge in edges:
        if edge.tail not in there:
            continue
        head, current = edge.head, edge
        while head not in there and head in after:
            current = after[head]
            head = current.head
        found.append(Edge(edge.tail, head, current.label, edge.strong, edge.doubtful or current.doubtful))
    return found


def _others(uses: Sequence[PathUse]) -> str:
    total = sum(len(use.packets) for use in uses)
    if total == 1:
        return "1 packet"
    text = f"{total} packets; drawn: frame {uses[0].packets[0]}"
    if len(uses) == 1:
        return text + ", the others went the same way"
    later = uses[1].path
    known = later.state == "ESTABLISHED" and later.verdict is uses[0].path.verdict
    tail = "ESTABLISHED, rewritten by conntrack without nat rules" if known else f"{_VERDICTS[later.verdict]}, {later.state or 'untracked'}"
    return f"{text}; then {total - len(uses[0].packets)} more ({tail})"


# -- topology ---------------------------------------------------------------------------------------------------------


def topology_scene(host: Host) -> Scene:
    """Namespaces with their interfaces, bridges, cables, addresses, ways out and published ports."""
    clusters: list[Cluster] = []
    edges: list[Edge] = []
    for index, (name, namespace) in enumerate(host.namespaces.items()):
        nodes = [_interface_node(f"n{index}_{number}", namespace, interface, host)
                 for number, interface in enumerate(_ordered(namespace))]
        title = place_title(host, name)
        clusters.append(Cluster(f"n{index}", title, (*nodes, *_ports_node(host, f"n{index}", name)), container=name != HOST))
        edges += _inside(index, namespace)
    edges += _cables(host)
    world, ways = _world(host)
    captured = f"captured on {host.hostname}" if host.hostname else ""
    return Scene("topology", f"network of {host.hostname or 'the host'}", (captured,) if captured and host.kernel == "" else (
        f"kernel {host.kernel}",) if host.kernel else (), tuple(clusters), (*edges, *ways), world, wide=True)


def _ordered(namespace: Namespace) -> list[Interface]:
    return [i for i in namespace.interfaces.values() if not (i.loopback and len(namespace.interfaces) > 1)]


def _id(host: Host, netns: str, name: str) -> str | None:
    for index, (other, namespace) in enumerate(host.namespaces.items()):
        if other == netns:
            for number, interface in enumerate(_ordered(namespace)):
                if interface.name == name:
                    return f"n{index}_{number}"
    return None


def _interface_node(identifier: str, namespace: Namespace, interface: Interface, host: Host) -> Node:
    networks = [n for n in host.networks if n.bridge == interface.name and namespace.name == HOST]
    rows = [Row(f"docker network {n.name}" + (", internal" if n.internal else "")) for n in networks]
    rows += [Row(f"{a.local}/{a.prefix_length}", mono=True) for a in interface.addresses if a.scope != "link" or a.family == 4]
    if interface.port is not None and interface.port.hairpin:
        rows.append(Row("hairpin mode", dim=True))
    if interface.flags and not interface.up:
        rows.append(Row("down", strong=True))
    default = next((r for r in namespace.routes4 or () if r.destination.prefixlen == 0
                    and any(h.device == interface.name for h in r.nexthops)), None)
    if default is not None and default.nexthops[0].gateway is not None:
        rows.append(Row(f"default via {default.nexthops[0].gateway}", dim=True))
    kind = f" ({interface.kind})" if interface.kind not in (None, "veth") else ""
    return Node(identifier, Look.BRIDGE if interface.kind == "bridge" else Look.INTERFACE, interface.name + kind, tuple(rows))


def _inside(index: int, namespace: Namespace) -> list[Edge]:
    numbers = {interface.name: number for number, interface in enumerate(_ordered(namespace))}
    return [Edge(f"n{index}_{numbers[i.master]}", f"n{index}_{numbers[i.name]}", "", directed=False, strong=True)
            for i in _ordered(namespace) if i.master in numbers]


def _cables(host: Host) -> list[Edge]:
    found: list[Edge] = []
    for name, namespace in host.namespaces.items():
        for interface in namespace.interfaces.values():
            if interface.peer_netns is None or interface.peer_name is None:
                continue
            here, there = _id(host, name, interface.name), _id(host, interface.peer_netns, interface.peer_name)
            if here is not None and there is not None and (there, here) not in {(e.tail, e.head) for e in found}:
                found.append(Edge(here, there, "veth", directed=False))
    return found


def _ports_node(host: Host, prefix: str, netns: str) -> tuple[Node, ...]:
    rows = []
    for container in host.containers:
        if container.netns == netns and container.shares_with is None:
            for port in container.ports:
                address = port.host_address if port.host_address is not None else "*"
                rows.append(Row(f"{address}:{port.host_port} → {port.container_port}/{port.protocol}", mono=True))
    return (Node(f"{prefix}ports", Look.NOTE, "published ports", tuple(rows)),) if rows else ()


def _world(host: Host) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """The way out of the host's default route, where its other end was not captured."""
    namespace = host.namespaces.get(HOST)
    route = next((r for r in (namespace.routes4 if namespace else None) or () if r.destination.prefixlen == 0 and r.nexthops), None)
    if namespace is None or route is None or route.nexthops[0].device is None:
        return (), ()
    out = _id(host, HOST, route.nexthops[0].device)
    interface = namespace.interfaces.get(route.nexthops[0].device)
    if out is None or interface is None or interface.peer_netns is not None:
        return (), ()
    rows = (Row(f"via {route.nexthops[0].gateway}", dim=True),) if route.nexthops[0].gateway else ()
    return (Node("world", Look.WORLD, "the world outside", rows),), (Edge("world", out, "", directed=False),)


