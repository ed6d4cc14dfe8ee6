"""The proof of a redaction: the same answers for every packet, and nothing of the original left anywhere in the bytes.

The redacted snapshot is read from its bytes, as a stranger would read it. Each of its answers, turned back with the map, must be the
original's: rules that matched, verdict, hops, rewrites, doubts. Where there is no capture, or besides it, packets between the addresses
that the snapshot names are asked about.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from snapshot.host import Host
from visualize.load import Loaded, load, replay, sources
from visualize.packet.packet import Packet, Protocol
from visualize.progress import watched
from visualize.redact.gather import Gathered, in_hex, read, readable
from visualize.redact.mapfile import turn_back
from visualize.redact.packets import Packets
from visualize.redact.redactor import VOCABULARY, Redactor
from visualize.redact.tree import Address, AddressMap, Network
from visualize.redact.words import Kind

Change = Callable[[str], str]
_SIX = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*::?[0-9A-Fa-f:]+(?![\w:.])")
_WORD = re.compile(r"[\w-]+")
_RUN, _INNER_RUN = re.compile(r"\w+"), re.compile(r"(?<=\W)\w+(?=\W)")
_DOTTED = re.compile(r"\d+(?:\.\d+){3,}")
_COLONS = re.compile(r"[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")
_PROBES = 400
_PORTS = (80, 443, 22, 53)


@dataclass(slots=True)
class Proof:
    """What was compared, and what was wrong (a sentence each)."""

    packets: int = 0
    probes: int = 0
    bytes: int = 0
    wrong: list[str] = field(default_factory=list)


def same_answers(original: Loaded, redacted: Loaded, back: Redactor, named: Iterable[Address], proof: Proof) -> None:
    """Replay both, and ask both about further packets: to each other's addresses, and to those `named` anywhere."""
    turned = lru_cache(maxsize=1 << 17)(lambda text: _usual(turn_back(text, back)))
    for first, second in zip_longest(watched(_lines(original), "replaying both"), _lines(redacted)):
        proof.packets += 1
        _compare(first, second, turned, "packet", proof)
        if len(proof.wrong) > 4:
            return
    asked = list(islice(_packets(original.built.host, named), _PROBES))
    for (place, first), (_, second) in zip(_probed(asked, original), _probed(asked, redacted, back), strict=True):
        proof.probes += 1
        _compare(first, second, turned, f"a packet {place}", proof)
        if len(proof.wrong) > 4:
            return


def _lines(loaded: Loaded) -> Iterator[dict[str, Any]]:
    from visualize.line import replay_record
    captures, _ = sources(loaded, ())
    for one in replay(loaded, captures, {}) if captures else ():
        yield replay_record(one)


