"""Connection tracking: which connection a packet belongs to, in which direction, in which state (nf_conntrack_core.c).

A new connection stays unconfirmed until its packet has passed the last hook; a packet that is dropped before leaves no entry.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from snapshot.host.conntrack import ConntrackEntry, Tuple
from snapshot.host.link import IPAddress
from snapshot.host.quick import quick
from visualize.datapath import tcp
from visualize.datapath.tcp import State as TcpState
from visualize.datapath.tuples import ICMP_OPENERS, FlowTuple, from_entry, tuple_of
from visualize.packet.packet import Packet, Protocol

SECOND = 1_000_000_000


class Zone(NamedTuple):
    """The zone of each direction (struct nf_conntrack_zone): an entry's tuples are keyed by them."""

    original: int = 0
    reply: int = 0

    def of(self, reply: bool) -> int:
        """nf_ct_zone_id."""
        return self.reply if reply else self.original


NO_ZONE = Zone()
_COUNTERS = re.compile(r"packets=(\d+) bytes=(\d+)")
_GONE = 120 * SECOND  # behind its timeout, when gc_worker() is sure to have deleted an entry: it scans the table at least once a minute
_UDP_TIMEOUT, _UDP_STREAM, _ICMP_TIMEOUT, _GENERIC = 30, 120, 30, 600


@dataclass(slots=True, eq=False)
class Connection:
    """One connection (struct nf_conn). `flags`: SEEN_REPLY ASSURED CONFIRMED EXPECTED SNAT DNAT SNAT_DONE DNAT_DONE DYING."""

    original_tuple: FlowTuple
    reply_tuple: FlowTuple
    zones: Zone = NO_ZONE
    flags: set[str] = field(default_factory=set)
    mark: int = 0
    tcp: TcpState = field(default_factory=TcpState)
    expires: int | None = None  # capture clock, ns
    helper: str | None = None
    lines: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))  # ftp: where the next line may begin, by direction
    unread: bool = False  # its helper could not read a payload that was cut
    master_helper: str | None = None  # of the connection that expected this one
    labels: str | None = None
    masquerade_interface: str | None = None
    captured: bool = False  # seeded from the captured table
    sure_until: int | None = None  # of a captured one that no packet has renewed: it lives up to then, and perhaps beyond (capture clock, ns)
    aged: str = ""  # why it may have expired, and be another one by now
    lot: str = ""  # why NAT drew its port or id by lot, as long as nothing has told which
    lot_source: bool = True  # it is the source's port that was drawn
    udp_since: int | None = None
    flow: int = 0  # the number that the replay gave it; 0: none yet
    carried: list[list[int]] | None = None  # [packets, bytes] of the original direction, then of the reply; None: not known

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

    def count(self, reply: bool, size: int) -> None:
        """One more packet (nf_ct_acct_update): one that renews the timeout, or kills the entry."""
        if self.carried is not None:
            self.carried[reply][0] += 1
            self.carried[reply][1] += size

    def counted(self, now: int | None) -> bool:
        """Whether connlimit counts it: in the table, and not closed (find_or_evict, already_closed in nf_conncount.c)."""
        gone = "DYING" in self.flags or "CONFIRMED" not in self.flags or (now is not None and self.expires is not None and self.expires < now)
        return not gone and self.tcp.name not in ("TIME_WAIT", "CLOSE")

    @property
    def zone(self) -> int:
        """The zone of the original direction."""
        return self.zones.original


@quick
@dataclass(frozen=True, slots=True)
class Tracking:
    """What conntrack says of one packet: its connection (None: INVALID or untracked), the state, and the direction."""

    connection: Connection | None
    state: str  # NEW ESTABLISHED RELATED INVALID UNTRACKED
    reply: bool = False
    why: str = ""
    guess: str = ""  # what was taken for granted to find the connection
    fresh: bool = False  # the packet has opened the connection


UNTRACKED = Tracking(None, "UNTRACKED", why="a NOTRACK rule")


def _keys(connection: Connection) -> tuple[tuple[int, bool, FlowTuple], tuple[int, bool, FlowTuple]]:
    zones = connection.zones
    return (zones.original, False, connection.original_tuple), (zones.reply, True, connection.reply_tuple)


def _source_key(zone: Zone, one: FlowTuple) -> tuple[int, int, IPAddress, int]:
    return zone.original, one.protocol, one.src, one.a


def _gone(connection: Connection, now: int | None) -> bool:
    """Whether an entry expired so long ago that it is sure to be deleted."""
    return now is not None and connection.expires is not None and connection.expires + _GONE < now


