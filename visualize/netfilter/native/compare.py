"""The right side of an nftables match: constants, prefixes, ranges, sets; and the comparison (nft_cmp.c, nft_lookup.c, nft_range.c)."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from snapshot.host.nft import NftSet
from visualize.netfilter.answer import Answer, decide, no, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.native.load import Break, Chance, Load, Value, flags_of, load
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet

Test = Callable[[Any], bool]
_ICMP = {"echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8, "router-advertisement": 9,
         "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14,
         "info-request": 15, "info-reply": 16, "address-mask-request": 17, "address-mask-reply": 18}
_ICMPV6 = {"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129,
           "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132, "mld-listener-reduction": 132,
           "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137,
           "router-renumbering": 138, "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142, "mld2-listener-report": 143}
_DSCP = {"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56, "af11": 10, "af12": 12, "af13": 14, "af21": 18,
         "af22": 20, "af23": 22, "af31": 26, "af32": 28, "af33": 30, "af41": 34, "af42": 36, "af43": 38, "ef": 46, "lephb": 1, "va": 44}


class Match:
    """A bound `match`: implements the Match protocol of iptables' extensions."""

    def __init__(self, get: Load, test: Test, negated: bool, why: str, moving: bool = False) -> None:
        self._get, self._test, self._negated, self._why, self._moving = get, test, negated, why, moving

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES or NO; UNKNOWN where what is loaded is not known, or where the set moves on."""
        value = self._get(packet, here)
        if isinstance(value, Answer):
            return value
        if isinstance(value, Break):
            return no(f"{self._why}: the packet has no such field")
        if isinstance(value, Chance):
            return unknown(value.why, self._test(value.value) != self._negated)
        held = self._test(value) != self._negated
        if self._moving:
            return unknown(f"{self._why}: packets add to this set, and it holds what it held when it was captured", held, weak=False)
        return decide(held, self._why)


def match(body: dict[str, Any], sets: Mapping[str, NftSet]) -> Match:
    """Bind a match expression. Raises BindError, KeyError."""
    operator, left, right = body.get("op", "=="), body["left"], body["right"]
    why = f"{left} {operator} {right}"
    kinds, get = _left(left)
    moving = isinstance(right, str) and right.startswith("@") and right[1:] in sets and sets[right[1:]].dynamic
    if operator in ("<", ">", "<=", ">="):
        bound = number(kinds[0], right)
        compare: dict[str, Test] = {"<": lambda v: v < bound, ">": lambda v: v > bound, "<=": lambda v: v <= bound, ">=": lambda v: v >= bound}
        return Match(get, compare[operator], False, why)
    return Match(get, said(kinds, right, sets, operator), operator == "!=", why, moving)


def _left(expression: Any) -> tuple[list[str], Load]:
    """Kinds of the parts, and the load; of a concatenation a tuple."""
    if not (isinstance(expression, dict) and "concat" in expression):
        kind, get = load(expression)
        return [kind], get
    parts = [load(part) for part in expression["concat"]]

    def together(packet: Packet, here: Here) -> Value:
        values = [get(packet, here) for _, get in parts]
        for value in values:
            if isinstance(value, Break | Answer):
                return value
        return tuple(values)

    return [kind for kind, _ in parts], together


def key_of(expression: Any) -> tuple[list[str], Load]:
    """The key of a vmap or map."""
    return _left(expression)


def said(kinds: list[str], right: Any, sets: Mapping[str, NftSet], operator: str = "==") -> Test:
    """Whether a value is what the right side says. Raises BindError."""
    if isinstance(right, str) and right.startswith("@"):
        if right[1:] not in sets:
            raise BindError(f"set {right} was not captured")
        return _any_of(kinds, sets[right[1:]].elements)
    if isinstance(right, dict) and "set" in right:
        elements = right["set"] if isinstance(right["set"], list) else [right["set"]]
        return _any_of(kinds, elements)
    if kinds == ["bits"]:
        wanted = set(right) if isinstance(right, list) else {right}
        return lambda value: bool(wanted & set(value))
    if kinds == ["tcp flags"] and operator == "in":
        bits = flags_of(right)
        return lambda value: bool(value & bits)
    return element(kinds, right)


def _any_of(kinds: list[str], elements: Any) -> Test:
    tests = [element(kinds, one[0] if isinstance(one, list) else one) for one in elements]
    return lambda value: any(test(value) for test in tests)


def element(kinds: list[str], told: Any) -> Test:
    """One element of a set, or a constant."""
    if isinstance(told, dict) and "elem" in told:
        told = told["elem"]["val"]
    if told == "*":
        return lambda value: True
    if len(kinds) > 1:
        if not (isinstance(told, dict) and "concat" in told and len(told["concat"]) == len(kinds)):
            raise BindError(f"{told} is not modelled")
        parts = [element([kind], part) for kind, part in zip(kinds, told["concat"], strict=True)]
        return lambda value: all(test(one) for test, one in zip(parts, value, strict=True))
    return _single(kinds[0], told)


def _single(kind: str, told: Any) -> Test:
    if kind == "bits":
        return lambda value: told in value
    if isinstance(told, dict) and "prefix" in told:
        network = ip_network(f"{told['prefix']['addr']}/{told['prefix']['len']}", strict=False)
        low, high = int(network.network_address), int(network.broadcast_address)
        return lambda value: low <= value <= high
    if isinstance(told, dict) and "range" in told:
        first, last = number(kind, told["range"][0]), number(kind, told["range"][1])
        return lambda value: first <= value <= last
    if kind == "interface":
        name = str(told)
        return (lambda value: str(value).startswith(name[:-1])) if name.endswith("*") else (lambda value: value == name)
    if kind == "word":
        return lambda value: value == told
    wanted = number(kind, told)
    return lambda value: value == wanted


def number(kind: str, told: Any) -> int:
    """A constant as the number that the packet holds. Raises BindError."""
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    names = {"icmp type": _ICMP, "icmpv6 type": _ICMPV6, "dscp": _DSCP}.get(kind, {})
    try:
        if kind == "address":
            return int(ip_address(told))
        if kind == "protocol":
            found = protocol_number(told)
            if found is not None:
                return found
        if kind == "tcp flags":
            return flags_of(told)
        return names[told] if told in names else int(str(told), 0)
    except (ValueError, TypeError):
        raise BindError(f"{told} is not understood as {kind}") from None

