"""`-m sctp`: ports and chunk types (sctp_mt in xt_sctp.c).

    -A INPUT -p sctp -m sctp --dport 38412 --chunk-types any INIT -j ACCEPT
"""

from collections.abc import Iterator

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.match.tcp import header_check, port_check
from visualize.netfilter.options import All, Check, not_known
from visualize.packet.packet import Packet, Protocol

CHUNKS = {"DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5, "ABORT": 6, "SHUTDOWN": 7,
          "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10, "COOKIE_ACK": 11, "ECN_ECNE": 12, "ECN_CWR": 13,
          "SHUTDOWN_COMPLETE": 14, "I_DATA": 64, "RE_CONFIG": 130, "PAD": 132, "ASCONF": 193, "ASCONF_ACK": 128,
          "FORWARD_TSN": 192, "I_FORWARD_TSN": 194}


def _chunks(packet: Packet) -> Iterator[int | None]:
    """The chunk types in order; None where the capture ends before the packet does."""
    at, end = packet.header_length + 12, packet.length or len(packet.raw)
    while at + 4 <= end:
        if at + 4 > len(packet.raw):
            yield None
            return
        yield packet.raw[at]
        at += (int.from_bytes(packet.raw[at + 2:at + 4], "big") + 3) // 4 * 4 or 4


def _chunk_check(option: Option) -> Check:
    if len(option.values) != 2 or option.values[0] not in ("all", "any", "only"):
        raise BindError("--chunk-types needs all, any or only, and a list")
    scope, names = option.values[0], option.values[1].split(",")
    if any(name.upper() not in CHUNKS and name.upper() not in ("ALL", "NONE") for name in names):
        raise BindError(f"chunk types {option.values[1]!r} are not modelled")
    wanted = {CHUNKS[name.upper()] for name in names if name.upper() in CHUNKS}
    if "ALL" in option.values[1].upper().split(","):
        wanted = set(range(256))

    def check(packet: Packet, here: Here) -> Answer:
        found = list(_chunks(packet))
        if not found or None in found:
            return not_captured("the SCTP chunks").negate(option.negated)
        present = {chunk for chunk in found if chunk is not None}
        matched = (bool(present & wanted) if scope == "any" else wanted <= present if scope == "all" else
                   present <= wanted)
        return decide(matched, f"SCTP chunks are {sorted(present)}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m sctp`."""
    checks: list[Check] = [header_check(Protocol.SCTP, not clause.options)]
    for option in clause.options:
        match option.name:
            case "--sport" | "--source-port":
                checks.append(port_check(option, True))
            case "--dport" | "--destination-port":
                checks.append(port_check(option, False))
            case "--chunk-types":
                checks.append(_chunk_check(option))
            case _:
                raise not_known(option)
    return All(checks)
