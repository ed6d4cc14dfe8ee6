"""What a bundle does not show but implies: containers' namespaces from `docker inspect`, interfaces that only rules name.

Nothing here is certain: a namespace made here says so in `inferred`, an interface in `invented`, and every path through them is assumed.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_network

from snapshot.finding import Finding, Kind
from snapshot.host import HOST, Host, Namespace
from snapshot.host.container import Container, DockerNetwork, Endpoint
from snapshot.host.firewall import Clause
from snapshot.host.link import Address, Bridge, BridgePort, Interface, IPNetwork
from snapshot.host.routing import NextHop, Route, RouteType

_UP = frozenset({"UP", "LOWER_UP", "BROADCAST", "MULTICAST"})
_BRIDGE = re.compile(r"^(docker0|br-[0-9a-f]{12}|virbr\d+|cni\d+|podman\d+|docker_gwbridge|lxcbr\d+|lxdbr\d+)$")
_INTERFACES = re.compile(r" -[io] ")
_WHY = "its namespace was not captured: it is inferred from docker inspect"


def infer_containers(host: Host, findings: list[Finding]) -> Host:
    """A namespace for each running container whose own was not captured, tied to its bridge."""
    namespaces = dict(host.namespaces)
    outer = namespaces.get(HOST)
    lacking = [container for container in host.containers if _lacks(container, namespaces)]
    if outer is None or not lacking:
        return host
    ports = _ports(host, lacking, outer)
    for container in lacking:
        interfaces = {"lo": Interface("lo", 1, flags=frozenset({"UP", "LOWER_UP", "LOOPBACK"}), addresses=(_LOOPBACK,))}
        for number, endpoint in enumerate(_endpoints(container)):
            outer = _wire(container, endpoint, f"eth{number}", interfaces, outer, _network(host, endpoint), ports)
        routes = tuple(_routes(interfaces, _endpoints(container)))
        namespaces[container.name] = Namespace(container.name, interfaces, routes, containers=(container.name,), inferred=_WHY)
        findings.append(Finding(Kind.AMBIGUOUS, f"netns/{container.name}", 0, container.name, f"{_WHY}; paths through it are assumed"))
    namespaces[HOST] = outer
    return _with_homes(replace(host, namespaces=namespaces), {container.name for container in lacking})


def _lacks(container: Container, namespaces: Mapping[str, Namespace]) -> bool:
    """Whether a namespace can be put together for it: it runs, and its networks are told."""
    known = container.netns is not None or container.name in namespaces or container.shares_with is not None
    return not known and container.state in ("running", "") and (bool(_endpoints(container)) or container.network_mode == "none")


def _with_homes(host: Host, made: set[str]) -> Host:
    """Containers told where they live: in their own namespace, or in the one that they share."""
    containers = [replace(one, netns=one.name) if one.name in made else one for one in host.containers]
    homes = {one.name: one.netns for one in containers}
    containers = [replace(one, netns=homes.get(one.shares_with or "")) if one.netns is None else one for one in containers]
    namespaces = {name: replace(held, containers=tuple(sorted(one.name for one in containers if one.netns == name))) if held.inferred else held
                  for name, held in host.namespaces.items()}
    return replace(host, namespaces=namespaces, containers=tuple(containers))


def _ports(host: Host, lacking: list[Container], outer: Namespace) -> dict[tuple[str, str], str]:
    """(container, network) -> the bridge port that leads to it.

    `bridge fdb` knows behind which port a MAC address is. Where it has forgotten: veths are made in the order in which containers start, so
    that the ports still free are taken in the order of their indexes, if there are as many of them as containers.
    """
    found: dict[tuple[str, str], str] = {}
    waiting: dict[str, list[tuple[str, str]]] = {}
    for container in sorted(lacking, key=lambda one: (one.started, one.pid or 0)):
        for endpoint in _endpoints(container):
            bridge = _bridge(endpoint, _network(host, endpoint), outer)
            port = _known_port(outer, bridge, _mac(endpoint)) if bridge is not None else None
            if port is not None:
                found[(container.name, endpoint.network)] = port
            elif bridge is not None:
                waiting.setdefault(bridge.name, []).append((container.name, endpoint.network))
    for name, ends in waiting.items():
        free = sorted((one for one in outer.interfaces.values() if one.master == name and one.kind in ("veth", None) and one.peer_netns is None
                       and one.name not in found.values()), key=lambda one: one.index or 0)
        if len(free) == len(ends):
            found |= {end: one.name for end, one in zip(ends, free, strict=True)}
    return found


def _known_port(outer: Namespace, bridge: Interface, mac: str | None) -> str | None:
    for entry in outer.fdb or ():
        held = outer.interfaces.get(entry.device)
        if entry.mac == mac and not entry.local and not entry.self_ and held is not None and held.master == bridge.name:
            return entry.device
    return None


def _mac(endpoint: Endpoint) -> str | None:
    """Docker up to 27 made the MAC address from the IPv4 address: 02:42 and its four bytes."""
    if endpoint.mac is not None or endpoint.address is None or endpoint.address.version != 4:
        return endpoint.mac
    return "02:42:" + ":".join(f"{byte:02x}" for byte in endpoint.address.packed)


_LOOPBACK = Address(IPv4Address("127.0.0.1"), 8, "host")


def _endpoints(container: Container) -> list[Endpoint]:
    """The endpoints with an address, in the order in which Docker names their interfaces (not always known)."""
    return [endpoint for endpoint in container.endpoints if endpoint.address is not None]


def _network(host: Host, endpoint: Endpoint) -> DockerNetwork | None:
    return next((network for network in host.networks if network.name == endpoint.network), None)


def _bridge(endpoint: Endpoint, network: DockerNetwork | None, outer: Namespace) -> Interface | None:
    """The bridge: the network's own, else the one that holds the gateway's address."""
    named = outer.interfaces.get(network.bridge or "") if network is not None else None
    if named is not None:
        return named
    owner = outer.owner(endpoint.gateway) if endpoint.gateway is not None else None
    return owner if owner is not None and (owner.kind in ("bridge", None)) else None


def _wire(container: Container, endpoint: Endpoint, name: str, interfaces: dict[str, Interface], outer: Namespace,
          network: DockerNetwork | None, ports: Mapping[tuple[str, str], str]) -> Namespace:
    """Both ends of a container's veth pair; a port is invented where none can be told."""
    bridge = _bridge(endpoint, network, outer)
    assert endpoint.address is not None
    addresses = [Address(endpoint.address, endpoint.prefix_length or endpoint.address.max_prefixlen)]
    if endpoint.address6 is not None:
        addresses.append(Address(endpoint.address6, 64))
    inner = Interface(name, kind="veth", mac=_mac(endpoint), flags=_UP, addresses=tuple(addresses), invented=True)
    if bridge is None:
        interfaces[name] = replace(inner, kind=network.driver or None if network is not None else None)
        return outer
    port = ports.get((container.name, endpoint.network), f"veth:{container.name[:10]}")
    made = Interface(port, kind="veth", master=bridge.name, flags=_UP, port=BridgePort(), invented=True)
    interfaces[name] = replace(inner, peer_netns=outer.name, peer_name=port)
    held = replace(outer.interfaces.get(port, made), peer_netns=container.name, peer_name=name)
    return replace(outer, interfaces={**outer.interfaces, bridge.name: replace(bridge, kind="bridge", bridge=bridge.bridge or Bridge()), port: held})


