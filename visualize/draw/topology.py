"""The host alone: namespaces and containers, interfaces, bridges with their ports, cables, addresses, ways out, published ports."""

from collections.abc import Sequence

from snapshot.host import HOST, Host, Namespace
from snapshot.host.link import Interface
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene
from visualize.draw.words import moment, place_lines
from visualize.flow import Flow
from visualize.path import Bridged, Crossed, Path, Received, Sent

_ROOM = 200.0
_MANY, _ROWS = 24, 40  # namespaces that are drawn each by itself; rows of a card of folded ones
_UPLINKS = (None, "vlan", "bond", "team", "vxlan")  # kinds of interfaces by which a bridge or bond reaches the outside
_INNER = ("bridge", "dummy", "vlan", "macvlan", "ipvlan", "vrf")
Place = tuple[str, str]  # a namespace and an interface


def topology_scene(host: Host, highlight: Sequence[Flow] = ()) -> Scene:
    """The picture of the host; the interfaces and cables that the highlighted flows passed are drawn thick."""
    return _Map(host, highlight).scene()


def node_ids(host: Host) -> dict[Place, str]:
    """The id of the card on which each interface stands in the picture; the card of its bridge for a port that is a row there."""
    drawn = _Map(host, ())
    places = [(name, interface) for name, namespace in host.namespaces.items() for interface in namespace.interfaces]
    return {place: at[0] for place in places if (at := drawn.at(place)) is not None}


def passed(path: Path) -> list[Place]:
    """The interfaces that a packet passed, in order."""
    places: list[Place] = []
    for step in path.steps:
        match step:
            case Received(interface=str() as name) | Sent(interface=name):
                places.append((step.netns, name))
            case Crossed():
                places += [(step.from_netns, step.from_interface), (step.netns, step.interface)]
            case Bridged():
                places += [(step.netns, step.bridge), *([(step.netns, step.port)] if step.port else [])]
    return [place for place, before in zip(places, [None, *places], strict=False) if place != before]