def _compare(first: dict[str, Any] | None, second: dict[str, Any] | None, turned: Change, what: str, proof: Proof) -> None:
    if first is None or second is None:
        proof.wrong.append(f"{what}: only in the {'redacted' if first is None else 'original'} snapshot")
        return
    got, expected = _strings(second, turned), _strings(first, _usual)
    if got != expected:
        key = next((key for key in expected if got.get(key) != expected[key]), "its fields")
        number = f" {first['packet']} of {first['capture']}" if "capture" in first else ""
        proof.wrong.append(f"{what}{number}: {key} differs: {_short(expected.get(key))} became {_short(got.get(key))}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) < 600 else text[:600] + " ..."


def _strings(value: Any, change: Change) -> Any:
    """The value with every string in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_strings(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _strings(one, change) for key, one in value.items()}
    return value


@lru_cache(maxsize=1 << 17)
def _usual(text: str) -> str:
    """A text with its IPv6 addresses in their usual form."""
    return _SIX.sub(lambda m: str(_address(m[0]) or m[0]), text) if ":" in text else text


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


# ---- further packets -----------------------------------------------------------------------------------------------------------


def _probed(asked: Iterable[tuple[str, str | None, Packet]], loaded: Loaded, back: Redactor | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """A snapshot's answers about packets; with `back`, it is the redacted one, and the packets are mapped first."""
    from visualize.datapath.machine import Machine
    from visualize.line import path_record
    machine = Machine(loaded.built.host)
    names = _places(back) if back is not None else {}
    for netns, interface, packet in asked:
        if back is not None:
            packet = _mapped(packet, back.addresses)
        where = names.get(netns, netns)
        if interface is None:
            path, _ = machine.send(packet, where)
            place = f"sent in {netns}"
        else:
            path, _ = machine.receive(packet, where, _interface(interface, back), None)
            place = f"received by {interface} in {netns}"
        yield f"{place} ({packet.src} > {packet.dst}:{packet.dport})", path_record(path)


def _places(back: Redactor) -> dict[str, str]:
    return {old: new for (kind, old), new in back.words.taken.items() if kind in (Kind.EARLY, Kind.LATE)}


def _interface(name: str, back: Redactor | None) -> str:
    if back is None:
        return name
    match = re.match(r"br-([0-9a-f]{12})$", name)
    if match is not None:
        return next((f"br-{new[:12]}" for new, old in back.identifiers.items() if old[:12] == match[1]), name)
    stems = {old: new for (kind, old), new in back.words.taken.items() if kind is Kind.INTERFACE}
    for old, new in stems.items():
        if name.startswith(old) and re.fullmatch(r"\d*(\.\d+)?", name[len(old):]):
            return new + name[len(old):]
    return name


def _mapped(packet: Packet, tree: AddressMap) -> Packet:
    return replace(packet, src=tree.map(packet.src), dst=tree.map(packet.dst))


def _packets(host: Host, named: Iterable[Address]) -> Iterator[tuple[str, str | None, Packet]]:
    """Packets that the snapshot's own addresses suggest: sent by each namespace, and come in by its interfaces, to the others' addresses."""
    held = [(name, i.name, a.local) for name, n in host.namespaces.items() for i in n.interfaces.values()
            for a in i.addresses if not a.local.is_loopback and not a.local.is_link_local]
    own = [address for _, _, address in held]
    others = [a for a in sorted(named, key=lambda a: (a.version, int(a)))
              if not (a.is_loopback or a.is_link_local or a.is_multicast or a.is_unspecified)]
    step = max(1, len(others) // 24)
    for number, target in enumerate(dict.fromkeys([*own, *others[::step]])):
        for offset, (netns, interface, address) in enumerate(held[:12]):
            if target.version == address.version and target != address:
                packet = _syn(address, target, 40000 + number, _PORTS[(number + offset) % len(_PORTS)])
                yield netns, None, packet
                if (stranger := _neighbour(address)) is not None:
                    yield netns, interface, replace(packet, src=stranger)


def _syn(source: Address, target: Address, sport: int, dport: int) -> Packet:
    """The first packet of a connection."""
    return Packet(source, target, Protocol.TCP, sport=sport, dport=dport, tcp_flags=2, length=60, transport_length=0, seq=1, ack=0, window=64240,
                  identification=sport if source.version == 4 else 0)


def _neighbour(address: Address) -> Address | None:
    """Another address of the same network, for a packet from outside."""
    return type(address)(int(address) ^ 4) if int(address) & 0xFF not in (251, 4) else None


# ---- nothing is left -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gone:
    """What must not be found any more."""

    addresses: set[Address]
    blocks: set[Network]
    macs: set[bytes]
    bases: set[Address]  # what blocks begin with: `10.0.0.0/8` stays though 10.0.0.0 itself is another now
    words: frozenset[str]
    phrases: tuple[str, ...]  # names of more than one word


def nothing_left(files: Mapping[str, bytes], gathered: Gathered, redactor: Redactor, packets: Packets, proof: Proof) -> None:
    """Look for every original address and name in the bytes of the output, in every encoding that was read."""
    images = {redactor.addresses.map(a) for a in gathered.addresses}
    blocks = {redactor.addresses.network(n) for n in gathered.blocks}
    gone = Gone({a for a in gathered.addresses if redactor.addresses.map(a) != a} - images, gathered.blocks - blocks,
                {m for m in gathered.macs if not AddressMap.is_special(m)} - {redactor.addresses.mac(m) for m in gathered.macs},
                {n.network_address for n in gathered.blocks | blocks}, *_names(redactor))
    for path, data in files.items():
        proof.bytes += len(data)
        if path.endswith((".pcap", ".pcapng", ".cap")):
            _captured(path, data, gone, redactor, proof)
        else:
            _told(path, data.decode("utf-8", "surrogateescape"), gone, proof)
    for identifier in gathered.identifiers:
        for path, data in files.items():
            if identifier.encode() in data or identifier in path:
                proof.wrong.append(f"{path}: still holds the identifier {identifier}")


def _names(redactor: Redactor) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names that can be told from the words of the tools: longer than two letters, or unusual."""
    from visualize.redact.usual import USUAL_WORDS
    names = {old.strip("\"'") for (kind, old) in redactor.words.taken if kind is not Kind.STRING}
    wanted = {name for name in names if len(name) > 2 and name.lower() not in USUAL_WORDS and name not in VOCABULARY}
    words = frozenset(name for name in wanted if _WORD.fullmatch(name))
    return words, tuple(sorted(wanted - words))


def _told(path: str, text: str, gone: Gone, proof: Proof) -> None:
    whole = f"{path}\n{readable(path, text)}"  # JSON escapes are read, not searched
    addresses, blocks, macs = read(whole)
    if "proc-net" in path or "ip_vs" in path:
        addresses |= {*in_hex(whole, False), *in_hex(whole, True)}
    addresses |= {IPv4Address(int(m[0], 16)) for m in re.finditer(r"(?<=\b0x)[0-9a-fA-F]{8}\b", whole)}
    for found in [*sorted(addresses & gone.addresses, key=str)[:3], *sorted(blocks & gone.blocks, key=str)[:3]]:
        proof.wrong.append(f"{path}: still holds the address {found}")
    for form in _anyhow(whole, gone)[:3]:
        proof.wrong.append(f"{path}: still holds {form}")
    for mac in sorted(macs & gone.macs)[:3]:
        proof.wrong.append(f"{path}: still holds the MAC address {mac.hex(':')}")
    left = {*_WORD.findall(whole)} & gone.words | _phrases(whole, gone.phrases)
    for name in sorted(left)[:3]:
        proof.wrong.append(f"{path}: still holds the name {name!r}")


def _phrases(text: str, phrases: Iterable[str]) -> set[str]:
    """The phrases that stand in a text. A run of letters and digits in the midst of a phrase must be one of the text too: few are searched for."""
    runs = {*_RUN.findall(text)}
    return {phrase for phrase in phrases if runs.issuperset(_INNER_RUN.findall(phrase)) and phrase in text}


def _anyhow(text: str, gone: Gone) -> list[str]:
    """Addresses in forms that the redactor does not look for: inside longer runs of numbers, MAC addresses with other marks or none."""
    windows = {".".join(parts[at:at + 4]) for run in _DOTTED.findall(text) for parts in (run.split("."),) for at in range(len(parts) - 3)}
    singles = gone.addresses - gone.bases
    found = [str(four) for four in singles if four.version == 4 and str(four) in windows]
    runs = "\n".join(_COLONS.findall(text)).lower()
    for six in singles if runs else ():
        if six.version == 6:
            found += [form for form in (str(six), six.exploded) if form in runs and re.search(rf"(?<![0-9a-f:]){form}(?![0-9a-f:])", runs)]
    lower = text.lower()
    for mac in gone.macs:
        plain = mac.hex()
        found += [form for form in (plain, mac.hex("-"), f"{plain[:4]}.{plain[4:8]}.{plain[8:]}") if form in lower]
    return sorted(found)


def _captured(path: str, data: bytes, gone: Gone, redactor: Redactor, proof: Proof) -> None:
    """A capture: the addresses that can be read in its frames, and the bytes of long addresses wherever they stand."""
    from visualize.redact.captures import rewrite
    again = Packets(redactor.addresses)
    rewrite(data, again, str, path)
    for address in sorted(again.seen & gone.addresses, key=str)[:3]:
        proof.wrong.append(f"{path}: still holds the address {address}")
    wherever = {m for m in gone.macs if len(set(m)) > 4 and m in data}  # others occur by chance
    for found in sorted(again.macs & gone.macs | wherever)[:3]:
        proof.wrong.append(f"{path}: still holds the MAC address {found.hex(':')}")
    for six in [a for a in gone.addresses if isinstance(a, IPv6Address) and a.packed in data][:3]:
        proof.wrong.append(f"{path}: still holds the address {six}")
    for (kind, old), _ in redactor.words.taken.items():
        word = old.strip("\"'").encode("utf-8", "surrogateescape")
        if len(word) > 4 and word in data and kind is not Kind.INTERFACE:
            proof.wrong.append(f"{path}: still holds the name {old!r}")


def reload(data: bytes) -> Loaded:
    """The redacted snapshot, read from the bytes that are to be handed out."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "redacted.tar.gz"
        path.write_bytes(data)
        return load(str(path))
