"""The model of a captured host: frozen dataclasses, the standard library only.

A `Host` is a set of network `Namespace`s and the containers that live in them.  `None` for a fact means that it was not
captured; an empty tuple or mapping means that it was captured and there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snapshot.host.conntrack import ConntrackEntry, ExpectedEntry
from snapshot.host.container import Container, DockerNetwork
from snapshot.host.firewall import NftBaseChain, Table
from snapshot.host.ipset import IpSet
from snapshot.host.link import Interface, IPAddress
from snapshot.host.neighbour import FdbEntry, Neighbour
from snapshot.host.nft import NftTable
from snapshot.host.routing import AddressLabel, PolicyRule, Route
from snapshot.host.socket import Listener

HOST = "host"  # the name of the namespace that the collector ran in


@dataclass(frozen=True, slots=True)
class Namespace:
    """One network namespace. Facts that were not captured are None."""

    name: str
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    routes4: tuple[Route, ...] | None = None
    routes6: tuple[Route, ...] | None = None
    rules4: tuple[PolicyRule, ...] | None = None
    rules6: tuple[PolicyRule, ...] | None = None
    neighbours: tuple[Neighbour, ...] | None = None
    fdb: tuple[FdbEntry, ...] | None = None
    tables4: tuple[Table, ...] | None = None  # iptables, every back-end that was captured
    tables6: tuple[Table, ...] | None = None
    nft_chains: tuple[NftBaseChain, ...] | None = None  # native nftables base chains (not iptables-nft's)
    ipsets: Mapping[str, IpSet] | None = None
    conntrack: tuple[ConntrackEntry, ...] | None = None
    listeners: tuple[Listener, ...] | None = None
    sysctls: Mapping[str, str] | None = None  # "net.ipv4.ip_forward" -> "1"
    containers: tuple[str, ...] = ()  # names of the containers that live here
    nft: tuple[NftTable, ...] = ()  # native tables that are replayed
    address_labels: tuple[AddressLabel, ...] | None = None
    expected: tuple[ExpectedEntry, ...] | None = None  # connections that helpers wait for
    ipsec: bool | None = None  # whether IPsec policies were there
    unseen4: tuple[tuple[str, str], ...] = ()  # (table, why): IPv4 tables that may be there and were not captured ("" for the table: any)
    unseen6: tuple[tuple[str, str], ...] = ()
    invented: str = ""  # why its addresses are not all known; empty where they were captured
    gaps: tuple[tuple[int, str], ...] = ()  # (family, what of it was captured in part only)
    untold: frozenset[str] = frozenset()  # facts that were not captured and that a packet may turn on ("conntrack")
    inferred: str = ""  # why this namespace is not captured but put together from what others tell; empty for one that was captured

    def sysctl(self, name: str) -> str | None:
        """The value of a sysctl in this namespace, or None where it was not captured."""
        return None if self.sysctls is None else self.sysctls.get(name)

    def owner(self, address: IPAddress) -> Interface | None:
        """The interface that holds `address`, if any."""
        for interface in self.interfaces.values():
            if any(held.local == address for held in interface.addresses):
                return interface
        return None


@dataclass(frozen=True, slots=True)
class Host:
    """Everything that a snapshot tells of a machine."""

    namespaces: Mapping[str, Namespace]
    containers: tuple[Container, ...] = ()
    networks: tuple[DockerNetwork, ...] = ()
    hostname: str = ""
    kernel: str = ""
    captured: str = ""  # when, as the manifest tells (ISO 8601 UTC), or ""
    doubts: tuple[str, ...] = ()  # why no answer from this bundle is certain

    def container(self, name: str) -> Container | None:
        """The container of that name or (prefix of an) id."""
        for container in self.containers:
            if container.name == name or (len(name) >= 4 and container.id.startswith(name)):
                return container
        return None
