"""What the left side of an nftables match loads from a packet (nft_meta.c, nft_payload.c, nft_ct.c, nft_fib.c), and of which kind it is.

A load that fails (`BREAK`) ends its rule without a match, whatever the comparison is: NFT_BREAK.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snapshot.host.conntrack import Tuple
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.packet.packet import Packet, Protocol


class Break:
    """NFT_BREAK."""


BREAK = Break()


@dataclass(frozen=True, slots=True)
class Chance:
    """A value drawn by chance: the one assumed."""

    value: int
    why: str


Value = int | str | bool | tuple[Any, ...] | Break | Chance | Answer
Load = Callable[[Packet, Here], Value]
_TRANSPORTS = {"tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "dccp": 33}
_STATES = {"NEW": "new", "ESTABLISHED": "established", "RELATED": "related", "UNTRACKED": "untracked"}
_STATUS = {"EXPECTED": "expected", "SEEN_REPLY": "seen-reply", "ASSURED": "assured", "CONFIRMED": "confirmed", "SNAT": "snat", "DNAT": "dnat",
           "DYING": "dying"}
_NETWORK4 = {"saddr": ("address", "src"), "daddr": ("address", "dst"), "protocol": ("protocol", "protocol"), "ttl": ("number", "ttl"),
             "length": ("number", "length"), "id": ("number", "identification")}
_NETWORK6 = {"saddr": ("address", "src"), "daddr": ("address", "dst"), "hoplimit": ("number", "ttl"), "flowlabel": ("number", "flow_label")}


def load(expression: Any) -> tuple[str, Load]:
    """The kind of a left side and how it is loaded. Raises BindError for what is not modelled."""
    if not isinstance(expression, dict) or len(expression) != 1:
        raise BindError(f"{expression} is not modelled")
    name, body = next(iter(expression.items()))
    match name:
        case "meta":
            return _meta(body["key"])
        case "payload" if "field" in body:
            return _payload(body["protocol"], body["field"])
        case "ct":
            return _ct(body)
        case "fib":
            return _fib(body)
        case "numgen" | "jhash" | "symhash":
            return _chance(body)
        case "&" | "|" | "^":
            return _binary(name, body)
        case _:
            raise BindError(f"{name} is not modelled")


def _field(name: str) -> Load:
    def get(packet: Packet, here: Here) -> Value:
        value = getattr(packet, name)
        return BREAK if value is None else int(value)

    return get


def _meta(key: str) -> tuple[str, Load]:
    match key:
        case "iifname" | "iif":
            return "interface", lambda packet, here: here.in_interface or ""
        case "oifname" | "oif":
            return "interface", lambda packet, here: here.out_interface or ""
        case "l4proto":
            return "protocol", _field("protocol")
        case "nfproto":
            return "word", lambda packet, here: f"ipv{packet.family}"
        case "protocol":
            return "word", lambda packet, here: "ip" if packet.family == 4 else "ip6"
        case "mark" | "length":
            return "number", _field(key)
        case "pkttype":
            return "word", lambda packet, here: {"unicast": "host", "otherhost": "other"}.get(here.packet_type, here.packet_type)
        case _:
            return "word", lambda packet, here: unknown(f"meta {key}: the snapshot does not tell")


def _payload(protocol: str, name: str) -> tuple[str, Load]:
    if protocol in ("ip", "ip6"):
        return _network(4 if protocol == "ip" else 6, name)
    if protocol in ("th", *_TRANSPORTS):
        return _transport(protocol, name)
    if protocol in ("icmp", "icmpv6") and name in ("type", "code", "id"):
        number = Protocol.ICMP if protocol == "icmp" else Protocol.ICMPV6
        return (f"{protocol} type" if name == "type" else "number"), _of_protocol(int(number), _field(f"icmp_{name}"))
    raise BindError(f"{protocol} {name} is not modelled")


def _network(family: int, name: str) -> tuple[str, Load]:
    get: Load = _dscp
    kind = "dscp"
    if name == "nexthdr" and family == 6:
        raise BindError("ip6 nexthdr is not modelled")
    if name != "dscp":
        found = (_NETWORK4 if family == 4 else _NETWORK6).get(name)
        if found is None:
            raise BindError(f"{'ip' if family == 4 else 'ip6'} {name} is not modelled")
        kind, get = found[0], _field(found[1])
    return kind, lambda packet, here: get(packet, here) if packet.family == family else BREAK


def _dscp(packet: Packet, here: Here) -> Value:
    return packet.tos >> 2


def _transport(protocol: str, name: str) -> tuple[str, Load]:
    number = _TRANSPORTS.get(protocol)
    if name in ("sport", "dport"):
        return "number", _of_protocol(number, _field(name))
    if protocol == "tcp" and name == "flags":
        return "tcp flags", _of_protocol(number, _field("tcp_flags"))
    raise BindError(f"{protocol} {name} is not modelled")


def _of_protocol(number: int | None, get: Load) -> Load:
    def guarded(packet: Packet, here: Here) -> Value:
        if number is not None and packet.protocol != number:
            return BREAK
        return BREAK if packet.fragment_offset else get(packet, here)

    return guarded


# -- connection tracking ----------------------------------------------------------------------------------------------


def _ct(body: dict[str, Any]) -> tuple[str, Load]:
    key, direction = body["key"], body.get("dir")
    if direction is not None:
        return _ct_tuple(key, direction)
    match key:
        case "state":
            return "bits", lambda packet, here: (_STATES.get(here.ctstate or "", "invalid"),)
        case "status":
            return "bits", _status
        case "mark":
            return "number", lambda packet, here: BREAK if here.connection_mark is None else here.connection_mark
        case "direction":
            return "word", lambda packet, here: BREAK if not here.tracked else "reply" if here.reply_direction else "original"
        case "zone":
            return "number", lambda packet, here: here.connection.zone if here.connection is not None else 0
        case "helper":
            return "word", lambda packet, here: getattr(here.connection, "master_helper", None) or BREAK
        case _:
            return "word", lambda packet, here: unknown(f"ct {key} is not modelled")


def _status(packet: Packet, here: Here) -> Value:
    if here.connection is None:
        return BREAK
    return tuple(_STATUS[flag] for flag in sorted(here.connection.status) if flag in _STATUS)


def _ct_tuple(key: str, direction: str) -> tuple[str, Load]:
    name = {"saddr": "source", "daddr": "destination", "proto-src": "source_port", "proto-dst": "destination_port"}.get(key.split()[-1])
    if name is None:
        raise BindError(f"ct {direction} {key} is not modelled")

    def get(packet: Packet, here: Here) -> Value:
        if here.connection is None:
            return BREAK
        held: Tuple = here.connection.original if direction == "original" else here.connection.reply
        value = getattr(held, name)
        return BREAK if value is None else int(value)

    return ("address" if key.endswith("addr") else "number"), get


# -- routing, arithmetic ----------------------------------------------------------------------------------------------


def _fib(body: dict[str, Any]) -> tuple[str, Load]:
    flags = set(body.get("flags") or ())
    if body.get("result") == "oif" and "saddr" in flags and "iif" in flags and not flags - {"saddr", "iif", "mark"}:
        return "word", lambda packet, here: _way_back(packet, here, "mark" in flags)
    if body.get("result") != "type" or flags - {"saddr", "daddr", "iif", "oif"}:
        return "word", lambda packet, here: unknown("fib with this result is not modelled")

    def kind(packet: Packet, here: Here) -> Value:
        device = here.in_interface if "iif" in flags else here.out_interface if "oif" in flags else None
        told = here.world.address_type(packet.dst if "daddr" in flags else packet.src, device)
        return told.lower() if told is not None else unknown("routes were not captured")

    return "word", kind


def _way_back(packet: Packet, here: Here, with_mark: bool) -> Value:
    """`fib saddr . iif oif`: whether the way back leads out of the incoming interface; always, for what comes over lo (nft_fib_can_skip)."""
    if here.in_interface in (None, "lo"):
        return True
    found = here.world.reverse_path(packet, here.in_interface or "", packet.mark if with_mark else 0, False, False)
    return found if found is not None else unknown("routes were not captured")


def _chance(body: dict[str, Any]) -> tuple[str, Load]:
    """`numgen random mod N`, `jhash ... mod N`: the first is assumed."""
    chance = Chance(int(body.get("offset", 0)), f"one of {body.get('mod')} by chance or by a hash, which no snapshot tells")
    return "number", lambda packet, here: chance


def _binary(name: str, body: list[Any]) -> tuple[str, Load]:
    kind, left = load(body[0])
    right = _bits(kind, body[1])

    def compute(packet: Packet, here: Here) -> Value:
        value = left(packet, here)
        if not isinstance(value, int):
            return value
        return value & right if name == "&" else value | right if name == "|" else value ^ right

    return kind, compute


_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "ece": 64, "cwr": 128}


def _bits(kind: str, operand: Any) -> int:
    """A constant of arithmetic: a number, or names of TCP flags. Raises BindError."""
    if isinstance(operand, bool):
        raise BindError(f"{operand} is no number")
    if isinstance(operand, int):
        return operand
    names = operand if isinstance(operand, list) else operand.get("|") if isinstance(operand, dict) else [operand]
    if kind == "tcp flags" and names and all(isinstance(one, str) and one in _FLAGS for one in names):
        return sum(_FLAGS[one] for one in names)
    raise BindError(f"{operand} is not modelled")


def flags_of(operand: Any) -> int:
    """TCP flags by name. Raises BindError."""
    return _bits("tcp flags", operand)
