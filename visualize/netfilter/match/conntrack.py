"""`-m conntrack`: what connection tracking knows of the packet (conntrack_mt in xt_conntrack.c).

    -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    -A FORWARD -m conntrack --ctorigdst 10.0.0.1/32 --ctorigdstport 80 --ctdir ORIGINAL -j ACCEPT

A packet without a connection is INVALID (or UNTRACKED); every option but --ctstate then says no, also when negated. Behind `-j CT` in raw
it has a template for one: NEW, CONFIRMED, of the original direction, and all else of it is 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from snapshot.host.conntrack import Tuple
from snapshot.host.firewall import Clause, Option
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, Truth, decide, no, unknown
from visualize.netfilter.bucket import MARGIN
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import ConnectionView, Here
from visualize.netfilter.options import network, not_known, number_range, port_range, word, words
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet, Protocol

STATES = frozenset({"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"})
STATUSES = frozenset({"NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"})
ConnectionCheck = Callable[[ConnectionView, Here], Answer]


def state_of(here: Here) -> str:
    """The state that a match sees: a packet that tracking has not looked at is INVALID."""
    return here.ctstate or "INVALID"


def states(option: Option, known: frozenset[str]) -> frozenset[str]:
    """The names of a comma-separated list. Raises BindError for one that is not `known`."""
    names = frozenset(name.upper() for name in words(option))
    if not names <= known:
        raise BindError(f"{option.name} {','.join(sorted(names - known))} is not known")
    return names


def state_check(option: Option, wanted: frozenset[str], here: Here) -> Answer:
    """--ctstate and --state: the packet's state, or a connection that NAT has rewritten, is in the list."""
    here.read.add("ctstate")
    state = state_of(here)
    return decide(state in wanted or not wanted.isdisjoint(here.translated), f"state is {state}", option.negated)


def _address_check(option: Option, side: str, pick: Callable[[ConnectionView], IPAddress]) -> ConnectionCheck:
    wanted = network(word(option))

    def check(connection: ConnectionView, here: Here) -> Answer:
        address = pick(connection)
        return decide(address in wanted, f"the connection's {side} is {address}", option.negated)

    return check


def _wire_port(one: Tuple, source: bool) -> int | None:
    """The 16 bits that the kernel compares: a port, or for ICMP the id (source) and type and code (destination)."""
    if one.icmp_type is None:
        return one.source_port if source else one.destination_port
    return one.icmp_id if source else one.icmp_type << 8 | (one.icmp_code or 0)


def _port_check(option: Option, side: str, original: bool, source: bool) -> ConnectionCheck:
    first, last = port_range(word(option))

    def check(connection: ConnectionView, here: Here) -> Answer:
        port = _wire_port(connection.original if original else connection.reply, source)
        return decide(first <= (port or 0) <= last, f"the connection's {side} is {port or 0}", option.negated)

    return check


def _protocol_check(option: Option) -> ConnectionCheck:
    number = protocol_number(word(option))
    if number is None:
        raise BindError(f"protocol {word(option)!r} is not known")

    def check(connection: ConnectionView, here: Here) -> Answer:
        return decide(connection.protocol == number, f"the connection's protocol is {connection.protocol}", option.negated)

    return check


def _may_be_assured(connection: ConnectionView) -> bool:
    """A captured UDP connection turns ASSURED with a packet 2 s after its first one, and when that was is not captured."""
    return connection.captured and connection.protocol == Protocol.UDP and {"SEEN_REPLY", "ASSURED"} & connection.status == {"SEEN_REPLY"}


def _direction_check(option: Option) -> ConnectionCheck:
    wanted = word(option).upper()
    if wanted not in ("ORIGINAL", "REPLY"):
        raise BindError(f"--ctdir {wanted} is not known")

    def check(connection: ConnectionView, here: Here) -> Answer:
        direction = "REPLY" if here.reply_direction else "ORIGINAL"
        return decide(direction == wanted, f"direction is {direction}", option.negated)

    return check


def _status_check(option: Option) -> ConnectionCheck:
    wanted = states(option, STATUSES) - {"NONE"}  # NONE is no bit at all, and so never there

    def check(connection: ConnectionView, here: Here) -> Answer:
        has = ",".join(sorted(connection.status)) or "NONE"
        if "ASSURED" in wanted and not connection.status & wanted and _may_be_assured(connection):
            return unknown("--ctstatus ASSURED: how long ago a captured UDP connection began is not known", True, weak=False).negate(option.negated)
        return decide(bool(connection.status & wanted), f"status is {has}", option.negated)

    return check


