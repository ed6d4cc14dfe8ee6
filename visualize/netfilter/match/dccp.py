"""`-m dccp`: ports, packet types and options (dccp_mt in xt_dccp.c).

    -A INPUT -p dccp -m dccp --dport 5001 --dccp-types REQUEST,RESPONSE -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import dropping, hotdrop, needed_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.match.tcp import port_check, whole_header
from visualize.netfilter.options import All, Check, integer, not_known, word, words
from visualize.packet.packet import Packet, Protocol

TYPES = ("REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK")


def _types_check(option: Option) -> Check:
    names = [name.upper() for name in words(option)]
    if any(name not in TYPES and name != "INVALID" for name in names):
        raise BindError(f"DCCP types {word(option)!r} are not known")
    wanted = {TYPES.index(name) for name in names if name != "INVALID"}
    wanted |= set(range(10, 16)) if "INVALID" in names else set()

    def check(packet: Packet, here: Here) -> Answer:
        header = needed_bytes(packet, 0, 12, option.negated)
        if isinstance(header, Answer):
            return header
        kind = header[8] >> 1 & 15
        return decide(kind in wanted, f"DCCP type is {TYPES[kind] if kind < 10 else 'invalid'}", option.negated)

    return check


def _options_at(header: bytes) -> int:
    """Where the options begin (__dccp_hdr_len): behind the short or long sequence number, and what the type adds."""
    kind = header[8] >> 1 & 15
    added = 4 if kind == 0 else 0 if kind == 2 else 8 if kind in (3, 4, 5, 6, 8, 9) else 12
    return (16 if header[8] & 1 else 12) + added


def _option_check(option: Option) -> Check:
    wanted = integer(word(option), 255)

    def check(packet: Packet, here: Here) -> Answer:
        header = needed_bytes(packet, 0, 12, option.negated)
        if isinstance(header, Answer):
            return header
        begin, end = _options_at(header), header[4] * 4
        if end < begin:
            return dropping(hotdrop("the DCCP header says that it is shorter than it is; the kernel drops the packet"), option.negated)
        options = needed_bytes(packet, begin, end - begin, option.negated) if end > begin else b""
        if isinstance(options, Answer):
            return dropping(options, option.negated)
        found = wanted in _kinds(options)
        return decide(found, f"DCCP option {wanted} is {'there' if found else 'not there'}", option.negated)

    return check


def _kinds(options: bytes) -> list[int]:
    """The option types (dccp_find_option): those below 2 are a byte long, a length of 0 counts as 1."""
    found, at = [], 0
    while at < len(options):
        found.append(options[at])
        at += 1 if options[at] < 2 or at + 1 == len(options) else options[at + 1] or 1
    return found


def bind(clause: Clause, family: str) -> All:
    """Bind `-m dccp`."""
    checks: list[Check] = [whole_header(Protocol.DCCP)]
    for option in clause.options:
        match option.name:
            case "--sport" | "--source-port":
                checks.append(port_check(option, True))
            case "--dport" | "--destination-port":
                checks.append(port_check(option, False))
            case "--dccp-types":
                checks.append(_types_check(option))
            case "--dccp-option":
                checks.append(_option_check(option))
            case _:
                raise not_known(option)
    return All(checks)
