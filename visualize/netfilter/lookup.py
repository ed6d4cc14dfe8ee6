"""Which rules of a long chain a packet can match at all: looked up by what they demand of it, not read through.

A chain of Kubernetes' services has a rule for each of 10,000 addresses. A rule that demands `-d 10.96.0.1/32` says NO to every packet
for another address before anything else of it is asked (ip_packet_match comes first), so the walk may pass over it. Only plain demands
count: one host, one interface by its whole name, one port right behind the protocol. Every other rule is always a candidate.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from snapshot.host.firewall import Rule, lines_of
from visualize.netfilter.here import Here
from visualize.packet.packet import Packet

WORTHWHILE = 32  # shorter chains are simply read
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_TARGET = re.compile(r" -[jg] [^\n]*")
_FOUR = re.compile(r"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!/|$)|(?=/|$))){4}(?:/32)?\Z", re.ASCII)  # most are: told without parsing them
_PORT = re.compile(r" -p (tcp|udp)(?: -m comment --comment \S+)? -m \1 --dport (\d+)(?= -)")


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that a rule may demand: read from the rule's text (None: it does not), and from the packet (None: can't be told)."""

    name: str
    of_rule: Callable[[str], Hashable | None]
    of_packet: Callable[[Packet, Here], Hashable | None]


def _option(letter: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!!) -{letter} ([^\s!]+)")


def _host(letter: str) -> Callable[[str], Hashable | None]:
    pattern = _option(letter)

    def demanded(text: str) -> Hashable | None:
        found = pattern.search(text)
        if found is None:
            return None
        address, slash, bits = found[1].partition("/")
        if _FOUR.match(found[1]):
            one, two, three, four = address.split(".")
            return int(one) << 24 | int(two) << 16 | int(three) << 8 | int(four)
        if slash and bits not in ("32", "128", "255.255.255.255"):
            return None
        try:
            parsed = ip_address(address)
        except ValueError:
            return None
        return None if slash and bits == "32" and parsed.version == 6 else int(parsed)

    return demanded


def _interface(letter: str) -> Callable[[str], Hashable | None]:
    pattern = _option(letter)

    def demanded(text: str) -> Hashable | None:
        found = pattern.search(text)
        return None if found is None or found[1].endswith("+") else found[1]

    return demanded


def _port(text: str) -> Hashable | None:
    found = _PORT.search(text)
    return int(found[2]) if found is not None and int(found[2]) < 65536 else None


DEMANDS = (
    Demand("destination", _host("d"), lambda packet, here: int(packet.dst)),
    Demand("source", _host("s"), lambda packet, here: int(packet.src)),
    Demand("in-interface", _interface("i"), lambda packet, here: here.in_interface or ""),
    Demand("out-interface", _interface("o"), lambda packet, here: here.out_interface or ""),
    Demand("destination port", _port, lambda packet, here: packet.dport),
)


@dataclass(slots=True)
class Lookup:
    """The rules of one chain by one demand: `by_value` the positions that demand a value, `always` those that demand none."""

    demand: Demand
    by_value: dict[Hashable, list[int]]
    always: list[int]
    _merged: dict[Hashable, list[int]] = field(default_factory=dict)

    def following(self, position: int, packet: Packet, here: Here) -> int | None:
        """The first candidate at or behind `position`; None where there is none. The position itself where the packet can't tell."""
        value = self.demand.of_packet(packet, here)
        if value is None:
            return position
        candidates = self._candidates(value)
        at = bisect_left(candidates, position)
        return candidates[at] if at < len(candidates) else None

    def _candidates(self, value: Hashable) -> list[int]:
        mine = self.by_value.get(value)
        if mine is None:
            return self.always
        merged = self._merged.get(value)
        if merged is None:
            merged = self._merged[value] = sorted(mine + self.always)
        return merged


def lookup(rules: Sequence[Rule]) -> Lookup | None:
    """The first demand that leaves next to nothing, else the one that leaves least; None where reading the chain is as good."""
    if len(rules) < WORTHWHILE:
        return None
    lines = [text for text, _, _ in lines_of(rules)]
    if not all(text.startswith(("-A ", "[")) for text in lines):
        return None  # not spelled as iptables-save does
    texts = _bare("\n".join(lines)).split("\n")
    best, least = None, len(rules) // 4
    for demand in DEMANDS:
        found = _grouped(demand, texts)
        cost = _candidates_at_most(found)
        if cost <= least:
            best, least = found, cost
        if cost * 20 <= len(rules):
            break
    return best


def _bare(text: str) -> str:
    """The matches of rules, a line each, with quoted words (which may hold anything) as one letter."""
    return " " + _TARGET.sub("", _QUOTED.sub("Q", text)).replace("\n", " -\n ") + " -"


def _grouped(demand: Demand, texts: Sequence[str]) -> Lookup:
    by_value: dict[Hashable, list[int]] = {}
    always: list[int] = []
    for position, text in enumerate(texts):
        value = demand.of_rule(text)
        (always if value is None else by_value.setdefault(value, [])).append(position)
    return Lookup(demand, by_value, always)


def _candidates_at_most(found: Lookup) -> int:
    return len(found.always) + max(map(len, found.by_value.values()), default=0)
