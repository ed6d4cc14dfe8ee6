"""What a snapshot holds that must go: every address, every name, before anything is replaced."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from snapshot.build import Built
from snapshot.host import HOST
from snapshot.naming import place
from snapshot.raw import RawFile, RawSnapshot
from snapshot.text import readable as decode
from visualize.redact import patterns
from visualize.redact.formats import LENGTHS, MASKED, chain_is_named
from visualize.redact.redactor import VOCABULARY
from visualize.redact.tree import Address, Network
from visualize.redact.words import look_alikes

_IDENTIFIER = re.compile(r"(?<![0-9A-Za-z])([0-9a-f]{12})[0-9a-f]{52}(?![0-9A-Za-z])")
_BRIDGE = re.compile(r"\bbr-([0-9a-f]{12})\b")
_WILD = re.compile(r"(?:-i|-o|--(?:in|out)-interface|--physdev-(?:in|out)|--logical-(?:in|out)) ([\w.@-]+)\+"
                   r"|\b[io]ifname (?:!= )?\"([\w.@-]+)\*\"")
_CAPTURE_ENDS = (".pcap", ".pcapng", ".cap")


@dataclass(slots=True)
class Gathered:
    """Everything that is to be replaced. `workloads` are containers' and namespaces' names."""

    addresses: set[Address] = field(default_factory=set)
    blocks: set[Network] = field(default_factory=set)  # written with a length and without host bits
    macs: set[bytes] = field(default_factory=set)
    networks: set[Network] = field(default_factory=set)
    ranges: set[tuple[Address, Address]] = field(default_factory=set)
    identifiers: set[str] = field(default_factory=set)
    interfaces: set[str] = field(default_factory=set)
    wildcards: set[str] = field(default_factory=set)
    workloads: set[str] = field(default_factory=set)
    hostname: str = ""
    networks_named: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    chains: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    look_alikes: set[str] = field(default_factory=set)  # words that look like stand-ins


def gather(raw: RawSnapshot, built: Built) -> Gathered:
    """Look through all files, and through what was understood of them."""
    found = Gathered(hostname=built.host.hostname)
    for file in raw.files.values():
        if not file.path.endswith(_CAPTURE_ENDS):
            _text(file, found)
    _host(built, found)
    _manifest(built.manifest or {}, found)
    return found


def _text(file: RawFile, found: Gathered) -> None:
    text = re.sub(r'"sha256": "[0-9a-f]*"', "", file.text) if file.path == "manifest.json" else decode(file.data).text
    together = readable(file.path, text)
    addresses, blocks, macs = read(together)
    found.addresses |= addresses
    found.blocks |= blocks
    found.macs |= macs
    found.look_alikes |= look_alikes(f"{file.path}\n{text}")
    found.identifiers |= {match[1] for match in _IDENTIFIER.finditer(text)} | {match[1] for match in _BRIDGE.finditer(text)}
    found.wildcards |= {match[1] or match[2] for match in _WILD.finditer(text)}
    for match in patterns.RANGE.finditer(together):
        four, six = (patterns.four(match[1] or ""), patterns.four(match[2] or "")), (patterns.six(match[3] or ""), patterns.six(match[4] or ""))
        for first, last in (four, six):
            if first is not None and last is not None and int(first) < int(last):
                found.ranges.add((first, last))
    if re.search(r"proc-net-(tcp|udp)6?\.txt$|proc-ip_vs\.txt$", file.path):
        found.addresses |= set(in_hex(text, file.path.endswith("ip_vs.txt")))


def in_hex(text: str, big_endian: bool) -> Iterator[Address]:
    for match in re.finditer(r"\b([0-9A-F]{32}|[0-9A-F]{8}):[0-9A-F]{4}\b", text):
        data = bytes.fromhex(match[1])
        if not big_endian:
            data = b"".join(data[at:at + 4][::-1] for at in range(0, len(data), 4))
        yield IPv4Address(data) if len(data) == 4 else IPv6Address(data)


def readable(path: str, text: str) -> str:
    """A file's text with what belongs together side by side: JSON without its escapes, a length or mask behind its address."""
    if path.endswith(".json"):
        value = as_json(text)
        return text if value is None else "\n".join(json_strings(value))
    where = place(path)
    if where is not None and where.fact in ("route", "netstat-r"):
        return "\n".join(MASKED.sub(r"\1/\3\2", line) for line in text.split("\n"))
    return text


def read(text: str) -> tuple[set[Address], set[Network], set[bytes]]:
    """Every address, every block of addresses and every MAC address that stands in a text."""
    addresses: set[Address] = set()
    blocks: set[Network] = set()
    macs: set[bytes] = set()
    for match in patterns.TOKEN.finditer("\n".join(dict.fromkeys(text.split()))):  # none spans two words, and a word mostly stands there often
        if match["mac"]:
            macs.add(patterns.mac(match["mac"]))
        elif match["enx"] or match["bridge"]:
            macs.add(bytes.fromhex(match[0][-12:]))
        elif match["four"] or match["six"]:
            address = patterns.four(match["four"]) if match["four"] else patterns.six(match["six"])
            block = _block(address, match["len4"] or match["len6"])
            if block is not None:
                blocks.add(block)
            elif address is not None:
                addresses.add(address)
    return addresses, blocks, macs


def _block(address: Address | None, length: str | None) -> Network | None:
    """The block that an address with a length is, if it has no host bits."""
    if address is None or not length:
        return None
    try:
        block = ip_network(f"{address}/{length}")
    except ValueError:
        return None
    return block if block.prefixlen < block.max_prefixlen else None


def _host(built: Built, found: Gathered) -> None:
    host = built.host
    for name, namespace in host.namespaces.items():
        if name != HOST and name not in VOCABULARY:
            found.workloads.add(name)
        for interface in namespace.interfaces.values():
            found.interfaces.add(interface.name)
            for held in interface.addresses:
                found.networks.add(ip_network(f"{held.local}/{held.prefix_length}", strict=False))
        for tables in (namespace.tables4, namespace.tables6):
            found.chains |= {chain for table in tables or () for chain in table.chains if chain_is_named(chain)}
        found.sets |= set(namespace.ipsets or ())
    for container in host.containers:
        found.workloads |= {container.name} - VOCABULARY
        found.images |= {container.image} - {""}
        found.networks_named |= {e.network for e in container.endpoints} - VOCABULARY
    for network in host.networks:
        found.networks_named |= {network.name} - VOCABULARY
        found.networks |= set(network.subnets)


def _manifest(manifest: Any, found: Gathered) -> None:
    for key, field_name in (("netns", "name"), ("containers", "name"), *((key, "netns") for key in ("missing", "absent", "commands", "captures"))):
        items = manifest.get(key)
        found.workloads |= {str(item[field_name]) for item in (items if isinstance(items, list) else ()) if isinstance(item, dict)
                            and item.get(field_name) and item[field_name] not in VOCABULARY}
    found.workloads = {name for name in found.workloads if not re.fullmatch(r"ns-\d+", name)}


def json_strings(value: Any) -> Iterable[str]:
    """Every string of a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from json_strings(one)
    elif isinstance(value, dict):
        paired = {key for key, length in LENGTHS.items() if isinstance(value.get(key), str) and isinstance(value.get(length), int)
                  and "/" not in value[key]}
        for key, one in value.items():
            yield key
            if key == "range" and isinstance(one, list) and len(one) == 2:
                yield f"{one[0]}-{one[1]}"
                continue
            yield from [f"{one}/{value[LENGTHS[key]]}"] if key in paired else json_strings(one)


def as_json(text: str) -> Any:
    """The JSON value of a text, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