class _Map:
    def __init__(self, host: Host, highlight: Sequence[Flow]) -> None:
        self.host, self.highlight = host, highlight
        self.spaces = list(host.namespaces)
        uses = [use for flow in highlight for use in (*flow.original, *flow.reply)]
        self.hot = {place for use in uses for place in passed(use.path)}
        self.edges: list[Edge] = []
        self.folded = self.fold() if len(self.spaces) > _MANY else {}

    def scene(self) -> Scene:
        clusters = tuple(self.space(name, namespace) for name, namespace in self.host.namespaces.items() if name not in self.folded)
        crowds = self.crowds()
        clusters = clusters[::-1]  # Graphviz stacks frames from below
        self.cables()
        world = self.world()
        self.columns(clusters)
        captured = moment(self.host.captured)
        facts = f"{self.host.hostname or 'the host'} as captured" + (f" at {captured}" if captured else "")
        told = "; thick: the way of flow " + ", ".join(str(f.number) for f in self.highlight) if self.highlight else ""
        kernel = f", kernel {self.host.kernel}" if self.host.kernel else ""
        title = f"Network of {self.host.hostname or 'the host'}"
        return Scene("topology", title, facts + kernel + told, clusters, tuple(self.edges), (*world, *crowds), _ROOM, True)

    # -- namespaces -------------------------------------------------------------------------------------------------

    def space(self, name: str, namespace: Namespace) -> Cluster:
        title, *gloss = place_lines(self.host, name)
        nodes = [self.card(namespace, i) for i in _shown(namespace) if not self.is_row(namespace, i)]
        for interface in _shown(namespace):
            parent = interface.parent
            if parent in namespace.interfaces and interface.kind != "veth":
                text = f"vlan {interface.vlan_id}" if interface.vlan_id is not None else interface.kind or ""
                self.edge((name, parent or ""), (name, interface.name), Line.CABLE, text)
            if interface.master in namespace.interfaces and not self.is_row(namespace, interface):
                port, master = (name, interface.name), (name, interface.master or "")
                uplink = interface.kind in _UPLINKS  # what leads outside stands to the left
                self.edge(*((port, master) if uplink else (master, port)), Line.PORT, "")
        return Cluster(self.key(name), title, tuple(gloss), (*nodes, *self.published(name)), container=name != HOST)

    def fold(self) -> dict[str, str]:
        """Where there are very many namespaces: those that only hang on one bridge of the host, with the bridge's name; but none that is
        highlighted."""
        own = self.host.namespaces.get(HOST)
        found = {}
        for name, namespace in self.host.namespaces.items():
            legs = [i for i in namespace.interfaces.values() if not i.loopback]
            peer = own.interfaces.get(legs[0].peer_name or "") if own is not None and len(legs) == 1 and legs[0].peer_netns == HOST else None
            if name != HOST and peer is not None and peer.master and (name, legs[0].name) not in self.hot:
                found[name] = peer.master
        return found

    def crowds(self) -> tuple[Node, ...]:
        """A card for all folded namespaces of one bridge: a row for each, with its addresses."""
        cards = []
        for bridge in dict.fromkeys(self.folded.values()):
            names = [name for name, other in self.folded.items() if other == bridge]
            rows = [Row(" ".join(str(a.local) for i in self.host.namespaces[name].interfaces.values() for a in i.addresses
                                 if not i.loopback and a.scope != "link"), Kind.CODE, place_lines(self.host, name)[0].removeprefix("container "))
                    for name in names[:_ROWS]]
            if len(names) > _ROWS:
                rows.append(Row(f"and {len(names) - _ROWS} more (see `packetpath show`)", Kind.DIM))
            cards.append(Node(f"crowd.{bridge}", Look.INTERFACE, f"{len(names)} containers", f"on {bridge}", tuple(rows),
                              tip=f"containers whose only leg is a port of {bridge}"))
            at = self.at((HOST, bridge))
            if at is not None:
                self.edges.append(Edge(at[0], f"crowd.{bridge}", Line.PORT))
        return tuple(cards)

    def key(self, name: str) -> str:
        return f"n{self.spaces.index(name)}"

    def at(self, place: Place) -> tuple[str, str] | None:
        """The node, and the port on it, that stand for an interface."""
        if place[0] in self.folded:
            return None
        namespace = self.host.namespaces.get(place[0])
        interface = namespace.interfaces.get(place[1]) if namespace is not None else None
        if namespace is None or interface is None or interface not in _shown(namespace):
            return None
        key, names = self.key(place[0]), list(namespace.interfaces)
        if self.is_row(namespace, interface):
            return f"{key}.{names.index(interface.master or '')}", f"p{names.index(interface.name)}"
        return f"{key}.{names.index(interface.name)}", ""

    def is_row(self, namespace: Namespace, interface: Interface) -> bool:
        """A veth that is a bridge's port is a row of the bridge's card, from which its cable goes on."""
        master = namespace.interfaces.get(interface.master or "")
        return master is not None and master.kind == "bridge" and interface.kind == "veth"

    def edge(self, first: Place, second: Place, line: Line, label: str) -> None:
        here, there = self.at(first), self.at(second)
        if here is not None and there is not None and here[0] != there[0]:
            self.edges.append(Edge(here[0], there[0], line, label, strong=first in self.hot and second in self.hot, tail_port=here[1],
                                   head_port=there[1]))

    def card(self, namespace: Namespace, interface: Interface) -> Node:
        names = list(namespace.interfaces)
        rows = [Row(f"docker network {n.name}" + (", internal" if n.internal else "") + ("" if n.icc else ", icc off"))
                for n in self.host.networks if n.bridge == interface.name and namespace.name == HOST]
        rows += [Row(f"{a.local}/{a.prefix_length}", Kind.CODE) for a in interface.addresses if a.scope != "link" or a.family == 4]
        rows += [Row(text, Kind.DIM) for text in self.facts(namespace, interface)]
        if interface.flags and not interface.up:
            rows.append(Row("down", Kind.STRONG))
        rows += [self.port_row(namespace, port, names.index(port.name)) for port in _shown(namespace)
                 if port.master == interface.name and self.is_row(namespace, port) and port.peer_netns not in self.folded]
        place = (namespace.name, interface.name)
        bridge = interface.kind == "bridge"
        kind = "" if bridge else interface.kind
        return Node(f"{self.key(namespace.name)}.{names.index(interface.name)}", Look.BRIDGE if bridge else Look.INTERFACE, interface.name,
                    "bridge" if bridge else kind or "", tuple(rows), tip=f"{interface.name} of {place_lines(self.host, namespace.name)[0]}",
                    strong=place in self.hot)

    def port_row(self, namespace: Namespace, port: Interface, number: int) -> Row:
        facts = ["hairpin"] if port.port is not None and port.port.hairpin else []
        facts += ["isolated"] if port.port is not None and port.port.isolated else []
        facts += ["down"] if port.flags and not port.up else []
        kind = Kind.STRONG if (namespace.name, port.name) in self.hot else Kind.TEXT
        return Row(port.name + (f" ({', '.join(facts)})" if facts else ""), kind, "port", port=f"p{number}")

    def facts(self, namespace: Namespace, interface: Interface) -> list[str]:
        """Ways out, and what is set on the interface."""
        found = []
        for routes, family in ((namespace.routes4, "IPv4"), (namespace.routes6, "IPv6")):
            for route in routes or ():
                for hop in route.nexthops:
                    if route.destination.prefixlen == 0 and hop.device == interface.name and route.type.value == "unicast":
                        found.append(f"{family} default route" + (f" via {hop.gateway}" if hop.gateway else ""))
        if interface.mtu not in (0, 1500) and not interface.loopback:
            found.append(f"mtu {interface.mtu}")
        return list(dict.fromkeys(found))

    def columns(self, clusters: Sequence[Cluster]) -> None:
        """The host's frame reads from left to right: what leads outside, then bridges, then what hangs on them."""
        host = next((c for c in clusters if not c.container), None)
        if host is None:
            return
        tails = {edge.head for edge in self.edges if edge.tail == "world"} | {"published"}
        left = [node.id for node in host.nodes if node.id in tails]
        behind = {edge.head for edge in self.edges if edge.line is not Line.PUBLISHED}
        right = [node.id for node in host.nodes if node.id not in tails and node.id not in behind]
        self.edges += [Edge(a, b, Line.HIDDEN) for a in left for b in right]

    # -- between namespaces -----------------------------------------------------------------------------------------

    def cables(self) -> None:
        done: set[frozenset[Place]] = set()
        for name, namespace in self.host.namespaces.items():
            for interface in namespace.interfaces.values():
                if interface.peer_netns is None or interface.peer_name is None:
                    continue
                here, there = (name, interface.name), (interface.peer_netns, interface.peer_name)
                if interface.kind != "veth":
                    here, there = there, here  # a macvlan or ipvlan hangs on its parent
                if frozenset((here, there)) not in done:
                    done.add(frozenset((here, there)))
                    self.edge(here, there, Line.CABLE, "" if interface.kind == "veth" else interface.kind or "")

    def published(self, name: str) -> tuple[Node, ...]:
        """Docker's published ports stand in the host's frame, each with an arrow to its container."""
        if name != HOST:
            return ()
        rows: list[Row] = []
        for container in self.host.containers:
            if container.shares_with is not None:
                continue
            for port in container.ports:
                address = port.host_address if port.host_address is not None else "*"
                rows.append(Row(f"{address}:{port.host_port} → {container.name}:{port.container_port}/{port.protocol}"))
            target = self.entrance(container.netns)
            if target is not None and container.ports:
                edge = Edge("published", target, Line.PUBLISHED)
                self.edges += [edge] if edge not in self.edges else []
        return (Node("published", Look.NOTE, "published ports", "", tuple(rows), tip="what docker inspect tells of published ports"),) if rows else ()

    def entrance(self, netns: str | None) -> str | None:
        """The first interface of a container's namespace that is no loopback."""
        namespace = self.host.namespaces.get(netns or "")
        if namespace is None or netns == HOST:
            return None
        if namespace.name in self.folded:
            return f"crowd.{self.folded[namespace.name]}"
        found = next((i for i in _shown(namespace) if not i.loopback), None)
        at = self.at((namespace.name, found.name)) if found is not None else None
        return at[0] if at is not None else None

    def world(self) -> tuple[Node, ...]:
        """What lies beyond the host's interfaces whose other end was not captured."""
        namespace = self.host.namespaces.get(HOST)
        outer = [i for i in _shown(namespace) if self.is_outer(i)] if namespace is not None else []
        for interface in outer:
            at = self.at((HOST, interface.name))
            if at is not None:
                self.edges.append(Edge("world", at[0], Line.CABLE, strong=(HOST, interface.name) in self.hot, head_port=at[1]))
        return (Node("world", Look.WORLD, rows=(Row("the world outside", Kind.STRONG),), tip="beyond what was captured"),) if outer else ()

    def is_outer(self, interface: Interface) -> bool:
        """An interface with an address or a bridge's uplink, with no captured other end and nothing of its own below."""
        inner = interface.loopback or interface.kind in _INNER or interface.parent is not None
        own = self.host.namespaces[HOST].interfaces.values()
        bond = interface.kind == "bond" and any(other.master == interface.name for other in own)  # its members lead outside
        leads = interface.kind is None or any(a.scope != "link" for a in interface.addresses) or (
            interface.master is not None and interface.kind in _UPLINKS)
        return not inner and not bond and interface.peer_netns is None and leads


def _shown(namespace: Namespace) -> list[Interface]:
    """Every interface but the loopback, which is shown only where it is the only one; the outer ones first."""
    return [i for i in namespace.interfaces.values() if not (i.loopback and len(namespace.interfaces) > 1)]