def _expire_check(option: Option) -> ConnectionCheck:
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(connection: ConnectionView, here: Here) -> Answer:
        if (first, last) == (0, 0xFFFFFFFF):
            return decide(True, "any time left is excluded", option.negated)
        if "CONFIRMED" not in connection.status:  # its time is not yet counted from now on (nf_ct_expires): 0 but for some minutes after boot
            return unknown("--ctexpire: a connection that is not confirmed has 0 s left, but not right after boot", first == 0,
                           weak=False).negate(option.negated)
        if connection.expires is None or here.time_ns is None or _may_be_assured(connection):
            return unknown("--ctexpire: how long the connection has left is not known").negate(option.negated)
        left = max(0, connection.expires - here.time_ns) / 1e9
        says = {first <= int(seconds) <= last for seconds in (max(0.0, left - MARGIN), left + MARGIN)}
        if len(says) > 1:
            just = unknown(f"--ctexpire: the connection has just about {left:.2f} s left", first <= int(left) <= last, weak=False)
            return just.negate(option.negated)
        return decide(says == {True}, f"the connection has {left:.1f} s left", option.negated)

    return check


def _connection_check(option: Option) -> ConnectionCheck:
    match option.name:
        case "--ctproto":
            return _protocol_check(option)
        case "--ctorigsrc":
            return _address_check(option, "original source", lambda c: c.original.source)
        case "--ctorigdst":
            return _address_check(option, "original destination", lambda c: c.original.destination)
        case "--ctreplsrc":
            return _address_check(option, "reply source", lambda c: c.reply.source)
        case "--ctrepldst":
            return _address_check(option, "reply destination", lambda c: c.reply.destination)
        case "--ctorigsrcport":
            return _port_check(option, "original source port", True, True)
        case "--ctorigdstport":
            return _port_check(option, "original destination port", True, False)
        case "--ctreplsrcport":
            return _port_check(option, "reply source port", False, True)
        case "--ctrepldstport":
            return _port_check(option, "reply destination port", False, False)
        case "--ctstatus":
            return _status_check(option)
        case "--ctdir":
            return _direction_check(option)
        case "--ctexpire":
            return _expire_check(option)
        case _:
            raise not_known(option)


@dataclass(slots=True)
class Template:
    """What `-j CT` hangs on a packet in raw (nf_ct_tmpl_alloc, xt_ct_tg_check): a connection whose fields are 0, and CONFIRMED."""

    original: Tuple
    reply: Tuple
    mark: int = 0
    labels: str | None = None
    captured: bool = False
    protocol: int = 0
    status: frozenset[str] = frozenset({"CONFIRMED"})
    zone: int = 0
    helper: str | None = None
    expires: int | None = 0
    carried: list[list[int]] | None = None

    def counted(self, now: int | None) -> bool:
        """It is in no table."""
        return False


_NOWHERE = (Tuple(IPv4Address(0), IPv4Address(0), 0, 0), Tuple(IPv6Address(0), IPv6Address(0), 0, 0))
_TEMPLATES = {4: Template(_NOWHERE[0], _NOWHERE[0]), 6: Template(_NOWHERE[1], _NOWHERE[1])}


class Conntrack:
    """The bound match: --ctstate first, then what needs a connection."""

    def __init__(self, clause: Clause) -> None:
        self.state = clause.option("--ctstate")
        self.wanted = states(self.state, STATES | {"SNAT", "DNAT"}) if self.state else frozenset()
        self.checks = [_connection_check(option) for option in clause.options if option.name != "--ctstate"]

    def test(self, packet: Packet, here: Here) -> Answer:
        """AND over the options; without a connection only --ctstate decides."""
        if self.state is not None:
            answer = state_check(self.state, self.wanted, here)
            if answer.truth is Truth.NO or not self.checks or not (here.tracked or here.templated):
                return answer
        connection: ConnectionView | None = _TEMPLATES[4 if here.family == "ip" else 6] if here.templated else here.connection
        if connection is None:
            return no(f"the packet belongs to no connection ({state_of(here)})")
        answers = [check(connection, here) for check in self.checks]
        return min(answers, key=lambda one: one.truth, default=decide(True, ""))


def bind(clause: Clause, family: str) -> Conntrack:
    """Bind `-m conntrack`."""
    return Conntrack(clause)
