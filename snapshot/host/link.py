"""Links: interfaces, bridges and their ports, addresses.  Facts only; what the kernel does with them is `visualize.datapath`."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface, as `ip addr` prints it.

    `local` is the host's own address; `peer` the other end of a point-to-point link (`inet A peer B/32`).
    `secondary` addresses are never chosen as a source while a primary one of the same scope and subnet stands.
    """

    local: IPAddress
    prefix_length: int
    scope: str = "global"  # global | site | link | host, as `ip` prints it
    broadcast: IPAddress | None = None
    peer: IPAddress | None = None
    label: str | None = None
    flags: frozenset[str] = frozenset()  # secondary, dynamic, tentative, deprecated, noprefixroute, ...

    @property
    def network(self) -> IPNetwork:
        """The subnet that the address stands in (the peer's where there is one)."""
        base = self.peer if self.peer is not None else self.local
        if isinstance(base, IPv4Address):
            return IPv4Network((base, self.prefix_length), strict=False)
        return IPv6Network((base, self.prefix_length), strict=False)

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.local.version

    @property
    def secondary(self) -> bool:
        """True where the kernel holds it as IFA_F_SECONDARY (or, for IPv6, temporary)."""
        return "secondary" in self.flags


@dataclass(frozen=True, slots=True)
class Bridge:
    """What `ip -d link` tells of a bridge device itself. `None` where the text did not say."""

    vlan_filtering: bool = False
    stp: bool = False
    nf_call_iptables: bool = False
    nf_call_ip6tables: bool = False
    multicast_snooping: bool | None = None
    ageing_seconds: float = 300.0
    pvid: int | None = None  # of the bridge as a port of its own (`bridge vlan`: `self`)
    vlans: tuple[tuple[int, bool], ...] = ()  # (vid, egress untagged)
    vlans_captured: bool = False


@dataclass(frozen=True, slots=True)
class BridgePort:
    """What `ip -d link` (bridge_slave) or `bridge -d link` tells of one port."""

    state: str = "forwarding"  # disabled | listening | learning | forwarding | blocking
    hairpin: bool | None = None  # None: not captured (only `brctl show` there)
    learning: bool = True
    flood: bool = True
    isolated: bool = False
    multicast_flood: bool = True
    broadcast_flood: bool = True
    locked: bool = False
    pvid: int | None = None
    vlans: tuple[tuple[int, bool], ...] = ()  # (vid, egress untagged)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The outer header that a tunnel device writes. `remote` None: by its forwarding database, by its routes, or not known."""

    local: IPAddress | None = None
    remote: IPAddress | None = None
    device: str | None = None
    port: int | None = None  # UDP destination port (vxlan, geneve)
    ttl: int | None = None  # None: inherited or the host's default
    id: int | None = None  # VNI


@dataclass(frozen=True, slots=True)
class Interface:
    """One network device in one namespace.

    `peer_index` is the ifindex behind the `@` of `eth0@if7` (for a veth, its peer's; for a vlan or macvlan, its
    parent's), `peer_netns` the namespace that it lies in, once `snapshot.build` has joined the two ends.
    """

    name: str
    index: int | None = None
    kind: str | None = None  # veth, bridge, vlan, macvlan, ipvlan, dummy, tun, bond, vxlan, ... ; None: plain device
    mac: str | None = None  # lower case, colons
    mtu: int = 1500
    flags: frozenset[str] = frozenset()  # UP, LOWER_UP, LOOPBACK, BROADCAST, MULTICAST, PROMISC, NO-CARRIER, ...
    group: str = "default"
    master: str | None = None  # bridge, bond or VRF that this is enslaved to
    parent: str | None = None  # lower device of a vlan, macvlan, vxlan, in the same namespace
    vlan_id: int | None = None
    macvlan_mode: str | None = None
    vrf_table: int | None = None  # routing table of a VRF device
    peer_index: int | None = None
    peer_netnsid: int | None = None
    peer_netns: str | None = None
    peer_name: str | None = None
    groups: frozenset[IPAddress] | None = None  # multicast groups joined
    addresses: tuple[Address, ...] = ()
    bridge: Bridge | None = None
    port: BridgePort | None = None
    ipvlan_mode: str | None = None  # l2 | l3 | l3s
    bond_mode: str | None = None
    active_port: str | None = None  # of a bond in active-backup mode
    tunnel: Tunnel | None = None
    invented: bool = field(default=False)  # not captured: named by a rule or a route only

    @property
    def up(self) -> bool:
        """True when administratively up (IFF_UP)."""
        return "UP" in self.flags

    @property
    def loopback(self) -> bool:
        """True for `lo` (IFF_LOOPBACK)."""
        return "LOOPBACK" in self.flags or self.name == "lo"
