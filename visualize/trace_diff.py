"""A trace that a kernel recorded, beside the one that a replay predicts: packet by packet, rule by rule.

Read are lines of the kernel's log (`TRACE: filter:FORWARD:rule:3 IN=...`, with whatever dmesg or journald puts before), of
`xtables-monitor --trace` and of `nft monitor trace`. A packet is known by what NAT leaves alone: IPv4 id or IPv6 flow label, protocol, and
for TCP in the kernel's log the sequence numbers. nft tells no rule numbers: there table and chain are compared alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff

from visualize.draw.kernel_trace import Line
from visualize.draw.quoting import terminal
from visualize.packet.packet import Packet

TABLES = ("raw", "mangle", "nat", "filter", "security")
_LOG = re.compile(r"TRACE: (\w+):(\S+):(rule|return|policy):(\d+) (IN=.*)")
_XTABLES = re.compile(r"^ ?TRACE: (?:2|10) (\S+) (\w+):(\S+?):(rule|return|policy):(\S*)(?:\s+-[46] -t \w+ (-A .*))?")
_XTABLES_PACKET = re.compile(r"^PACKET: (?:2|10) (\S+) (.*)")
_NFT = re.compile(r"^trace id (\S+) (ip6?) (\w+) (\S+) (packet:|rule|verdict|policy) ?(.*)")
_FIELD = re.compile(r"(\w+)=(\S*)")
Key = tuple[str, ...]
PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "ipv6-icmp": "58", "udplite": "136", "ah": "51", "esp": "50", "sctp": "132"}


@dataclass(slots=True)
class Recorded:
    """One packet's events: `filter:FORWARD:3`, or `filter:FORWARD` where no number was told."""

    key: Key
    events: list[str] = field(default_factory=list)
    ends: bool = True  # the ends of chains are told too (the kernel's log)
    numbered: bool = True  # every rule's number is known


def key_of(packet: Packet, with_sequence: bool) -> Key:
    """The packet's key: with TCP's sequence numbers, as the kernel's log tells them, or without, as nft does."""
    name = str(packet.identification if packet.family == 4 else packet.flow_label)
    sequence = (str(packet.seq or 0), str(packet.ack or 0)) if with_sequence and packet.tcp_flags is not None else ()
    return (str(packet.family), name, str(int(packet.protocol)), *sequence)


def read(text: str, numbers: dict[tuple[str, str, str], int]) -> list[Recorded]:
    """The packets of a recorded trace. `numbers` are rules by (table, chain, text), for what xtables-monitor prints."""
    found: dict[Key, Recorded] = {}
    current: dict[str, Recorded] = {}  # by trace id
    for line in text.splitlines():
        if match := _LOG.search(line):
            table, chain, _, number, rest = match.groups()
            _packet(found, _log_key(rest), True, True).events.append(f"{table}:{chain}:{number}")
        elif match := _XTABLES_PACKET.match(line):
            current[match[1]] = _packet(found, _log_key(match[2], sequence=False), False, True)
        elif match := _XTABLES.match(line):
            _xtables(current, match, numbers)
        elif match := _NFT.match(line):
            _nft(found, current, match)
    return [packet for packet in found.values() if packet.events]


def _packet(found: dict[Key, Recorded], key: Key, ends: bool, numbered: bool) -> Recorded:
    return found.setdefault(key, Recorded(key, ends=ends, numbered=numbered))


def _log_key(text: str, sequence: bool = True) -> Key:
    told: dict[str, str] = {}
    for name, value in _FIELD.findall(text.partition("[")[0]):  # an ICMP error quotes its packet in brackets
        told.setdefault(name, value)
    four = "FLOWLBL" not in told and ":" not in told.get("SRC", "")
    protocol = told.get("PROTO", "").lower()
    name = told.get("ID", "0") if four else told.get("FLOWLBL", "0")
    name = str(int(name, 16)) if not sequence and name else name  # xtables-monitor prints it in hexadecimal
    numbers = (told["SEQ"], told.get("ACK", "0")) if sequence and "SEQ" in told and protocol == "tcp" else ()
    return ("4" if four else "6", name, PROTOCOLS.get(protocol, protocol), *numbers)


def _xtables(current: dict[str, Recorded], match: re.Match[str], numbers: dict[tuple[str, str, str], int]) -> None:
    trace, table, chain, kind, _, rule = match.groups()
    packet = current.get(trace)
    if packet is None or table not in TABLES or kind != "rule":
        return
    number = numbers.get((table, chain, " ".join((rule or "").split())))
    packet.events.append(f"{table}:{chain}:{number}" if number else f"{table}:{chain}")
    packet.numbered = packet.numbered and bool(number)


def _nft(found: dict[Key, Recorded], current: dict[str, Recorded], match: re.Match[str]) -> None:
    trace, family, table, chain, kind, rest = match.groups()
    if kind == "packet:":
        head = "ip id (\\d+)" if family == "ip" else "ip6 flowlabel (\\d+)"
        name, protocol = re.search(head, rest), re.search(r"ip protocol (\S+)|ip6 nexthdr (\S+)|\b(tcp|udp|icmp|icmpv6) ", rest)
        if name is not None and protocol is not None:
            word = next(part for part in protocol.groups() if part)
            key = ("4" if family == "ip" else "6", name[1], PROTOCOLS.get(word, word))
            current[trace] = _packet(found, key, False, False)
    elif kind == "rule" and trace in current and table in TABLES:
        current[trace].events.append(f"{table}:{chain}")


@dataclass(slots=True)
class Difference:
    """Packets compared, those that differ (as lines of a unified diff each), and those that only one side knows."""

    compared: int = 0
    differing: list[list[str]] = field(default_factory=list)
    unknown: int = 0  # recorded packets that no replay has

    def report(self) -> Iterator[str]:
        """All of it."""
        for one in self.differing:
            yield from one
        yield (f"{self.compared} packets compared, {len(self.differing)} differ"
               + (f"; {self.unknown} recorded packets are not in the replay" if self.unknown else ""))


def compare(recorded: Iterable[Recorded], replayed: Iterable[tuple[str, Packet, list[Line]]]) -> Difference:
    """Compare what was recorded with (name, packet, lines) of each replayed packet; packets of one key are taken together."""
    by_key: dict[Key, tuple[list[str], list[Line]]] = {}
    for name, packet, lines in replayed:
        for key in {key_of(packet, True), key_of(packet, False)}:
            names, held = by_key.setdefault(key, ([], []))
            names.append(name)
            held += lines
    found = Difference()
    for one in recorded:
        if one.key not in by_key:
            found.unknown += 1
            continue
        found.compared += 1
        names, lines = by_key[one.key]
        predicted, seen = _alike(one, lines)
        if predicted != seen:
            title = terminal(", ".join(names))
            found.differing.append([*unified_diff(seen, predicted, f"recorded: {title}", f"replayed: {title}", lineterm="", n=2)])
    return found


def _alike(one: Recorded, lines: list[Line]) -> tuple[list[str], list[str]]:
    """Both sides in the words that both know."""
    told = [line for line in lines if one.ends or not line.end]
    if one.numbered:
        return [f"{line.table}:{line.chain}:{line.number}" for line in told], one.events
    return [f"{line.table}:{line.chain}" for line in told], [":".join(event.split(":")[:2]) for event in one.events]
