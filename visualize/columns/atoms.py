"""What a host can tell apart: between two neighbouring numbers that its snapshot names, all addresses (or ports) are alike to it.

Every comparison that rules, routes and sets make is with a number or prefix that they hold. So the numbers found in the snapshot cut
the addresses and the ports into *atoms*; two packets whose fields lie in the same atoms, and that are equal else, take the same way.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import numpy as np

from snapshot.host import Host, Namespace
from snapshot.host.firewall import Rule, Table
from snapshot.host.ipset import IpSet
from snapshot.host.nft import NftRule, NftSet
from snapshot.host.routing import PolicyRule
from snapshot.host.socket import Listener
from snapshot.parse.addresses import address as plain_address
from snapshot.parse.addresses import network
from visualize.columns import nft
from visualize.columns.frames import I64, Bools
from visualize.columns.mix import U64

_FOUR = re.compile(r"\d+\.\d+\.\d+\.\d+(?:/[\d.]+)?")
_SIX = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/[\d:A-Fa-f]+)?")
_NUMBER = re.compile(r"\d+")
_COUNTED = re.compile(r"\[\d+:\d+\] ")
_SPECIAL = ("0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 224.0.0.1 255.255.255.255 ::/127 ::1 fe80::/10 fec0::/10 fc00::/7 ff00::/8 "
            "ff01::/16 ff02::/16 ::ffff:0:0/96 2002::/16 2001::/32")
_LOW_TTL = 16  # below, each is an atom of its own: as many hops are never passed within one host
_WITH_PORTS = (Listener, PolicyRule, IpSet)  # besides iptables' rules: all that the kernel compares a port with
_LEFT_OUT = {"conntrack", "sysctls", "file", "line", "packets", "bytes", "chain"}


class Atoms:
    """The atoms of a host."""

    def __init__(self, host: Host) -> None:
        self.refused = ""  # why the host's numbers do not cut the addresses into ranges
        self._four, self._six, self._numbers = {0}, {0}, {0}
        for word in _SPECIAL.split():
            self._prefix(word)
        for namespace in host.namespaces.values():
            self._take(namespace)
            self._sources6(namespace)
        self._take(host.containers)
        self._take(host.networks)
        mtus = {interface.mtu for namespace in host.namespaces.values() for interface in namespace.interfaces.values()}
        self._lengths = np.array(sorted({1280, 9000, *(mtu for mtu in mtus if mtu)}), np.int64)
        self._bounds4 = np.array(sorted(self._four), np.int64)
        self._bounds6 = sorted(self._six)
        self._ports = np.array(sorted(self._numbers), np.int64)

    def ports(self, values: I64) -> I64:
        """The atom of each number below 65536."""
        return np.searchsorted(self._ports, values, side="right")

    def lengths(self, values: I64) -> I64:
        """Packet lengths: which of the interfaces' MTUs they exceed."""
        return np.searchsorted(self._lengths, values, side="left")

    def ttls(self, values: I64) -> I64:
        """TTLs: low ones count, of others only what some number in the snapshot tells apart."""
        return np.where(values < _LOW_TTL, values, _LOW_TTL + self.ports(values))

    def addresses(self, words: U64, six: Bools) -> I64:
        """The atom of each address (`Ends` words)."""
        four = words[:, 0].astype("<u4").byteswap().astype(np.int64)
        found = np.searchsorted(self._bounds4, four, side="right")
        rows = np.flatnonzero(six)
        if len(rows):
            found[rows] = self._addresses6(words[rows])
        return found

    def alone(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address is an atom by itself."""
        bounds = self._four if address.version == 4 else self._six
        return int(address) in bounds and int(address) + 1 in bounds

    def _addresses6(self, words: U64) -> I64:
        different, number = np.unique(words, axis=0, return_inverse=True)
        raw = different.astype("<u8").tobytes()
        atoms = [bisect_right(self._bounds6, int.from_bytes(raw[at:at + 16], "big")) for at in range(0, len(raw), 16)]
        return np.array(atoms, np.int64)[number.reshape(-1)] + (1 << 32)

    # -- every number in the snapshot --------------------------------------------------------------------------------------

    def _take(self, value: object, ports: bool = False) -> None:
        """Every address that a value holds and, with `ports`, every number that could be a port."""
        match value:
            case None | bool() | float() | Enum():
                pass
            case Rule():
                self._text(value.text, True)
            case NftRule():
                self._expression(value.expressions)
            case NftSet():
                self._expression(value.elements)
            case Table():
                self._table(value)
            case str():
                self._text(value, ports)
            case int():
                self._number(value if ports else 0)
            case IPv4Address() | IPv6Address() | IPv4Network() | IPv6Network():
                self._range(value)
            case Mapping():
                for held in value.values():
                    self._take(held, ports)
            case _ if is_dataclass(value):
                ports = ports or isinstance(value, _WITH_PORTS)
                for part in fields(value):
                    if part.name not in _LEFT_OUT:
                        self._take(getattr(value, part.name), ports)
            case Iterable():
                for held in value:
                    self._take(held, ports)

    def _table(self, table: Table) -> None:
        """All rules of a table in one pass over their texts."""
        self._text("\n".join([*table.chains.keys(), table.name, table.file]), False)
        texts = [_COUNTED.sub("", text, 1) if text[:1] == "[" else text for text, chain, _ in table.lines() if chain]
        self._text("\n".join(set("\n".join(texts).split())), True)  # words are few beside the rules that they stand in

    def _expression(self, value: object) -> None:
        """Every number in nftables' JSON that a field could be compared with."""
        match value:
            case {"counter": _}:
                pass
            case {"prefix": {"addr": address, "len": length}}:
                self._prefix(f"{address}/{length}")
            case Mapping():
                for held in value.values():
                    self._expression(held)
            case str() | int():
                self._take(value, True)
            case Iterable():
                for held in value:
                    self._expression(held)

    def _number(self, value: int) -> None:
        if 0 <= value <= 65535:
            self._numbers |= {value, value + 1}

    def _range(self, value: IPv4Address | IPv6Address | IPv4Network | IPv6Network) -> None:
        bounds = self._four if value.version == 4 else self._six
        if isinstance(value, (IPv4Address, IPv6Address)):
            bounds |= {int(value), int(value) + 1}
            return
        low, high = int(value.network_address), int(value.broadcast_address)
        bounds |= {low, low + 1, high, high + 1}

    def _text(self, text: str, ports: bool) -> None:
        for word in set(_FOUR.findall(text)):
            self._prefix(word)
        if ":" in text:
            for word in {word.rstrip(".") for word in _SIX.findall(text)}:
                self._prefix(word)
        for word in set(_NUMBER.findall(text)) if ports else ():
            if len(word) < 6:
                self._number(int(word))

    def _prefix(self, word: str) -> None:
        address, _, mask = word.partition("/")
        try:
            self._range(plain_address(address))
        except ValueError:  # a MAC address, a time of day
            return
        if not mask:
            return
        try:
            self._range(network(word))
        except ValueError:
            self.refused = f"{word}: a mask with holes"

    def _sources6(self, namespace: Namespace) -> None:
        """The choice between two source addresses falls at the first bit in which they differ (`select_source`)."""
        for interface in namespace.interfaces.values():
            held = [int(one.local) for one in interface.addresses if one.family == 6]
            for one in held:
                for other in held:
                    if one != other:
                        self._range(IPv6Network((one, 129 - (one ^ other).bit_length()), strict=False))


# -- rules whose answer is not a matter of atoms ----------------------------------------------------------------------------

_MATCHES = {"", "tcp", "udp", "icmp", "icmp6", "icmpv6", "ipv6-icmp", "multiport", "conntrack", "state", "comment", "addrtype", "mark", "pkttype",
            "physdev", "iprange", "set", "mac", "ttl", "hl", "tos", "dscp"}
_HISTORY = {"--ctstatus", "--ctexpire", "--tcp-option"}  # what depends on more than the fields and the connection's state
_TARGETS = {"", "ACCEPT", "DROP", "RETURN", "LOG", "NFLOG", "TRACE", "MARK", "MASQUERADE", "DNAT", "SNAT", "REDIRECT", "REJECT"}
_CT = re.compile(r"\bCT\b")
_TRANSLATIONS = {"MASQUERADE", "DNAT", "SNAT", "REDIRECT"}


def depends_on_more(rule: Rule, chains: Mapping[str, object]) -> bool:
    """Whether a rule may answer differently for two packets of the same atoms: by time, counters, chance, bytes, or what it remembers."""
    for clause in rule.matches:
        if clause.name not in _MATCHES or any(option.name in _HISTORY for option in clause.options):
            return True
    if rule.jump in chains:
        return False
    if rule.jump not in _TARGETS:
        return True
    if rule.jump in _TRANSLATIONS and rule.target is not None:
        return any((option.name.startswith(("--random", "--persistent", "--to-ports")) and rule.jump != "REDIRECT") or "-" in "".join(option.values)
                   for option in rule.target.options)
    return False


def writes_sets(namespace: Namespace) -> bool:
    """Whether some rule changes IP sets, so that a set's answer depends on what came before."""
    return any(target == "SET" for table in _tables(namespace) for _, _, target in table.lines()) or any(
        "timeout" in ipset.options for ipset in (namespace.ipsets or {}).values())


def helps(namespace: Namespace) -> bool:
    """Whether conntrack helpers may read payloads here and expect connections, so that one connection decides about another."""
    if any(map(nft.helps, namespace.nft)):
        return True
    if namespace.sysctl("net.netfilter.nf_conntrack_helper") not in (None, "0") or any(one.helper for one in namespace.conntrack or ()):
        return True
    return any(rule.jump == "CT" and rule.target is not None and rule.target.option("--helper") is not None
               for table in _tables(namespace) if any(target == "CT" for _, _, target in table.lines()) for rule in table.candidates(_CT))


def _tables(namespace: Namespace) -> tuple[Table, ...]:
    return (*(namespace.tables4 or ()), *(namespace.tables6 or ()))
