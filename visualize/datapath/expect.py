"""Expectations: connections that conntrack's helpers wait for, and that are RELATED when they come (nf_conntrack_expect.c).

They come from the captured list, and from what ftp and tftp helpers read in the packets of the replay, where their payload was captured.
What only the payload of other helpers, or a payload that was cut, could tell is a doubt.
"""

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, ip_address

from snapshot.host.conntrack import ExpectedEntry
from snapshot.host.link import IPAddress
from visualize.datapath.conntrack import SECOND, Connection, Tracking
from visualize.datapath.tuples import FlowTuple
from visualize.packet.packet import Packet, Protocol

_READ = {"ftp", "tftp"}
_LIFE = 300 * SECOND
_MANGLED = "NAT rewrites the address in the payload: its length may change, which is not modelled"
_PORT = re.compile(rb"^(?:PORT |227 [^\r\n]*?\(?)(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", re.IGNORECASE)
_EPRT = re.compile(rb"^EPRT (.)([12])\1([0-9a-fA-F.:]+)\1(\d+)\1", re.IGNORECASE)
_EPSV = re.compile(rb"^229 [^\r\n]*?\((.)\1\1(\d+)\1\)", re.IGNORECASE)
STANDARD = {("tcp", 21): "ftp", ("udp", 69): "tftp", ("udp", 5060): "sip", ("tcp", 5060): "sip", ("tcp", 6667): "irc", ("udp", 10080): "amanda",
            ("udp", 137): "netbios-ns", ("tcp", 1720): "Q.931", ("tcp", 1723): "pptp", ("tcp", 6566): "sane", ("udp", 161): "snmp"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One connection that is waited for. `master` is the connection that told of it, None for a captured one."""

    source: IPAddress | None
    destination: IPAddress
    protocol: int
    dport: int | None
    helper: str | None
    expires: int | None = None
    master: Connection | None = None
    reply: bool = False  # the direction that the expected connection has, seen from its master
    saved_port: int | None = None  # the port before NAT

    def fits(self, wanted: FlowTuple, now: int | None) -> bool:
        """nf_ct_find_expectation."""
        if now is not None and self.expires is not None and self.expires < now:
            return False
        return (self.protocol == wanted.protocol and self.destination == wanted.dst and self.source in (None, wanted.src)
                and self.dport in (None, wanted.b))


@dataclass(slots=True)
class Expectations:
    """Those of one namespace."""

    waiting: list[Expectation] = field(default_factory=list)

    def seed(self, entries: tuple[ExpectedEntry, ...], now: int | None) -> None:
        """The captured ones."""
        for entry in entries:
            expires = now + entry.timeout * SECOND if now is not None and entry.timeout is not None else None
            source = entry.source if int(entry.source) else None
            self.waiting.append(Expectation(source, entry.destination, entry.protocol, entry.destination_port, entry.helper, expires))

    def take(self, tracking: Tracking, now: int | None) -> Tracking:
        """A new connection that was expected is RELATED, and has its master's mark and NAT (init_conntrack)."""
        connection = tracking.connection
        if connection is None or tracking.state != "NEW" or "CONFIRMED" in connection.flags or "EXPECTED" in connection.flags:
            return tracking
        found = next((one for one in self.waiting if one.fits(connection.original_tuple, now)), None)
        if found is None:
            return tracking
        self.waiting.remove(found)
        connection.flags.add("EXPECTED")
        connection.master_helper = found.helper
        if found.master is not None:
            connection.mark = found.master.mark
            _follow_master(connection, found.master, found)
        return replace(tracking, state="RELATED", why=f"the {found.helper or 'a'} helper expected it")


def _follow_master(connection: Connection, master: Connection, found: Expectation) -> None:
    """nf_nat_follow_master: both ends are those that the master's own ends have, behind NAT."""
    if not {"SNAT", "DNAT"} & master.flags:
        return
    other = master.original_tuple if found.reply else master.reply_tuple
    mapped = connection.reply_tuple.inverse()._replace(src=_there(master, found), dst=other.src, b=found.saved_port or connection.original_tuple.b)
    if mapped.src != connection.original_tuple.src:
        connection.flags.add("SNAT")
    if (mapped.dst, mapped.b) != (connection.original_tuple.dst, connection.original_tuple.b):
        connection.flags.add("DNAT")
    connection.reply_tuple = mapped.inverse()
    connection.flags |= {"SNAT_DONE", "DNAT_DONE"}


def _there(master: Connection, found: Expectation) -> IPAddress:
    return master.original_tuple.dst if found.reply else master.reply_tuple.dst


def standard_helper(connection: Connection) -> str | None:
    """The helper of a connection's server port, where helpers are assigned by themselves (nf_conntrack_helper, before Linux 6.0)."""
    name = {6: "tcp", 17: "udp"}.get(connection.protocol, "")
    return STANDARD.get((name, connection.reply_tuple.a))


def listen(expectations: Expectations, packet: Packet, tracking: Tracking, now: int | None) -> str:
    """What a helper reads in a packet that has passed all hooks (nf_ct_helper). A doubt in words where it can't be read, or ""."""
    connection = tracking.connection
    helper = connection.helper if connection is not None else None
    if connection is None or helper is None:
        return ""
    name = helper.partition("-")[0]
    if name not in _READ:
        return ""
    if name == "tftp":
        return _tftp(expectations, packet, connection, tracking.reply, now)
    return _ftp(expectations, packet, connection, tracking, now)


def _payload(packet: Packet) -> bytes | None:
    """The transport payload as captured; None where it was cut."""
    offset = packet.header_length + (8 if packet.protocol == Protocol.UDP else 0)
    if packet.protocol == Protocol.TCP:
        if len(packet.raw) < packet.header_length + 13:
            return None
        offset += (packet.raw[packet.header_length + 12] >> 4) * 4
    return packet.raw[offset:packet.length] if len(packet.raw) >= packet.length else None


def _tftp(expectations: Expectations, packet: Packet, connection: Connection, reply: bool, now: int | None) -> str:
    """tftp_help: the server answers from a port of its own."""
    data = _payload(packet)
    if data is None or len(data) < 2:
        return "the tftp helper reads a payload that was cut"
    if data[:2] not in (b"\0\1", b"\0\2") or reply:
        return ""
    back = connection.reply_tuple
    expires = None if now is None else now + _LIFE
    expectations.waiting.append(Expectation(back.src, back.dst, int(Protocol.UDP), back.b, "tftp", expires, connection, True,
                                            connection.original_tuple.a))
    return ""


def _ftp(expectations: Expectations, packet: Packet, connection: Connection, tracking: Tracking, now: int | None) -> str:
    """nf_conntrack_ftp's help: PORT and EPRT of the client, 227 and 229 of the server."""
    if tracking.state != "ESTABLISHED" or not packet.transport_length:
        return ""
    data = _payload(packet)
    if data is None:
        return "the ftp helper reads a payload that was cut"
    told = _told(data, tracking.reply) if _begins_line(connection, packet, data, tracking.reply) else None
    if told is None:
        return ""
    address, port = told
    same = connection.reply_tuple if tracking.reply else connection.original_tuple
    other = connection.original_tuple if tracking.reply else connection.reply_tuple
    if address is not None and address.version == same.src.version and address != same.src:
        return ""  # an address of a third party: not without the helper's `loose`
    expectations.waiting.append(Expectation(other.src, other.dst, int(Protocol.TCP), port, "ftp", None if now is None else now + _LIFE, connection,
                                            not tracking.reply, port))
    return _MANGLED if {"SNAT", "DNAT"} & connection.flags else ""


def _begins_line(connection: Connection, packet: Packet, data: bytes, reply: bool) -> bool:
    """find_nl_seq: only what follows a newline that the helper has seen itself is read; two of them are remembered."""
    known, sequence = connection.lines[reply], packet.seq or 0
    begins = sequence in known or (connection.captured and not known)
    if data.endswith(b"\n"):
        known.append(sequence + len(data) & 0xFFFFFFFF)
        del known[:-2]
    return begins


def _told(data: bytes, reply: bool) -> tuple[IPAddress | None, int] | None:
    """The address (None: the sender's) and the port that a line names."""
    numbers = _PORT.match(data)
    if numbers is not None and data.startswith(b"227") == reply:
        values = [int(value) for value in numbers.groups()]
        return (IPv4Address(bytes(values[:4])), values[4] * 256 + values[5]) if max(values) < 256 else None
    extended = _EPSV.match(data) if reply else _EPRT.match(data)
    if extended is None:
        return None
    if reply:
        return None, int(extended[2])
    try:
        return ip_address(extended[3].decode()), int(extended[4])
    except ValueError:
        return None
