"""The elements of an ipset, and what a packet is to a set: the kadt functions of the set types.

The element of a packet has one value for each dimension of the set's type (`hash:ip,port`: an address, and a protocol with a
port). Networks are tried from the longest prefix to the shortest, and the first one found decides (mtype_test_cidrs).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from snapshot.host.ipset import IpSet, SetEntry
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, no, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.match.icmp import NAMES as ICMP_NAMES
from visualize.netfilter.match.icmp import type_and_codes
from visualize.netfilter.match.icmp6 import NAMES as ICMP6_NAMES
from visualize.netfilter.options import integer, network, port
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet, Protocol

Value = int | str | tuple[int, int]
Key = tuple[Value, ...]
Shape = tuple[int, ...]  # prefix length of each dimension; 0 where it is no address

PORT_TYPES = (Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP)


def dimensions(ipset: IpSet) -> tuple[str, ...]:
    """`hash:ip,port` -> ("ip", "port")."""
    return tuple(ipset.type.partition(":")[2].split(","))


@dataclass(slots=True)
class Index:
    """The entries of a set, by shape and key; `ranges` are those that a key can't name."""

    shapes: dict[Shape, dict[Key, SetEntry]] = field(default_factory=dict)
    wildcards: list[tuple[Shape, Key, SetEntry]] = field(default_factory=list)
    nets: dict[Shape, set[Key]] = field(default_factory=dict)  # keys without their last dimension
    unreadable: int = 0

    def candidates(self, values: Key, bits: int, by_net: bool = False) -> Iterator[tuple[Shape, SetEntry]]:
        """The entries that hold `values`, the most specific first.

        `by_net` (hash:net,iface): once a network is found under any interface, shorter prefixes are not tried (`multi` in mtype_test_cidrs).
        """
        wild: dict[Shape, list[tuple[Key, SetEntry]]] = {}
        for shape, key, entry in self.wildcards:
            wild.setdefault(shape, []).append((key, entry))
        for shape in sorted({*self.shapes, *wild}, reverse=True):
            held = _masked(values, shape, bits)
            found = self.shapes.get(shape, {}).get(held)
            if found is not None:
                yield shape, found
            for key, entry in wild.get(shape, ()):
                if held[:-1] == key[:-1] and str(held[-1]).startswith(str(key[-1])):
                    yield shape, entry
            if by_net and held[:-1] in self._nets(shape):
                return

    def _nets(self, shape: Shape) -> set[Key]:
        if shape not in self.nets:
            self.nets[shape] = {key[:-1] for key in self.shapes.get(shape, ())} | {key[:-1] for one, key, _ in self.wildcards if one == shape}
        return self.nets[shape]


class _Net(int):
    """An address as a number: what a prefix length cuts."""


def _masked(values: Key, shape: Shape, bits: int) -> Key:
    return tuple(_Net(value >> bits - length << bits - length) if isinstance(value, _Net) else value
                 for value, length in zip(values, shape, strict=True))


