"""A question about one packet that is in no capture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address

from snapshot.host import HOST, Host
from snapshot.host.link import IPAddress
from visualize.datapath.machine import Machine
from visualize.datapath.routing import Query
from visualize.datapath.source import lent_source
from visualize.flow import Flow, PathUse
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet, Protocol
from visualize.path import Path

_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ece": 64, "cwr": 128}
_EPHEMERAL = 40000


@dataclass(frozen=True, slots=True)
class Question:
    """What the user asked, still as text."""

    protocol: str
    source: str | None
    destination: str
    interface: str | None
    sender: str | None
    ttl: int = 64
    mark: int = 0
    tcp_flags: int = 2
    icmp_type: int | None = None


def parse_flags(text: str) -> int:
    """`syn,ack` -> 0x12. Raises ValueError for a word that is no flag."""
    value = 0
    for word in filter(None, text.lower().split(",")):
        if word not in _FLAGS:
            raise ValueError(f"--tcp-flags: {word!r} is not one of {', '.join(_FLAGS)}")
        value |= _FLAGS[word]
    return value


def parse_mark(text: str) -> int:
    """`0x1` -> 1. Raises ValueError for what is no mark of 32 bits."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 32:
        raise ValueError(f"--mark: {text!r} is not a number of 32 bits, such as 1 or 0x1")
    return value


def endpoint(text: str) -> tuple[IPAddress, int | None]:
    """`10.0.0.1:80`, `[::1]:80`, `::1` -> address and port. Raises ValueError."""
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r}: write [ADDRESS]:PORT")
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is not an address, or an address with a port") from None
    if port and not (port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text!r}: {port!r} is not a port")
    return address, int(port) if port else None


def ask(host: Host, question: Question, assumptions: Mapping[str, bool]) -> Path:
    """The path of the packet asked about. Raises ValueError with a sentence for the person."""
    machine = Machine(host, None, assumptions)
    destination, dport = endpoint(question.destination)
    number = protocol_number(question.protocol)
    if not number:
        raise ValueError(f"--proto: {question.protocol!r} is not a protocol")
    if number == Protocol.ICMP and destination.version == 6:
        number = Protocol.ICMPV6
    netns, interface = _start(host, question)
    source, sport = endpoint(question.source) if question.source else (None, None)
    if source is None:
        source = _chosen_source(machine, netns, interface, destination)
    if source.version != destination.version:
        raise ValueError("--src and --dst must be of one family, IPv4 or IPv6")
    packet = _packet(question, source, sport, destination, dport, number)
    if interface is not None:
        return machine.receive(packet, netns, interface)[0]
    return machine.send(packet, netns)[0]


def _start(host: Host, question: Question) -> tuple[str, str | None]:
    if question.sender is not None:
        container = host.container(question.sender)
        netns = container.netns if container is not None and container.netns else question.sender
        if netns not in host.namespaces:
            known = sorted({*host.namespaces, *(c.name for c in host.containers)})
            if container is not None:
                raise ValueError(f"--from: the namespace of container {question.sender!r} was not captured "
                                 f"(state: {container.state or 'unknown'})")
            raise ValueError(f"--from: no container or namespace {question.sender!r} (there are: {', '.join(known)})")
        return netns, None
    netns, _, name = (question.interface or "").rpartition("/")
    netns = netns or (HOST if HOST in host.namespaces else next(iter(host.namespaces)))
    if netns not in host.namespaces:
        raise ValueError(f"--in: no namespace {netns!r} (there are: {', '.join(host.namespaces)})")
    namespace = host.namespaces[netns]
    if name not in namespace.interfaces and any(not one.invented for one in namespace.interfaces.values()):
        raise ValueError(f"--in: no interface {name!r} in {netns} (there are: {', '.join(namespace.interfaces)})")
    return netns, name


def _chosen_source(machine: Machine, netns: str, interface: str | None, destination: IPAddress) -> IPAddress:
    if interface is not None:
        raise ValueError("--src: say where the packet comes from (it arrives from outside, so its source can't be chosen)")
    stack = machine.stack(netns)
    assert stack is not None
    source = lent_source(stack.namespace, stack.fib[destination.version].lookup(Query(destination)), destination)
    if source is None:
        raise ValueError(f"--src: {netns} has no route to {destination}, so no source address can be chosen: name one")
    return source


def _packet(question: Question, source: IPAddress, sport: int | None, destination: IPAddress, dport: int | None,
            number: int) -> Packet:
    four = isinstance(source, IPv4Address)
    header = 20 if four else 40
    plain = Packet(source, destination, number, question.ttl, length=header + 20, header_length=header, mark=question.mark)
    if number == Protocol.TCP:
        if dport is None:
            raise ValueError("--dst: a TCP packet needs a port (ADDRESS:PORT)")
        return replace(plain, length=header + 40, sport=sport or _EPHEMERAL, dport=dport, tcp_flags=question.tcp_flags, seq=1,
                       ack=0, window=64240, transport_length=0, dont_fragment=four)
    if number in (Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP, Protocol.DCCP):
        if dport is None:
            raise ValueError(f"--dst: a {question.protocol} packet needs a port (ADDRESS:PORT)")
        return replace(plain, length=header + 28, sport=sport or _EPHEMERAL, dport=dport, transport_length=20)
    if number in (Protocol.ICMP, Protocol.ICMPV6):
        kind = question.icmp_type if question.icmp_type is not None else (8 if number == Protocol.ICMP else 128)
        return replace(plain, length=header + 64, icmp_type=kind, icmp_code=0, icmp_id=1, icmp_seq=1)
    return plain


def as_flow(path: Path) -> Flow:
    """The path as a flow of one packet, for drawing."""
    return Flow(1, "trace", 0, 0, 1, (PathUse(path, (1,)),))
