"""A sheet: rules and packets of one kind, a line each, all rules asked about all packets.  A stranger adds a line; the kernel says what is right.

    = world router              router | bridge | local, as the lab has them; `= family 6` for IPv6
    = backends legacy nft       the sheet is run once for each
    = setup ip link set ...     a command; `= sysctl KEY VALUE`, `= ipset create ...`
    = chain mangle PREROUTING   where the following rules go
    -p tcp -m tcp {!}--dport {0..100:}
    -p tcp --dport 7 -j TTL --ttl-set 9
    = packets eth0              the interface that the following packets arrive by, or `local`
    IP(src=P, dst=H)/TCP(dport=80)

A rule without `-j` logs its number where it matches; one with a target does what it says. `{a|b}` is one of these, `{!}` a negation or
none, `{#}` a number of its own, `{0..9}` a number, `{0..9:}` a range as `--dport` takes it; a line with such places stands for `= times` lines. A packet is a scapy
expression, or a list of them, with the names of NAMES.  `= wait 0.5` waits so many seconds there.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "sheets"
PLACE = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(\d+)\.\.(\d+)(:?)$")
NAMES = {4: {"P": "10.1.0.2", "P2": "10.1.0.3", "H": "10.1.0.1", "Q": "10.2.0.2", "Q2": "10.2.0.3", "H2": "10.2.0.1", "W": "198.51.100.80",
             "BC": "10.1.0.255", "MC": "224.0.0.5"},
         6: {"P": "2001:db8:1::2", "P2": "2001:db8:1::3", "H": "2001:db8:1::1", "Q": "2001:db8:2::2", "Q2": "2001:db8:2::3",
             "H2": "2001:db8:2::1", "W": "2001:db8:64::80", "MC": "ff02::5"}}


@dataclass(frozen=True)
class SheetRule:
    """One rule: where, its options, and its number; with a target of its own, or logging its number."""

    number: int
    table: str
    chain: str
    text: str

    @property
    def line(self) -> str:
        """As iptables-restore takes it."""
        if re.search(r"(^| )-[jg] ", self.text):
            return f"-A {self.chain} {self.text}"
        return f"-A {self.chain} {self.text} -j NFLOG --nflog-group 9 --nflog-prefix {self.number}"


@dataclass(frozen=True)
class Sent:
    """One packet to send: where it arrives (or `local`), its bytes from the IP header on, how it was written, and a wait before it."""

    at: str
    data: bytes
    text: str
    wait: float = 0.0
    mac: str = ""


@dataclass
class Sheet:
    """A sheet, read and its places filled."""

    name: str
    world: str = "router"
    family: int = 4
    backends: tuple[str, ...] = ("legacy", "nft")
    seed: int = 1
    times: int = 4
    setup: list[str] = field(default_factory=list)
    sysctl: dict[str, str] = field(default_factory=dict)
    ipset: list[str] = field(default_factory=list)
    chains: list[tuple[str, str]] = field(default_factory=list)
    rules: list[SheetRule] = field(default_factory=list)
    packets: list[Sent] = field(default_factory=list)

    def restore(self, rules: list[SheetRule]) -> str:
        """Text for iptables-restore."""
        out = ""
        for table in dict.fromkeys(table for table, _ in self.chains):
            chains = [chain for one, chain in self.chains if one == table]
            heads = [f":{chain} {'ACCEPT' if chain.isupper() else '-'} [0:0]" for chain in dict.fromkeys(chains)]
            out += "\n".join([f"*{table}", *heads, *(rule.line for rule in rules if rule.table == table), "COMMIT", ""])
        return out


def names() -> list[str]:
    """The sheets there are."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def read(name: str, seed: int = 1) -> Sheet:
    """A sheet, its places filled by `seed`."""
    sheet = Sheet(name, seed=seed)
    dice = random.Random(f"{name} {seed}")
    at, wait, table, chain = "eth0", 0.0, "mangle", "PREROUTING"
    reading = _rules_line
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith("= "):
            reading(sheet, dice, line, (table, chain), at, wait)
            wait = 0.0
            continue
        word, _, rest = line[2:].partition(" ")
        match word:
            case "chain":
                table, chain = rest.split()
                sheet.chains.append((table, chain))
                reading = _rules_line
            case "packets":
                at, reading = rest, _packet_line
            case "wait":
                wait = float(rest)
            case _:
                _setting(sheet, word, rest)
    return sheet


def _setting(sheet: Sheet, word: str, rest: str) -> None:
    match word:
        case "world":
            sheet.world = rest
        case "family" | "times":
            setattr(sheet, word, int(rest))
        case "backends":
            sheet.backends = tuple(rest.split())
        case "setup" | "ipset":
            getattr(sheet, word).append(rest)
        case "sysctl":
            key, value = rest.split()
            sheet.sysctl[key] = value
        case _:
            raise ValueError(f"{sheet.name}: no such setting: {word}")


def _rules_line(sheet: Sheet, dice: random.Random, line: str, place: tuple[str, str], at: str, wait: float) -> None:
    texts = [line.strip()] if not PLACE.search(line) else [fill(line.strip(), dice) for _ in range(sheet.times)]
    for text in dict.fromkeys(texts):
        sheet.rules.append(SheetRule(len(sheet.rules) + 1, *place, text))


def fill(text: str, dice: random.Random) -> str:
    """The text with its places filled."""
    return PLACE.sub(lambda found: _choice(found[1], dice), text)


def _choice(text: str, dice: random.Random) -> str:
    if text == "#":
        return str(dice.randrange(10**9))
    if text == "!":
        return dice.choice(("", "! "))
    found = RANGE.match(text)
    if not found:
        return dice.choice(text.split("|"))
    low, high = int(found[1]), int(found[2])
    first, last = sorted(dice.choice((low, high, dice.randint(low, high))) for _ in range(2))
    return str(last) if not found[3] else dice.choice((str(first), f"{first}:{last}", f"{first}:", f":{last}"))


def _packet_line(sheet: Sheet, dice: random.Random, line: str, place: tuple[str, str], at: str, wait: float) -> None:
    for packet in _evaluate(line, sheet.family, dice):
        data = numbered(bytes(packet), len(sheet.packets) + 1)
        sheet.packets.append(Sent(at, data, line if len(line) < 120 else repr(packet), wait))
        wait = 0.0


def _evaluate(line: str, family: int, dice: random.Random) -> list[Any]:
    """The packets that an expression stands for."""
    import scapy.all as scapy
    from scapy.contrib.mpls import MPLS  # noqa: F401  (an unknown layer would be raw bytes)
    made = eval(line, {**vars(scapy), **NAMES[family], "dice": dice, "bytes": bytes, "range": range})  # our own files
    return list(made) if isinstance(made, list | tuple) else [made]


def numbered(data: bytes, number: int) -> bytes:
    """Give a packet an id (or flow label) by which it is known again, unless it has one of its own choice."""
    from .wire import checksum
    if len(data) >= 20 and data[0] >> 4 == 4 and data[4:6] == b"\0\1":
        size = (data[0] & 15) * 4
        whole = checksum(data[:size]) == 0
        data = data[:4] + number.to_bytes(2, "big") + data[6:]
        if whole and len(data) >= size >= 20:
            total = checksum(data[:10] + b"\0\0" + data[12:size])
            data = data[:10] + total.to_bytes(2, "big") + data[12:]
    elif len(data) >= 40 and data[0] >> 4 == 6 and not int.from_bytes(data[1:4], "big") & 0xFFFFF:
        data = data[:1] + (int.from_bytes(data[1:4], "big") | number).to_bytes(3, "big") + data[4:]
    return data
