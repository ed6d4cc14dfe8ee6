"""Where a packet stands while a rule looks at it: the hook, the interfaces, the connection, and the world that can be asked.

`Here` is the one context object of matches and targets. What it asks of the machine goes through the `World` protocol, which the
datapath implements, so that netfilter needs to know nothing of routing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from snapshot.host.conntrack import Tuple
from snapshot.host.firewall import Rule
from snapshot.host.ipset import IpSet
from snapshot.host.link import Interface, IPAddress
from snapshot.host.socket import Listener
from visualize.netfilter.hook import Hook
from visualize.packet.packet import Packet


class ConnectionView(Protocol):
    """What a rule may read of a connection (struct nf_conn).  `status` holds SEEN_REPLY, ASSURED, CONFIRMED, EXPECTED, SNAT, DNAT."""

    mark: int
    labels: str | None
    captured: bool  # it was in the captured table

    @property
    def original(self) -> Tuple: ...
    @property
    def reply(self) -> Tuple: ...
    @property
    def protocol(self) -> int: ...
    @property
    def status(self) -> frozenset[str]: ...
    @property
    def zone(self) -> int: ...
    @property
    def helper(self) -> str | None: ...
    expires: int | None  # when it times out (capture clock, ns); None where that is not known
    @property
    def carried(self) -> list[list[int]] | None: ...  # [packets, bytes] of the original direction, then of the reply; None: not known

    def counted(self, now: int | None) -> bool:
        """Whether connlimit counts it: it is in the table, and not closed (find_or_evict, already_closed in nf_conncount.c)."""
        ...


class World(Protocol):
    """What a rule may ask of the machine."""

    @property
    def netns(self) -> str: ...
    @property
    def kernel(self) -> str: ...  # the host's kernel release ("6.1.0-18-amd64"), or ""

    @property
    def ipsec(self) -> bool | None: ...  # whether there are IPsec policies; None where they were not captured
    @property
    def captured(self) -> int | None: ...  # when the snapshot was begun (ns since 1970), None where that is not told

    def address_type(self, address: IPAddress, device: str | None = None) -> str | None:
        """`LOCAL`, `UNICAST`, `BROADCAST`, `MULTICAST`, `ANYCAST`, `BLACKHOLE`, `UNREACHABLE`, `PROHIBIT`, `THROW`, `UNSPEC` as
        inet_addr_type says (restricted to `device` where one is given); None where routes were not captured."""
        ...

    def ipset(self, name: str) -> IpSet | None:
        """The captured set, or None."""
        ...

    def interface(self, name: str) -> Interface | None:
        """The interface of that name in this namespace."""
        ...

    def reverse_path(self, packet: Packet, in_interface: str, mark: int, loose: bool, accept_local: bool) -> bool | None:
        """Whether the way back to the packet's source leads out of `in_interface` (any interface with `loose`); None if unknown."""
        ...

    def realm(self) -> int | None:
        """The routing realm of the packet's route (dst entry), None where there is none."""
        ...

    def connections(self) -> Iterable[ConnectionView]:
        """All connections of the namespace."""
        ...

    @property
    def listeners(self) -> tuple[Listener, ...] | None: ...


class Counted(Protocol):
    """A table, as far as a rule may ask of it."""

    @property
    def fresh(self) -> bool: ...
    def holding(self, text: str) -> list[Rule]:
        """The rules in whose text this stands."""
        ...


@dataclass(slots=True)
class Here:
    """The context of one hook for one packet. Interfaces are None where the kernel has none (no IN in OUTPUT)."""

    world: World
    family: str  # ip | ip6
    hook: Hook
    table: str = ""
    backend: str = ""  # legacy | nft: whose table the rule stands in
    in_interface: str | None = None
    out_interface: str | None = None
    physdev_in: str | None = None
    physdev_out: str | None = None
    bridged: bool = False  # the frame is being bridged, not routed (--physdev-is-bridged)
    ctstate: str | None = None  # NEW ESTABLISHED RELATED INVALID UNTRACKED; None: conntrack has not looked (raw, no tracking)
    reply_direction: bool = False
    connection: ConnectionView | None = None
    packet_type: str = "unicast"  # unicast | broadcast | multicast | otherhost
    local_origin: bool = False  # sent by a process of this namespace (has a socket)
    time_ns: int | None = None  # the capture's clock; None where there is no capture
    memory: dict[str, object] = field(default_factory=dict)  # per-rule state over a replay (nth, quota), by rule
    read: set[str] = field(default_factory=set)  # the packet's fields that rules have looked at
    rule: Rule | None = None  # the rule being looked at
    rules: Counted | None = None  # the table that it stands in
    state: set[str] = field(default_factory=set)  # what rules have looked at that the next packet of the same form may find changed

    @property
    def rule_key(self) -> str:
        """file:line of the rule: the key into `memory`."""
        return f"{self.rule.file}:{self.rule.line}" if self.rule is not None else ""

    @property
    def tracked(self) -> bool:
        """Whether the packet belongs to a connection."""
        return _connection(self) is not None

    @property
    def templated(self) -> bool:
        """Whether a rule of raw has hung a template on the packet, and tracking has not looked at it yet."""
        return self.ctstate == "NEW" and not self.tracked

    @property
    def connection_mark(self) -> int | None:
        """The connection's mark; None without a connection."""
        connection = _connection(self)
        return connection.mark if connection is not None else None

    @property
    def translated(self) -> frozenset[str]:
        """Which of SNAT and DNAT the connection is."""
        connection = _connection(self)
        return _TRANSLATED & connection.status if connection is not None else frozenset()

    def realm(self) -> int | None:
        """The routing realm of the packet's route (dst entry), None where there is none."""
        self.state.add("realm")
        return self.world.realm()

    @property
    def fresh(self) -> bool:
        """The table had counted no packet when the snapshot was taken: its matches' states are those of a rule just loaded."""
        return self.rules is not None and self.rules.fresh


_TRANSLATED = frozenset({"SNAT", "DNAT"})


def _noted(name: str) -> Callable[[Here], Any]:
    """From here on each read of the field is noted in `state`; returns what reads it unnoted."""
    slot = Here.__dict__[name]

    def read(here: Here) -> Any:
        here.state.add(name)
        return slot.__get__(here)

    setattr(Here, name, property(read, slot.__set__))
    unnoted: Callable[[Here], Any] = slot.__get__
    return unnoted


# What other packets and the clock change. A connection's tuples, mark and NAT stay (and are looked at again): they have readers of their own.
_connection = _noted("connection")
_noted("memory")
_noted("time_ns")