def _but_for_lot(connection: Connection, reply: FlowTuple) -> FlowTuple:
    """A reply tuple without the port or id that was drawn: the reply goes to a source port, and comes from a destination port."""
    return reply._replace(a=0) if reply.is_icmp or not connection.lot_source else reply._replace(b=0)


def _carried(text: str) -> list[list[int]] | None:
    """What a captured entry tells of packets and bytes (with net.netfilter.nf_conntrack_acct)."""
    found = [[int(packets), int(size)] for packets, size in _COUNTERS.findall(text)]
    return found if len(found) == 2 else None


class Tracker:
    """The table of one namespace."""

    def __init__(self, sysctls: Mapping[str, str] | None, release: tuple[int, int] = (6, 18)) -> None:
        """`release`: the kernel's version, whose age decides about segments from before the window."""
        self._table: dict[tuple[int, bool, FlowTuple], Connection] = {}  # by the direction's zone, the direction, the tuple
        self._sysctls = sysctls or {}
        self._trusting = False
        self._tcp = tcp.Rules(self._setting("nf_conntrack_tcp_loose", 1) != 0, self._setting("nf_conntrack_tcp_be_liberal", 0) != 0,
                              self._setting("nf_conntrack_tcp_ignore_invalid_rst", 0) != 0, release >= (6, 1))
        self._tracks_dccp = any("nf_conntrack_dccp" in name for name in self._sysctls) if self._sysctls else release < (6, 17)
        self._by_source: dict[tuple[int, int, IPAddress, int], list[Connection]] = {}
        self._lots: dict[Connection, None] = {}  # ordered sets
        self._helped: dict[Connection, None] = {}
        self._most = 4096  # keys in the table when it is swept next

    def _setting(self, name: str, default: int) -> int:
        text = self._sysctls.get(f"net.netfilter.{name}", "")
        return int(text) if text.lstrip("-").isdigit() else default

    def tuple_of(self, packet: Packet) -> FlowTuple | None:
        """A packet's tuple; DCCP has ports in it only on kernels that track DCCP, which Linux 6.17 no longer does."""
        if packet.protocol == Protocol.DCCP and not self._tracks_dccp:
            return FlowTuple(packet.src, packet.dst, packet.protocol)
        return tuple_of(packet)

    def seed(self, entries: tuple[ConntrackEntry, ...], now: int | None, captured: int | None = None) -> None:
        """Put the captured table in: tuples, marks, states, timeouts from `now` on.

        They ran from the moment the table was read, at or after `captured` (ns): where that was before `now`, none is sure to live as long.
        """
        for entry in entries:
            original, reply = from_entry(entry.original, entry.protocol), from_entry(entry.reply, entry.protocol)
            connection = Connection(original, reply, Zone(entry.zone, entry.reply_zone), {"CONFIRMED", "SNAT_DONE", "DNAT_DONE"}, entry.mark,
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
            connection.carried = _carried(entry.text)
            if entry.state is not None and entry.protocol == Protocol.TCP:
                connection.tcp = TcpState.captured(entry.state)
            if now is not None and entry.timeout is not None:
                connection.expires = now + entry.timeout * SECOND
                connection.sure_until = captured + entry.timeout * SECOND if captured is not None and captured < now else None
                connection.udp_since = now - 3 * SECOND if "ASSURED" in entry.status else now
            self._insert(connection)

    def all(self) -> Iterator[Connection]:
        """Every connection in the table, once."""
        return (connection for (_, reply, _), connection in self._table.items() if not reply)

    def _insert(self, connection: Connection) -> None:
        for key in _keys(connection):
            self._table[key] = connection
        self._by_source.setdefault(_source_key(connection.zones, connection.original_tuple), []).append(connection)
        if connection.lot:
            self._lots[connection] = None
        if connection.helper is not None:
            self._helped[connection] = None

    def remove(self, connection: Connection) -> None:
        """Delete an entry (nf_ct_kill)."""
        connection.flags.add("DYING")
        for key in _keys(connection):
            if self._table.get(key) is connection:
                del self._table[key]
        source = _source_key(connection.zones, connection.original_tuple)
        held = self._by_source.get(source, [])
        if connection in held:
            held.remove(connection)
            if not held:
                del self._by_source[source]
        self._lots.pop(connection, None)
        self._helped.pop(connection, None)

    def _sweep(self, now: int | None) -> None:
        """Delete entries that are sure to be gone (gc_worker), so that memory follows those that live. Helpers' stay: what they expect may come."""
        gone = [one for one in self.all() if _gone(one, now) and one.helper is None]
        for one in gone:
            self.remove(one)
        self._most = max(self._most, 2 * len(self._table))

    def rename(self, connection: Connection, reply: FlowTuple) -> None:
        """Give a connection the reply tuple that it turned out to have: what was drawn by lot is known now."""
        held = "CONFIRMED" in connection.flags and "DYING" not in connection.flags
        if held:
            self.remove(connection)
            connection.flags.discard("DYING")
        connection.reply_tuple = reply
        connection.lot = ""
        if held:
            self._insert(connection)

    def find(self, wanted: FlowTuple, zone: Zone, now: int | None) -> tuple[Connection, bool] | None:
        """The live entry that holds this tuple, and whether it is its reply direction."""
        for reply in (True, False):  # the reply direction was hashed last, so it is found first where both are the same
            found = self._alive((zone.of(reply), reply, wanted), now)
            if found is not None:
                return found, reply
        return None

    def _alive(self, key: "tuple[int, bool, FlowTuple]", now: int | None) -> Connection | None:
        found = self._table.get(key)
        if found is not None and now is not None and found.expires is not None and found.expires < now:
            self.remove(found)
            return None
        return found

    def _holder(self, wanted: FlowTuple, number: int, now: int | None) -> tuple[Connection, bool] | None:
        """The live entry that holds a tuple in a zone, whichever its direction."""
        return self.find(wanted, Zone(number, number), now)

    def taken(self, reply: FlowTuple, connection: Connection, now: int | None) -> bool:
        """True where another connection already holds this reply tuple (nf_conntrack_tuple_taken)."""
        found = self._holder(reply, connection.zones.reply, now)
        return found is not None and found[0] is not connection and (
            found[0].original_tuple != connection.original_tuple or found[0].zone != connection.zone)

    def mapped(self, current: FlowTuple, zone: Zone, now: int | None, fits: Callable[[FlowTuple], bool]) -> FlowTuple | None:
        """How the latest other connection of the same source was mapped, where that fits (find_appropriate_src)."""
        for other in reversed(self._by_source.get(_source_key(zone, current), ())):
            if _gone(other, now):
                continue
            source = other.reply_tuple.inverse()
            candidate = current._replace(src=source.src, a=source.a)
            if fits(candidate):
                return candidate
        return None

    def make_way(self, reply: FlowTuple, connection: Connection, now: int | None) -> bool:
        """Whether a reply tuple is free, or is made so by evicting a TCP connection that is over (nf_nat_used_tuple_harder)."""
        found = self._holder(reply, connection.zones.reply, now)
        if found is None:
            return True
        other, is_reply = found
        advanced = other.tcp.sides[0].end - connection.tcp.sides[0].end & 0xFFFFFFFF > 0x7FFFFFFF
        if not is_reply or other.tcp.name not in ("TIME_WAIT", "CLOSE", "SYN_SENT2") or "SNAT" not in other.flags or not advanced:
            return False
        self.remove(other)
        return True

    def _drawn(self, wanted: FlowTuple, zone: Zone, now: int | None) -> list[Connection]:
        """Connections whose reply this may be, as far as is known: all agrees but for what NAT drew by lot."""
        return [one for one in self._lots if one.zones.reply == zone.reply and _but_for_lot(one, one.reply_tuple) == _but_for_lot(one, wanted)
                and not (now is not None and one.expires is not None and one.expires < now)]

    def _recognized(self, wanted: FlowTuple, zone: Zone, now: int | None) -> tuple[tuple[Connection, bool] | None, str]:
        """`find`; where nothing is found, the one connection whose drawn port this would tell, and the guess in words."""
        found = self.find(wanted, zone, now)
        if found is not None:
            return found, self._aged(found[0], now)
        candidates = self._drawn(wanted, zone, now)
        if not candidates:
            return None, ""
        if len(candidates) > 1:
            return None, f"{wanted.describe()} may belong to one of {len(candidates)} connections whose ports NAT drew by lot"
        self.rename(candidates[0], wanted)
        return (candidates[0], True), f"taken for an answer to {candidates[0].original_tuple.describe()}, whose port NAT drew by lot"

    @staticmethod
    def _aged(connection: Connection, now: int | None) -> str:
        """Why a captured entry may have expired between the snapshot and this packet, or an earlier one that found it."""
        if connection.sure_until is not None and now is not None and now >= connection.sure_until:
            connection.aged = ("its captured entry may have expired before the capture showed a packet of it: this connection may then be "
                               "a new one, which met the nat table")
        return connection.aged

    def may_expect(self, new: Connection) -> Connection | None:
        """A connection between the same hosts whose helper may expect more than has been read: of another kind, captured, or cut."""
        ends = {new.original_tuple.src, new.original_tuple.dst}
        for one in self._helped:
            read = one.helper in ("ftp", "tftp") and not one.captured and not one.unread
            theirs = {one.original_tuple.src, one.original_tuple.dst, one.reply_tuple.src, one.reply_tuple.dst}
            if not read and "DYING" not in one.flags and ends <= theirs:
                return one
        return None

    def trust(self) -> None:
        """Take every segment to be in its window and no entry to expire: for connections of which this is known, and that are seen in parts."""
        self._tcp, self._trusting = replace(self._tcp, liberal=True), True

    def track(self, packet: Packet, zone: Zone, now: int | None) -> Tracking:
        """Classify a packet (nf_conntrack_in). Unconfirmed new connections are returned but not yet in the table."""
        if packet.is_icmp_error:
            return self._icmp_error(packet, zone, now)
        if packet.protocol == Protocol.ICMPV6 and packet.icmp_type in (130, 131, 132, 133, 134, 135, 136, 137, 143):
            return Tracking(None, "UNTRACKED", why="neighbour discovery and MLD are not tracked")
        wanted = self.tuple_of(packet)
        if wanted is None:
            return Tracking(None, "INVALID", why="its transport header is not complete")
        return self.track_as(packet, wanted, zone, now)

    def track_as(self, packet: Packet, wanted: FlowTuple, zone: Zone, now: int | None) -> Tracking:
        """The same for a packet whose tuple is known, and that is no ICMP error."""
        found, guess = self._recognized(wanted, zone, now)
        if packet.protocol == Protocol.SCTP and not (found is None and packet.raw[packet.header_length + 12:packet.header_length + 13] == b"\x01"):
            guess = guess or "SCTP's states and verification tags are not modelled: conntrack may call this packet INVALID"
        if found is None:
            new = self._new(packet, wanted, zone, now)
            return replace(new, guess=guess) if guess else new
        connection, reply = found
        if packet.protocol == Protocol.TCP:
            verdict = self._advance(connection, packet, reply)
            if verdict is tcp.Advance.REOPEN:
                self.remove(connection)
                return self._new(packet, wanted, zone, now)
            if verdict is tcp.Advance.INVALID:
                return Tracking(None, "INVALID", reply, connection.tcp.why, guess or connection.tcp.guess)
            if verdict in (tcp.Advance.KILL, tcp.Advance.ACCEPT):
                connection.count(reply, packet.length)
            if verdict is tcp.Advance.KILL:
                self.remove(connection)
            elif verdict is tcp.Advance.ACCEPT:
                self._refresh(connection, now)
        else:
            connection.count(reply, packet.length)
            self._refresh(connection, now)
            if self._streams(connection, now):
                connection.flags.add("ASSURED")
        return self._known(connection, reply, guess or connection.tcp.guess)

    def _advance(self, connection: Connection, packet: Packet, reply: bool) -> tcp.Advance:
        """The TCP state machine; a valid segment of a connection that both ends know makes it ASSURED."""
        seen, old = "SEEN_REPLY" in connection.flags, connection.tcp.name
        verdict = tcp.advance(connection.tcp, packet, reply, seen, "ASSURED" in connection.flags, self._tcp)
        if verdict is tcp.Advance.ACCEPT and seen and old in ("SYN_RECV", "ESTABLISHED") and connection.tcp.name == "ESTABLISHED":
            connection.flags.add("ASSURED")
        return verdict

    @staticmethod
    def _known(connection: Connection, reply: bool, guess: str) -> Tracking:
        if reply:
            connection.flags.add("SEEN_REPLY")
            state = "ESTABLISHED"
        elif "SEEN_REPLY" in connection.flags:
            state = "ESTABLISHED"
        else:
            state = "RELATED" if "EXPECTED" in connection.flags else "NEW"
        return Tracking(connection, state, reply, guess=guess)

    def _new(self, packet: Packet, wanted: FlowTuple, zone: Zone, now: int | None) -> Tracking:
        state = TcpState()
        if packet.protocol == Protocol.TCP:
            if not tcp.opens(state, packet, self._tcp.loose):
                return Tracking(None, "INVALID", why="no connection is known, and this segment can't open one")
        openers = ICMP_OPENERS.get(Protocol(packet.protocol)) if packet.protocol in (1, 58) else None
        if openers is not None and packet.icmp_type not in openers:
            return Tracking(None, "INVALID", why="an ICMP reply to a request that is not known")
        connection = Connection(wanted, wanted.inverse(), zone, tcp=state, carried=[[0, 0], [0, 0]])
        self._refresh(connection, now)
        connection.count(False, packet.length)
        return Tracking(connection, "NEW", fresh=True)

    def _icmp_error(self, packet: Packet, zone: Zone, now: int | None) -> Tracking:
        """RELATED, where the quoted packet belongs to a connection (nf_conntrack_inet_error)."""
        inner = self.tuple_of(packet.inner) if packet.inner is not None else None
        if inner is None:
            return Tracking(None, "INVALID", why="the packet that this ICMP error quotes can't be read")
        found, guess = self._recognized(inner.inverse(), zone, now)
        if found is None:
            return Tracking(None, "INVALID", why="the packet that this ICMP error quotes belongs to no known connection", guess=guess)
        connection, reply = found
        tuple_found = connection.reply_tuple if reply else connection.original_tuple
        if packet.dst != tuple_found.dst:
            return Tracking(None, "INVALID", reply, "the ICMP error goes to another host than its quoted packet came from")
        return Tracking(connection, "RELATED", reply, "an ICMP error about this connection", guess)

    def confirm(self, connection: Connection, now: int | None) -> bool:
        """Enter the connection into the table, if it is not yet there; False where another one holds its tuple (__nf_conntrack_confirm)."""
        if "CONFIRMED" in connection.flags or "DYING" in connection.flags:
            return True
        for number, _, one in _keys(connection):
            if self._holder(one, number, now) is not None:
                return False
        connection.flags.add("CONFIRMED")
        self._insert(connection)
        if len(self._table) > self._most:
            self._sweep(now)
        return True

    @staticmethod
    def _streams(connection: Connection, now: int | None) -> bool:
        """UDP both ways, two seconds after the first packet (nf_conntrack_udp_packet)."""
        since = connection.udp_since if connection.protocol == Protocol.UDP and not connection.captured else None
        return since is not None and now is not None and "SEEN_REPLY" in connection.flags and now - since > 2 * SECOND

    def _refresh(self, connection: Connection, now: int | None) -> None:
        """nf_ct_refresh: how long the entry lives on, counted from this packet."""
        if now is None:
            return
        connection.sure_until = None
        connection.expires = None if self._trusting else now + self._seconds(connection, now) * SECOND

    def _seconds(self, connection: Connection, now: int) -> int:
        seen = "SEEN_REPLY" in connection.flags
        match connection.protocol:
            case Protocol.TCP:
                return self._tcp_seconds(connection, seen)
            case Protocol.UDP | Protocol.UDPLITE:
                return self._udp_seconds(connection, now, seen)
            case Protocol.ICMP:
                return self._setting("nf_conntrack_icmp_timeout", _ICMP_TIMEOUT)
            case Protocol.ICMPV6:
                return self._setting("nf_conntrack_icmpv6_timeout", _ICMP_TIMEOUT)
            case Protocol.GRE:
                if seen:
                    connection.flags.add("ASSURED")
                return self._setting("nf_conntrack_gre_timeout_stream", 180) if seen else self._setting("nf_conntrack_gre_timeout", 30)
            case _:
                return self._setting("nf_conntrack_generic_timeout", _GENERIC)

    def _tcp_seconds(self, connection: Connection, seen: bool) -> int:
        """The state's timeout; that of `unacknowledged` where data was not acknowledged, or nothing came back yet."""
        default, name = tcp.TIMEOUTS[connection.tcp.name]
        seconds = self._setting(f"nf_conntrack_tcp_timeout_{name}", default)
        waiting = any(side.unacknowledged for side in connection.tcp.sides) or (connection.tcp.name == "ESTABLISHED" and not seen)
        if connection.tcp.last_row == "rst":
            return self._setting("nf_conntrack_tcp_timeout_close", 10)
        return min(seconds, self._setting("nf_conntrack_tcp_timeout_unacknowledged", 300)) if waiting else seconds

    def _udp_seconds(self, connection: Connection, now: int, seen: bool) -> int:
        """nf_conntrack_udp_packet: a stream after two seconds, ASSURED from then on."""
        if connection.udp_since is None:
            connection.udp_since = now
        if seen and now - connection.udp_since > 2 * SECOND:
            connection.flags.add("ASSURED")
            return self._setting("nf_conntrack_udp_timeout_stream", _UDP_STREAM)
        return self._setting("nf_conntrack_udp_timeout", _UDP_TIMEOUT)
