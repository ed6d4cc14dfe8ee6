"""Joining facts: veth peers across namespaces, bridge ports, containers and the namespaces that they live in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host import HOST, Host, Namespace
from snapshot.host.container import Container
from snapshot.host.link import Bridge, BridgePort, Interface
from snapshot.host.routing import Route, RouteType
from snapshot.parse.brctl_show import BridgeRecord
from snapshot.parse.bridge_link import PortRecord
from snapshot.parse.bridge_vlan import VlanRecord
from snapshot.parse.ip_maddr import GroupsRecord
from snapshot.parse.ip_netns import number_of
from snapshot.parse.ip_nexthop import NextHopRecord, ways


def ports(interfaces: dict[str, Interface], records: Iterable[PortRecord], shown: Iterable[BridgeRecord],
          vlans: Iterable[VlanRecord]) -> dict[str, Interface]:
    """Fill in what `bridge link`, `brctl show` and `bridge vlan` know of ports; `ip -d link` wins where it told more."""
    found = dict(interfaces)
    complete = bool(interfaces)  # `ip link` told all there are: what only brctl names is another namespace's
    for record in records:
        if complete and record.name not in found:
            continue
        held = found.get(record.name, Interface(record.name, invented=True))
        port = held.port if held.port is not None and held.port.hairpin is not None else record.port
        found[record.name] = replace(held, master=held.master or record.master, port=port)
        master = found.get(record.master, Interface(record.master, kind="bridge", invented=True))
        found[record.master] = replace(master, kind=master.kind or "bridge", bridge=master.bridge or Bridge())
    for bridge in shown:
        if complete and bridge.name not in found:
            continue
        held = found.get(bridge.name, Interface(bridge.name, mac=bridge.mac, invented=True))
        found[bridge.name] = replace(held, kind=held.kind or "bridge", mac=held.mac or bridge.mac,
                                     bridge=held.bridge or Bridge(stp=bridge.stp))
        for name in bridge.ports:
            if complete and name not in found:
                continue
            port_held = found.get(name, Interface(name, invented=True))
            state = dict(bridge.states).get(name, "forwarding")
            found[name] = replace(port_held, master=port_held.master or bridge.name, port=port_held.port or BridgePort(state))
    for vlan in vlans:
        held = found.get(vlan.name, Interface(vlan.name))
        if held.bridge is not None:
            found[vlan.name] = replace(held, bridge=replace(held.bridge, pvid=vlan.pvid, vlans=vlan.vlans, vlans_captured=True))
        elif held.port is not None:
            found[vlan.name] = replace(held, port=replace(held.port, pvid=vlan.pvid, vlans=vlan.vlans))
    return found


def groups(interfaces: dict[str, Interface], records: Iterable[GroupsRecord] | None) -> dict[str, Interface]:
    """Which multicast groups each interface has joined; None stays where `ip maddr` was not captured."""
    if not records:
        return interfaces
    told = {record.name: record.groups for record in records}
    return {name: replace(one, groups=told.get(name, frozenset())) for name, one in interfaces.items()}


def nexthops(routes: tuple[Route, ...] | None, records: Iterable[NextHopRecord]) -> tuple[Route, ...] | None:
    """Routes that name their next hops by number only get them from `ip nexthop`."""
    known = {record.id: record for record in records}
    if routes is None or not known:
        return routes
    found = []
    for route in routes:
        if route.nexthop_id in known and not route.nexthops and route.nexthop_id is not None:
            blackhole = known[route.nexthop_id].blackhole
            route = replace(route, nexthops=ways(known, route.nexthop_id), type=RouteType.BLACKHOLE if blackhole else route.type)
        found.append(route)
    return tuple(found)


def join(host: Host, manifest: Mapping[str, Any] | None, findings: list[Finding], ids: Mapping[int, str] | None = None) -> Host:
    """The host with its namespaces tied together. `ids`: the host's numbers for other namespaces, where they were captured (`ip netns`)."""
    namespaces = _peers(dict(host.namespaces), _known(host.namespaces, ids or {}), findings)
    containers = _containers(host.containers, namespaces, manifest)
    for name, namespace in namespaces.items():
        living = tuple(sorted(c.name for c in containers if c.netns == name))
        namespaces[name] = replace(namespace, containers=living)
    return replace(host, namespaces=namespaces, containers=containers)


