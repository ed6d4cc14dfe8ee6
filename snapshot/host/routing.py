"""Routing: tables of routes and the policy rules that choose among them."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Network

from snapshot.host.link import IPAddress, IPNetwork

TABLE_LOCAL, TABLE_MAIN, TABLE_DEFAULT = 255, 254, 253
TABLE_NAMES = {TABLE_LOCAL: "local", TABLE_MAIN: "main", TABLE_DEFAULT: "default"}


class RouteType(Enum):
    """The kernel's RTN_* types, as `ip route` spells them."""

    UNICAST = "unicast"
    LOCAL = "local"
    BROADCAST = "broadcast"
    ANYCAST = "anycast"
    MULTICAST = "multicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    THROW = "throw"


@dataclass(frozen=True, slots=True)
class NextHop:
    """One way out of a route; `gateway` None means on-link. `flags`: onlink, linkdown, dead, pervasive."""

    device: str | None
    gateway: IPAddress | None = None
    weight: int = 1
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """One line of `ip route show table all`. `text` is that line, or one put together from the JSON in the same form."""

    destination: IPNetwork
    type: RouteType = RouteType.UNICAST
    table: int = TABLE_MAIN
    nexthops: tuple[NextHop, ...] = ()
    metric: int = 0  # IPv6 routes default to 1024
    scope: str | None = None  # global | link | host | site | number
    preferred_source: IPAddress | None = None
    tos: int = 0
    protocol: str | None = None
    mtu: int | None = None
    nexthop_id: int | None = None
    source: IPNetwork | None = None  # IPv6 `from`
    flags: frozenset[str] = frozenset()
    realm: int | None = None  # source realm << 16 | destination realm
    preference: str = "medium"  # IPv6 router preference: low | medium | high
    text: str = ""
    line: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One line of `ip rule`. `action` is `lookup` (then `table`), `goto` (then `goto_priority`), `blackhole`,
    `unreachable`, `prohibit` or `nop`. `unknown` names what the reader did not understand."""

    priority: int
    family: int
    action: str = "lookup"
    table: int | None = None
    goto_priority: int | None = None
    negated: bool = False
    source: IPNetwork | None = None
    destination: IPNetwork | None = None
    in_interface: str | None = None
    out_interface: str | None = None
    mark: int | None = None
    mark_mask: int = 0xFFFFFFFF
    tos: int | None = None
    dscp: int | None = None  # `dscp`, six bits, compared whole under its mask (Linux 6.11)
    dscp_mask: int = 0x3F
    protocol: int | None = None
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None
    uid_range: tuple[int, int] | None = None
    suppress_prefix_length: int | None = None
    suppress_interface_group: str | None = None
    l3mdev: bool = False
    realm: int | None = None  # destination realm
    unknown: tuple[str, ...] = ()
    text: str = ""
    line: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class AddressLabel:
    """One line of `ip addrlabel`; with `device`, of that interface's addresses only."""

    prefix: IPv6Network
    label: int
    device: str | None = None


def default_rules(family: int) -> tuple[PolicyRule, ...]:
    """The rules of a fresh namespace (fib_default_rules_init, fib6_rules_net_init)."""
    rules = [PolicyRule(0, family, table=TABLE_LOCAL, text="0: from all lookup local"),
             PolicyRule(32766, family, table=TABLE_MAIN, text="32766: from all lookup main")]
    if family == 4:
        rules.append(PolicyRule(32767, family, table=TABLE_DEFAULT, text="32767: from all lookup default"))
    return tuple(rules)


def table_name(table: int) -> str:
    """`main` for 254, the number as text for a table without a well-known name."""
    return TABLE_NAMES.get(table, str(table))
