"""Connection tracking: which connection a packet belongs to, in which direction, in which state (nf_conntrack_core.c).

A new connection stays unconfirmed until its packet has passed the last hook; a packet that is dropped before leaves no entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snapshot.host.conntrack import ConntrackEntry, Tuple
from visualize.datapath import tcp
from visualize.datapath.tcp import State as TcpState
from visualize.datapath.tuples import ICMP_OPENERS, FlowTuple, from_entry, tuple_of
from visualize.packet.packet import Packet, Protocol

SECOND = 1_000_000_000
_UDP_TIMEOUT, _UDP_STREAM, _ICMP_TIMEOUT, _GENERIC = 30, 120, 30, 600


@dataclass(slots=True, eq=False)
class Connection:
    """One connection (struct nf_conn). `flags`: SEEN_REPLY ASSURED CONFIRMED EXPECTED SNAT DNAT SNAT_DONE DNAT_DONE DYING."""

    original_tuple: FlowTuple
    reply_tuple: FlowTuple
    zone: int = 0
    flags: set[str] = field(default_factory=set)
    mark: int = 0
    tcp: TcpState = field(default_factory=TcpState)
    expires: int | None = None  # capture clock, ns
    helper: str | None = None
    labels: str | None = None
    masquerade_interface: str | None = None
    captured: bool = False  # seeded from the captured table
    udp_since: int | None = None

    @property
    def protocol(self) -> int:
        """IANA number."""
        return self.original_tuple.protocol

    @property
    def original(self) -> Tuple:
        """The original direction as the model's Tuple."""
        return self.original_tuple.public()

    @property
    def reply(self) -> Tuple:
        """The reply direction as the model's Tuple."""
        return self.reply_tuple.public()

    @property
    def status(self) -> frozenset[str]:
        """The flags that a rule can ask for."""
        return frozenset(self.flags)

    @property
    def timeout(self) -> int | None:
        """Seconds left; not known offline."""
        return None


@dataclass(frozen=True, slots=True)
class Tracking:
    """What conntrack says of one packet: its connection (None: INVALID or untracked), the state, and the direction."""

    connection: Connection | None
    state: str  # NEW ESTABLISHED RELATED INVALID UNTRACKED
    reply: bool = False
    why: str = ""


UNTRACKED = Tracking(None, "UNTRACKED", why="a NOTRACK rule")