End = tuple[str, str]  # namespace, interface
_STACKED = ("vlan", "macvlan", "macvtap", "ipvlan")


def _candidates(namespaces: Mapping[str, Namespace]) -> dict[End, list[End]]:
    """For each veth, the interfaces elsewhere that could be its other end: both name the other's index."""
    by_index: dict[int, list[tuple[str, Interface]]] = {}
    for name, namespace in namespaces.items():
        for interface in namespace.interfaces.values():
            if interface.index is not None:
                by_index.setdefault(interface.index, []).append((name, interface))
    found: dict[End, list[End]] = {}
    for name, namespace in namespaces.items():
        for interface in namespace.interfaces.values():
            if interface.peer_index is None or interface.kind not in ("veth", None):
                if interface.kind != "veth" or interface.parent is None:
                    continue
            if interface.peer_index is None:
                if interface.parent is not None and interface.parent in namespace.interfaces:  # both ends in one namespace: eth0@eth1
                    found[(name, interface.name)] = [(name, interface.parent)]
                continue
            same = interface.peer_netnsid is None
            found[(name, interface.name)] = [
                (other, peer.name) for other, peer in by_index.get(interface.peer_index, [])
                if peer.peer_index == interface.index and (other == name) == same and (other, peer.name) != (name, interface.name)
                and peer.kind in ("veth", None)]
    return found


def _known(namespaces: Mapping[str, Namespace], ids: Mapping[int, str]) -> dict[tuple[str, int], str]:
    """(namespace, its number for another one) -> that one, as far as names tell: `link-netns web`, and `ip netns` for the host's numbers."""
    named = {number_of(name): name for name in namespaces}
    found = {(HOST, number): name for number, name in ids.items() if name in namespaces and HOST in namespaces}
    for name, namespace in namespaces.items():
        for interface in namespace.interfaces.values():
            if interface.peer_netnsid in named:
                found[(name, interface.peer_netnsid)] = named[interface.peer_netnsid]
    return found


def _peers(namespaces: dict[str, Namespace], known: dict[tuple[str, int], str], findings: list[Finding]) -> dict[str, Namespace]:
    """Join veth pairs. One namespace id always means one namespace, so what is certain narrows the rest."""
    candidates = _candidates(namespaces)
    joined: dict[End, End] = {}
    changed = True
    while changed:
        changed = False
        for end, others in candidates.items():
            if end in joined:
                continue
            left = [other for other in others if other not in joined and _agrees(namespaces, end, other, known)]
            if len(left) == 1 and len(_back(candidates, namespaces, left[0], joined, known)) == 1:
                joined[end], joined[left[0]] = left[0], end
                _learn(namespaces, end, left[0], known)
                changed = True
    lower = _lower(namespaces, known)
    for end, others in candidates.items():
        if end not in joined and len(others) > 1:
            findings.append(Finding(Kind.AMBIGUOUS, f"netns/{end[0]}/ip-link", 0, end[1], "its other end can't be told: "
                                    + ", ".join(f"{n}/{i}" for n, i in others)))
    return {name: replace(namespace, interfaces={
        key: replace(interface, peer_netns=joined[(name, key)][0], peer_name=joined[(name, key)][1])
        if (name, key) in joined else replace(interface, peer_netns=lower[(name, key)][0], peer_name=lower[(name, key)][1])
        if (name, key) in lower else interface for key, interface in namespace.interfaces.items()})
        for name, namespace in namespaces.items()}