def _routes(interfaces: Mapping[str, Interface], endpoints: list[Endpoint]) -> list[Route]:
    """Connected routes and the default one, which goes by the first endpoint with a gateway."""
    found: list[Route] = []
    for name, interface in interfaces.items():
        found += [
            Route(
                address.network,
                nexthops=(NextHop(name),),
                scope="link",
                preferred_source=address.local,
                text=f"{address.network} dev {name} (inferred)",
            )
            for address in interface.addresses
            if name != "lo" and address.family == 4
        ]
    for number, endpoint in enumerate(endpoints):
        if endpoint.gateway is not None and endpoint.gateway.version == 4:
            found.append(
                Route(
                    IPv4Network("0.0.0.0/0"),
                    nexthops=(NextHop(f"eth{number}", endpoint.gateway),),
                    text=f"default via {endpoint.gateway} dev eth{number} (inferred)",
                )
            )
            break
    return found


def invent_interfaces(namespace: Namespace, told: bool, findings: list[Finding]) -> Namespace:
    """Where no addresses were captured (`told` is false): interfaces that rules and routes name, with the addresses that routes tell.

    A bridge of Docker's, libvirt's or CNI's is known by its name, its subnet by its MASQUERADE rule.
    """
    if told:
        return namespace
    subnets: dict[str, IPNetwork] = {}
    names = dict.fromkeys(namespace.interfaces) if namespace.interfaces else _named(namespace, subnets)
    addresses = _addresses(namespace)
    order = list(names) if namespace.interfaces else sorted(names)
    made = {name: _invented(name, subnets.get(name), addresses.get(name, []), namespace.interfaces.get(name)) for name in order}
    if not namespace.interfaces and made:
        guessed = [f"{name} ({subnets[name]})" if name in subnets else name for name in made if _BRIDGE.match(name)]
        findings.append(Finding(Kind.AMBIGUOUS, f"netns/{namespace.name}/ip-link", 0, ", ".join(made)[:200], "no interface was captured: these are "
                                "invented from rules and routes" + (f"; taken to be bridges: {', '.join(guessed)}" if guessed else "")))
    loop = Interface("lo", flags=frozenset({"UP", "LOWER_UP", "LOOPBACK"}), addresses=(_LOOPBACK,), invented=True)
    local = any(route.type is RouteType.LOCAL and route.nexthops for route in namespace.routes4 or ())
    why = "" if local else "its addresses were not captured: which packets are for the host itself is known only as far as routes tell"
    return replace(namespace, interfaces=made if namespace.interfaces else {"lo": loop, **made} if made else {}, invented=why)