def _port_value(text: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(protocol, first) and (protocol, last) of `tcp:80-90`, `icmp:echo-request`, `80`."""
    name, colon, number = text.rpartition(":")
    protocol = protocol_number(name) if colon else int(Protocol.TCP)
    if protocol is None:
        raise BindError(f"protocol {name!r} is not known")
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        kind, code, _ = type_and_codes(number, ICMP_NAMES if protocol == Protocol.ICMP else ICMP6_NAMES)
        return (protocol, kind << 8 | code), (protocol, kind << 8 | code)
    first, dash, last = number.partition("-")
    return (protocol, port(first)), (protocol, port(last if dash else first))


def _component(kind: str, text: str, bits: int) -> Iterator[tuple[int, Value]]:
    """(prefix length, value) pairs that a component of an element stands for; a range stands for many."""
    match kind:
        case "ip" | "net":
            first, dash, last = text.partition("-")
            if dash and not text.startswith("["):
                for number in range(int(ip_address(first)), int(ip_address(last)) + 1):
                    yield bits, _Net(number)
                return
            net = network(first)
            if kind == "net":
                yield net.prefixlen, _Net(int(net.network_address))
            else:
                for one in net:
                    yield bits, _Net(int(one))
        case "port":
            low, high = _port_value(text)
            for number in range(low[1], high[1] + 1):
                yield 0, (low[0], number)
        case "mark":
            yield 0, integer(text)
        case _:
            yield 0, text.lower() if kind == "mac" else text


def _keys(kinds: tuple[str, ...], element: str, bits: int) -> Iterator[tuple[Shape, Key]]:
    parts = element.split(",")
    if kinds == ("port",):
        parts = [part if ":" in part else f"tcp:{part}" for part in parts]
    if kinds == ("ip", "mac") and len(parts) == 1:
        parts.append("")

    def combine(at: int) -> Iterator[tuple[Shape, Key]]:
        if at == len(kinds):
            yield (), ()
            return
        for length, value in _component(kinds[at], parts[at], bits):
            for shape, key in combine(at + 1):
                yield (length, *shape), (value, *key)

    yield from combine(0)


_INDEXES: dict[int, tuple[IpSet, Index]] = {}
_LARGEST = 1 << 20


def index_of(ipset: IpSet) -> Index:
    """The index of a set, built once."""
    known = _INDEXES.get(id(ipset))
    if known is not None and known[0] is ipset:
        return known[1]
    index, kinds, bits, count = Index(), dimensions(ipset), 128 if ipset.family == "inet6" else 32, 0
    for entry in ipset.entries:
        try:
            for shape, key in _keys(kinds, entry.element, bits):
                count += 1
                if count > _LARGEST:
                    raise BindError("too many elements")
                if "wildcard" in entry.options:
                    index.wildcards.append((shape, key, entry))
                else:
                    index.shapes.setdefault(shape, {})[key] = entry
        except (BindError, ValueError, IndexError):
            index.unreadable += 1
    _INDEXES[id(ipset)] = ipset, index
    return index


def _port_of(packet: Packet, source: bool, only_number: bool) -> tuple[int, int] | None:
    """What ip_set_get_ip4_port and ip_set_get_ip_port read; None where the packet has none."""
    protocol = packet.protocol
    if protocol in PORT_TYPES or protocol in (Protocol.ICMP, Protocol.ICMPV6):
        if packet.fragment_offset > 0:
            return None
        if protocol in PORT_TYPES:
            number = packet.sport if source else packet.dport
        else:
            number = None if packet.icmp_type is None else packet.icmp_type << 8 | (packet.icmp_code or 0)
        if number is None or (only_number and protocol not in (Protocol.TCP, Protocol.UDP)):
            return None
        return (int(Protocol.TCP) if only_number else protocol), number
    return None if only_number else (protocol, 0)


def _address_value(ipset: IpSet, one: IPAddress) -> Value:
    bits, number = len(one.packed) * 8, int(one)
    if "netmask" in ipset.options:
        number &= -1 << bits - integer(ipset.options["netmask"], bits)
    if "bitmask" in ipset.options:
        number &= int(ip_address(ipset.options["bitmask"]))
    return _Net(number)


def values_of(ipset: IpSet, flags: tuple[str, ...], packet: Packet, here: Here) -> Key | Answer:
    """The packet's element for this set, or why there is none (the kernel's -EINVAL: no match)."""
    kinds = dimensions(ipset)
    values: list[Value] = []
    for kind, flag in zip(kinds, flags, strict=False):
        source = flag == "src"
        match kind:
            case "ip" | "net":
                values.append(_address_value(ipset, packet.src if source else packet.dst))
            case "port":
                found = _port_of(packet, source, kinds == ("port",))
                if found is None:
                    return no("the packet has no port for the set")
                values.append(found)
            case "mark":
                values.append(packet.mark & integer(ipset.options.get("markmask", "0xffffffff")))
            case "mac":
                mac = packet.src_mac if source else packet.dst_mac
                if mac is None:
                    if here.in_interface in (None, "lo"):
                        return no("there is no Ethernet header")
                    return unknown("the capture lacks the MAC address")
                values.append(mac.lower())
            case "iface":
                # never a bridge port: -m set does not ask for one, and `physdev:` elements match nothing
                name = here.in_interface if source else here.out_interface
                if not name:
                    return no("there is no interface for the set")
                values.append(name)
            case _:
                return unknown(f"set type {ipset.type} is not modelled")
    return tuple(values)
