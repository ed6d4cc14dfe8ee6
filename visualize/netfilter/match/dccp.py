"""`-m dccp`: ports, packet types and options (dccp_mt in xt_dccp.c).

    -A INPUT -p dccp -m dccp --dport 5001 --dccp-types REQUEST,RESPONSE -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import not_captured, transport_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.match.tcp import header_check, port_check
from visualize.netfilter.options import All, Check, not_known, word, words
from visualize.packet.packet import Packet, Protocol

TYPES = ("REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK")


def _types_check(option: Option) -> Check:
    names = [name.upper() for name in words(option)]
    if any(name not in TYPES and name != "INVALID" for name in names):
        raise BindError(f"DCCP types {word(option)!r} are not known")
    wanted = {TYPES.index(name) for name in names if name != "INVALID"}
    wanted |= set(range(10, 16)) if "INVALID" in names else set()

    def check(packet: Packet, here: Here) -> Answer:
        header = transport_bytes(packet, 8, 1)
        if header is None:
            return not_captured("the DCCP type").negate(option.negated)
        kind = header[0] >> 1 & 15
        return decide(kind in wanted, f"DCCP type is {TYPES[kind] if kind < 10 else 'invalid'}", option.negated)

    return check


def _option_unknown(packet: Packet, here: Here) -> Answer:
    return unknown("--dccp-option is not modelled")


def bind(clause: Clause, family: str) -> All:
    """Bind `-m dccp`."""
    checks: list[Check] = [header_check(Protocol.DCCP, not clause.options)]
    for option in clause.options:
        match option.name:
            case "--sport" | "--source-port":
                checks.append(port_check(option, True))
            case "--dport" | "--destination-port":
                checks.append(port_check(option, False))
            case "--dccp-types":
                checks.append(_types_check(option))
            case "--dccp-option":
                checks.append(_option_unknown)
            case _:
                raise not_known(option)
    return All(checks)