class Tracker:
    """The table of one namespace."""

    def __init__(self, sysctls: Mapping[str, str] | None) -> None:
        self._table: dict[tuple[int, FlowTuple], tuple[Connection, bool]] = {}
        self._sysctls = sysctls or {}

    def _setting(self, name: str, default: int) -> int:
        text = self._sysctls.get(f"net.netfilter.{name}", "")
        return int(text) if text.lstrip("-").isdigit() else default

    def seed(self, entries: tuple[ConntrackEntry, ...], now: int | None) -> None:
        """Put the captured table in: tuples, marks, states, timeouts from `now` on."""
        for entry in entries:
            original, reply = from_entry(entry.original, entry.protocol), from_entry(entry.reply, entry.protocol)
            connection = Connection(original, reply, entry.zone, {"CONFIRMED", "SNAT_DONE", "DNAT_DONE"}, entry.mark,
                                    helper=entry.helper, captured=True)
            if "UNREPLIED" not in entry.status:
                connection.flags.add("SEEN_REPLY")
            if "ASSURED" in entry.status:
                connection.flags.add("ASSURED")
            inverse = reply.inverse()
            if inverse.src != original.src or inverse.a != original.a:
                connection.flags.add("SNAT")
            if inverse.dst != original.dst or (not original.is_icmp and inverse.b != original.b):
                connection.flags.add("DNAT")
            if entry.state is not None and entry.protocol == Protocol.TCP:
                connection.tcp = TcpState.captured(entry.state)
            if now is not None and entry.timeout is not None:
                connection.expires = now + entry.timeout * SECOND
            self._insert(connection)

    def _insert(self, connection: Connection) -> None:
        self._table[(connection.zone, connection.original_tuple)] = (connection, False)
        self._table[(connection.zone, connection.reply_tuple)] = (connection, True)

    def remove(self, connection: Connection) -> None:
        """Delete an entry (nf_ct_kill)."""
        connection.flags.add("DYING")
        for key in ((connection.zone, connection.original_tuple), (connection.zone, connection.reply_tuple)):
            if key in self._table and self._table[key][0] is connection:
                del self._table[key]

    def rename(self, connection: Connection, reply: FlowTuple) -> None:
        """Give a connection the reply tuple that it turned out to have."""
        held = self._table.pop((connection.zone, connection.reply_tuple), None)
        if held is not None and held[0] is not connection:
            self._table[(connection.zone, connection.reply_tuple)] = held
        connection.reply_tuple = reply
        connection.flags.add("SNAT")
        if "CONFIRMED" in connection.flags:
            self._insert(connection)

    def find(self, wanted: FlowTuple, zone: int, now: int | None) -> tuple[Connection, bool] | None:
        """The live entry that holds this tuple, and whether it is its reply direction."""
        found = self._table.get((zone, wanted))
        if found is None:
            return None
        if now is not None and found[0].expires is not None and found[0].expires < now:
            self.remove(found[0])
            return None
        return found

    def taken(self, reply: FlowTuple, connection: Connection, now: int | None) -> bool:
        """True where another connection already holds this reply tuple (nf_nat_used_tuple)."""
        found = self.find(reply, connection.zone, now)
        return found is not None and found[0] is not connection

    def track(self, packet: Packet, zone: int, now: int | None) -> Tracking:
        """Classify a packet (nf_conntrack_in). Unconfirmed new connections are returned but not yet in the table."""
        if packet.is_icmp_error:
            return self._icmp_error(packet, zone, now)
        if packet.protocol == Protocol.ICMPV6 and packet.icmp_type in (130, 131, 132, 133, 134, 135, 136, 137, 143):
            return Tracking(None, "UNTRACKED", why="neighbour discovery and MLD are not tracked")
        wanted = tuple_of(packet)
        if wanted is None:
            return Tracking(None, "INVALID", why="its transport header is not complete")
        found = self.find(wanted, zone, now)
        if found is None:
            return self._new(packet, wanted, zone, now)
        connection, reply = found
        if packet.protocol == Protocol.TCP:
            verdict = tcp.advance(connection.tcp, packet, reply, "SEEN_REPLY" in connection.flags,
                                  "ASSURED" in connection.flags, self._setting("nf_conntrack_tcp_be_liberal", 0) != 0)
            if verdict is tcp.Advance.REOPEN:
                self.remove(connection)
                return self._new(packet, wanted, zone, now)
            if verdict is tcp.Advance.INVALID:
                return Tracking(None, "INVALID", reply, connection.tcp.why)
            if verdict is tcp.Advance.KILL:
                self.remove(connection)
        return self._known(connection, reply, now)

    def _known(self, connection: Connection, reply: bool, now: int | None) -> Tracking:
        if reply:
            connection.flags.add("SEEN_REPLY")
            state = "ESTABLISHED"
        elif "SEEN_REPLY" in connection.flags:
            state = "ESTABLISHED"
        else:
            state = "RELATED" if "EXPECTED" in connection.flags else "NEW"
        if connection.protocol == Protocol.TCP:
            if connection.tcp.name == "ESTABLISHED" and "SEEN_REPLY" in connection.flags:
                connection.flags.add("ASSURED")
        self._refresh(connection, now)
        return Tracking(connection, state, reply)

    def _new(self, packet: Packet, wanted: FlowTuple, zone: int, now: int | None) -> Tracking:
        state = TcpState()
        if packet.protocol == Protocol.TCP:
            if not tcp.opens(state, packet, self._setting("nf_conntrack_tcp_loose", 1) != 0):
                return Tracking(None, "INVALID", why="no connection is known, and this segment can't open one")
        openers = ICMP_OPENERS.get(Protocol(packet.protocol)) if packet.protocol in (1, 58) else None
        if openers is not None and packet.icmp_type not in openers:
            return Tracking(None, "INVALID", why="an ICMP reply to a request that is not known")
        connection = Connection(wanted, wanted.inverse(), zone, tcp=state)
        self._refresh(connection, now)
        return Tracking(connection, "NEW")

    def _icmp_error(self, packet: Packet, zone: int, now: int | None) -> Tracking:
        """RELATED, where the quoted packet belongs to a connection (nf_conntrack_inet_error)."""
        inner = tuple_of(packet.inner) if packet.inner is not None else None
        if inner is None:
            return Tracking(None, "INVALID", why="the packet that this ICMP error quotes can't be read")
        found = self.find(inner.inverse(), zone, now)
        if found is None:
            return Tracking(None, "INVALID", why="the packet that this ICMP error quotes belongs to no known connection")
        connection, reply = found
        tuple_found = connection.reply_tuple if reply else connection.original_tuple
        if packet.dst != tuple_found.dst:
            return Tracking(None, "INVALID", reply, "the ICMP error goes to another host than its quoted packet came from")
        return Tracking(connection, "RELATED", reply, "an ICMP error about this connection")

    def confirm(self, connection: Connection) -> None:
        """Enter the connection into the table, if it is not yet there (__nf_conntrack_confirm)."""
        if "CONFIRMED" in connection.flags or "DYING" in connection.flags:
            return
        connection.flags.add("CONFIRMED")
        self._insert(connection)

    def _refresh(self, connection: Connection, now: int | None) -> None:
        if now is None:
            return
        seen = "SEEN_REPLY" in connection.flags
        if connection.protocol == Protocol.TCP:
            default, name = tcp.TIMEOUTS[connection.tcp.name]
            seconds = self._setting(f"nf_conntrack_tcp_timeout_{name}", default)
        elif connection.protocol == Protocol.UDP:
            stream = seen and connection.udp_since is not None and now - connection.udp_since >= 2 * SECOND
            seconds = self._setting("nf_conntrack_udp_timeout_stream", _UDP_STREAM) if stream else self._setting(
                "nf_conntrack_udp_timeout", _UDP_TIMEOUT)
            if connection.udp_since is None:
                connection.udp_since = now
        elif connection.protocol in (Protocol.ICMP, Protocol.ICMPV6):
            seconds = self._setting("nf_conntrack_icmp_timeout", _ICMP_TIMEOUT)
        else:
            seconds = self._setting("nf_conntrack_generic_timeout", _GENERIC)
        connection.expires = now + seconds * SECOND