def _lower(namespaces: Mapping[str, Namespace], known: Mapping[tuple[str, int], str]) -> dict[End, End]:
    """The device below each vlan, macvlan and ipvlan one that lies in another namespace: by its index, and the namespace's id where that is known.

    Where it is not, the host's own namespace is the likely one (Docker's macvlan and ipvlan networks), else the only one that fits.
    """
    found: dict[End, End] = {}
    for name, namespace in namespaces.items():
        for interface in namespace.interfaces.values():
            if interface.kind not in _STACKED or interface.peer_index is None or interface.parent in namespace.interfaces:
                continue
            number = interface.peer_netnsid
            home = name if number is None else known.get((name, number))
            homes = [home] if home is not None else [HOST, *(other for other in namespaces if other not in (HOST, name))]
            fits = [(other, i.name) for other in homes if other in namespaces for i in namespaces[other].interfaces.values()
                    if i.index == interface.peer_index and not i.loopback]
            fits.sort(key=lambda end: namespaces[end[0]].interfaces[end[1]].kind == "veth")
            if fits and (home is not None or fits[0][0] == HOST or len(fits) == 1):
                found[(name, interface.name)] = fits[0]
    return found


def _back(candidates: Mapping[End, list[End]], namespaces: Mapping[str, Namespace], end: End, joined: Mapping[End, End],
          known: Mapping[tuple[str, int], str]) -> list[End]:
    return [other for other in candidates.get(end, []) if other not in joined and _agrees(namespaces, end, other, known)]


def _agrees(namespaces: Mapping[str, Namespace], end: End, other: End, known: Mapping[tuple[str, int], str]) -> bool:
    """Whether the namespace ids seen so far allow this pair."""
    for here, there in ((end, other), (other, end)):
        number = namespaces[here[0]].interfaces[here[1]].peer_netnsid
        if number is not None and known.get((here[0], number), there[0]) != there[0]:
            return False
        if number is not None and any(name == there[0] and key != (here[0], number) and key[0] == here[0]
                                      for key, name in known.items()):
            return False
    return True


def _learn(namespaces: Mapping[str, Namespace], end: End, other: End, known: dict[tuple[str, int], str]) -> None:
    for here, there in ((end, other), (other, end)):
        number = namespaces[here[0]].interfaces[here[1]].peer_netnsid
        if number is not None:
            known[(here[0], number)] = there[0]


def _containers(containers: tuple[Container, ...], namespaces: Mapping[str, Namespace],
                manifest: Mapping[str, Any] | None) -> tuple[Container, ...]:
    """Give each container its namespace: by the manifest, by its mode, by its name, or by its addresses."""
    told: dict[str, str] = {}
    for item in (manifest or {}).get("netns") or ():
        for name in item.get("containers") or () if isinstance(item, dict) else ():
            told[str(name)] = str(item.get("name"))
    by_id = {c.id: c for c in containers}
    found: list[Container] = []
    for container in containers:
        shares = container.shares_with
        if shares is not None:
            owner = by_id.get(shares) or next((c for c in containers if c.name == shares), None)
            container = replace(container, shares_with=owner.name if owner is not None else shares)
        found.append(replace(container, netns=_home(container, namespaces, told)))
    homes = {c.name: c.netns for c in found}
    return tuple(replace(c, netns=homes.get(c.shares_with)) if c.netns is None and c.shares_with in homes else c for c in found)


def _home(container: Container, namespaces: Mapping[str, Namespace], told: Mapping[str, str]) -> str | None:
    if container.name in told and told[container.name] in namespaces:
        return told[container.name]
    if container.state not in ("running", "", "paused"):
        return None
    if container.network_mode == "host":
        return HOST if HOST in namespaces else None
    if container.shares_with is not None:
        return container.shares_with if container.shares_with in namespaces else None
    if container.name in namespaces:
        return container.name
    wanted = {e.address for e in container.endpoints if e.address is not None}
    for name, namespace in namespaces.items():
        if name != HOST and wanted & {a.local for i in namespace.interfaces.values() for a in i.addresses}:
            return name
    return None