def _named(namespace: Namespace, subnets: dict[str, IPNetwork]) -> dict[str, None]:
    """The interfaces that rules and routes name; `subnets` is filled by the way."""
    names: dict[str, None] = {}
    for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
        for rule in table.candidates(_INTERFACES):
            own = next((clause for clause in rule.matches if clause.name == ""), None)
            for option in own.options if own is not None else ():
                if option.name in ("-i", "-o") and option.values and not option.values[0].endswith("+"):
                    names[option.values[0]] = None
            if own is not None and table.name == "nat" and rule.jump == "MASQUERADE":
                _learn_subnet(own, subnets)
    for route in (*(namespace.routes4 or ()), *(namespace.routes6 or ())):
        names.update(dict.fromkeys(hop.device for hop in route.nexthops if hop.device))
    return names


def _addresses(namespace: Namespace) -> dict[str, list[Address]]:
    """Addresses that routes tell: `local` routes name each, a connected route names its interface's (`scope link src A`)."""
    found: dict[str, list[Address]] = {}
    every = (*(namespace.routes4 or ()), *(namespace.routes6 or ()))
    connected = [route for route in every if route.type is RouteType.UNICAST and len(route.nexthops) == 1 and route.nexthops[0].gateway is None]
    lengths = {(one.nexthops[0].device, one.preferred_source): one.destination.prefixlen for one in connected if one.preferred_source is not None}
    for route in every:
        if route.type is RouteType.LOCAL and route.nexthops and route.destination.prefixlen == route.destination.max_prefixlen:
            lengths.setdefault((route.nexthops[0].device, route.destination.network_address), route.destination.prefixlen)
    for (device, address), length in lengths.items():
        if device is not None and address is not None and not address.is_loopback:
            scope = "link" if address.version == 6 and address.is_link_local else "global"
            found.setdefault(device, []).append(Address(address, length, scope))
    return found


def _invented(name: str, subnet: IPNetwork | None, told: list[Address], held: Interface | None) -> Interface:
    """An interface with the addresses that are told; the first address of a Docker network is the bridge's own, unless it was told otherwise."""
    if held is not None:
        return held if held.addresses or not told else replace(held, addresses=tuple(told))
    bridge = Bridge() if _BRIDGE.match(name) else None
    if not told and subnet is not None and bridge is not None:
        told = [Address(subnet.network_address + 1, subnet.prefixlen)]
    kind = "bridge" if bridge is not None else None
    return Interface(name, kind=kind, flags=_UP, bridge=bridge, addresses=tuple(told), invented=True)


def _learn_subnet(own: Clause, subnets: dict[str, IPNetwork]) -> None:
    """`-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE` tells a bridge's subnet."""
    source, out = own.option("-s"), own.option("-o")
    if source is None or out is None or not out.negated or source.negated or not out.values or not source.values:
        return
    try:
        subnets.setdefault(out.values[0], ip_network(source.values[0], strict=False))
    except ValueError:
        return
