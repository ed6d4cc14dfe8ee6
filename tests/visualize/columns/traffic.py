"""Random traffic of a Docker host, as an `any` (SLL2) capture shows it: many plain connections, and everything that may go wrong with some."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random

from snapshot.host import Host

MAGIC = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 276)
HOST, OTHERHOST, OUTGOING = 0, 3, 4
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BASE = 1_700_000_000 * 10**9
_MAC = b"\x02\x42\xac\x11\x00\x02\0\0"


def ones_sum(data: bytes) -> int:
    """The ones' complement sum of 16-bit words (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@dataclass(frozen=True)
class Spot:
    """One place where a packet is seen: interface, SLL2 packet type, the packet's ends there, hops behind the first place."""

    ifindex: int
    kind: int
    src: tuple[str, int]
    dst: tuple[str, int]
    hops: int = 0


@dataclass
class Message:
    """One packet, wherever it is seen."""

    protocol: int
    ident: int
    payload: bytes = b""
    ttl: int = 64
    tos: int = 0
    flags: int = 0
    seq: int = 0
    ack: int = 0
    window: int = 64240
    options: bytes = b""
    icmp: int = 8
    number: int = 1
    dont_fragment: bool = True
    broken: bool = False
    fragment: tuple[int, bool] | None = None  # offset in 8 bytes, more fragments

    def at(self, spot: Spot) -> bytes:
        """The IP packet as it is seen there."""
        src, dst = (ip_address(end[0]).packed for end in (spot.src, spot.dst))
        body = self._body(spot, src, dst)
        offset = 0x4000 if self.dont_fragment else 0
        if self.fragment is not None:
            offset = self.fragment[0] | (0x2000 if self.fragment[1] else 0)
        if len(src) == 16:
            return struct.pack(">IHBB", 6 << 28 | self.tos << 20 | self.ident, len(body), self.protocol, self.ttl - spot.hops) + src + dst + body
        header = struct.pack(">BBHHHBBH4s4s", 0x45, self.tos, 20 + len(body), self.ident & 0xFFFF, offset, self.ttl - spot.hops,
                             self.protocol, 0, src, dst)
        return header + body

    def _body(self, spot: Spot, src: bytes, dst: bytes) -> bytes:
        if self.protocol in (1, 58):
            body = bytearray(struct.pack(">BBHHH", self.icmp, 0, 0, spot.src[1], self.number) + self.payload)
            at = 2
        elif self.protocol == 17:
            body = bytearray(struct.pack(">HHHH", spot.src[1], spot.dst[1], 8 + len(self.payload), 0) + self.payload)
            at = 6
        else:
            body = bytearray(struct.pack(">HHIIBBHHH", spot.src[1], spot.dst[1], self.seq & 0xFFFFFFFF, self.ack & 0xFFFFFFFF,
                                         (20 + len(self.options)) // 4 << 4, self.flags, self.window, 0, 0) + self.options + self.payload)
            at = 16
        pseudo = b"" if self.protocol == 1 else src + dst + struct.pack(">IHH", len(body), 0, self.protocol)
        value = ~ones_sum(pseudo + bytes(body)) & 0xFFFF
        body[at:at + 2] = (value ^ (0x5555 if self.broken else 0)).to_bytes(2, "big")
        return bytes(body)


def record(time: int, spot: Spot, packet: bytes, cut: int | None = None) -> bytes:
    """A pcap record (nanoseconds) of an SLL2 frame."""
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    data = struct.pack(">HHIHBB8s", kind, 0, spot.ifindex, 1, spot.kind, 6, _MAC) + packet
    kept = data[:cut]
    return struct.pack("<IIII", time // 10**9, time % 10**9, len(kept), len(data)) + kept


Way = tuple[Spot, ...]


@dataclass
class Talk:
    """A connection: the places of its two directions and what is sent."""

    protocol: int
    there: Way
    back: Way
    messages: list[tuple[bool, Message]] = field(default_factory=list)  # (reply, packet)


class Traffic:
    """Draws connections for a captured host that has docker0, one container on it (`web`), and two outer interfaces."""

    def __init__(self, host: Host, seed: int) -> None:
        self.random = Random(seed)
        links = host.namespaces["host"].interfaces
        port = next(link for link in links.values() if link.master == "docker0" and link.peer_netns is not None)
        container = host.namespaces[port.peer_netns or ""]
        self.veth, self.docker0 = port.index or 0, links["docker0"].index or 0
        self.outer = [(links[name].index or 0, str(links[name].addresses[0].local)) for name in ("eth0", "eth1")]
        self.inside = str(next(a.local for i in container.interfaces.values() for a in i.addresses if i.name == "eth0"))
        self.server, self.client = "198.51.100.80", "203.0.113."
        draw = self.random  # a capture's habits: the fewer, the more connections are alike
        self.sizes, self.ttls = draw.sample((0, 0, 10, 301, 1400), 2), draw.sample((64, 63, 120), draw.choice((1, 1, 2)))
        self.scale, self.stamp = draw.choice((b"", b"\x02\x04\x05\xb4\x01\x03\x03\x07")), draw.choice((b"", b"\x01\x01\x08\x0a\0\0\0\1\0\0\0\2"))
        self.pushes, self.ports = draw.choice(((0,), (0, PSH))), draw.sample((80, 443, 53, 8080), 2)

    def talk(self) -> Talk:
        """A connection of some kind."""
        kinds: tuple[Callable[[], Talk], ...] = (self._out, self._out, self._published, self._published, self._to_host, self._direct, self._from_host)
        talk = self.random.choice(kinds)()
        if talk.protocol == 6:
            self._tcp(talk)
        else:
            self._datagrams(talk)
        return talk

    def _far(self) -> tuple[str, int]:
        return f"{self.client}{self.random.randrange(100, 130)}", self.random.randrange(1024, 65536)

    def _protocol(self) -> int:
        return self.random.choice((6, 6, 6, 17, 1))

    def _port(self, protocol: int, port: int, own: int) -> int:
        return own if protocol == 1 else port

    def _out(self) -> Talk:
        protocol, own = self._protocol(), self.random.randrange(1024, 65536)
        inner, far = (self.inside, own), (self.server, self._port(protocol, self.random.choice((80, 443, 53, 8080)), own))
        index, address = self.outer[1]
        outer = (address, own)
        there = (Spot(self.veth, OTHERHOST, inner, far), Spot(self.docker0, HOST, inner, far), Spot(index, OUTGOING, outer, far, 1))
        back = (Spot(index, HOST, far, outer), Spot(self.docker0, OUTGOING, far, inner, 1), Spot(self.veth, OUTGOING, far, inner, 1))
        return Talk(protocol, there, back)

    def _published(self) -> Talk:
        far, (index, address) = self._far(), self.outer[0]
        outer, inner = (address, 8080), (self.inside, 80)
        there = (Spot(index, HOST, far, outer), Spot(self.docker0, OUTGOING, far, inner, 1), Spot(self.veth, OUTGOING, far, inner, 1))
        back = (Spot(self.veth, OTHERHOST, inner, far), Spot(self.docker0, HOST, inner, far), Spot(index, OUTGOING, outer, far, 1))
        return Talk(6, there, back)

    def _to_host(self) -> Talk:
        protocol, far, (index, address) = self._protocol(), self._far(), self.outer[0]
        own = (address, self._port(protocol, self.random.choice((22, 80, 8081)), far[1]))
        return Talk(protocol, (Spot(index, HOST, far, own),), (Spot(index, OUTGOING, own, far),))

    def _direct(self) -> Talk:
        """Straight to the container's own address, which Docker's rules drop."""
        protocol, far = self._protocol(), self._far()
        inner = (self.inside, self._port(protocol, self.random.choice((80, 22)), far[1]))
        return Talk(protocol, (Spot(self.outer[0][0], HOST, far, inner),), ())

    def _from_host(self) -> Talk:
        protocol, (index, address) = self._protocol(), self.outer[1]
        own = (address, self.random.randrange(1024, 65536))
        far = (self.server, self._port(protocol, 443, own[1]))
        return Talk(protocol, (Spot(index, OUTGOING, own, far),), (Spot(index, HOST, far, own),))

    def _ident(self) -> int:
        return 0 if self.random.random() < 0.2 else self.random.randrange(65536)

    def _tcp(self, talk: Talk) -> None:
        draw = self.random
        base = [1000 if draw.random() < 0.03 else draw.randrange(1 << 32) for _ in range(2)]
        sent, scale = [0, 0], self.scale
        stamp = self.stamp
        messages = talk.messages

        def say(reply: bool, flags: int, size: int = 0, options: bytes = b"") -> None:
            me = int(reply)
            message = Message(6, self._ident(), draw.randbytes(size), flags=flags, seq=base[me] + sent[me],
                              ack=base[1 - me] + sent[1 - me] if flags & ACK else 0, window=draw.choice((64240, 64240, 501)), options=options,
                              ttl=draw.choice(self.ttls))
            sent[me] += size + bool(flags & (SYN | FIN))
            messages.append((reply, message))

        if draw.random() < 0.8:
            say(False, SYN, 0, scale)
            if not talk.back or draw.random() < 0.1:
                return
            say(True, SYN | ACK, 0, scale)
        say(False, ACK, 0, stamp)
        for _ in range(draw.randrange(6)):
            say(bool(talk.back) and draw.random() < 0.5, ACK | draw.choice(self.pushes), draw.choice(self.sizes), stamp)
        ending = draw.random()
        if ending < 0.5:
            say(False, FIN | ACK, 0, stamp)
            if talk.back:
                say(True, FIN | ACK, 0, stamp)
            say(False, ACK, 0, stamp)
        elif ending < 0.53:
            say(bool(talk.back) and draw.random() < 0.5, RST | draw.choice((0, ACK)))

    def _datagrams(self, talk: Talk) -> None:
        draw = self.random
        for number in range(draw.randrange(1, 5)):
            reply = number > 0 and bool(talk.back) and draw.random() < 0.5
            kind = 0 if reply else 8
            talk.messages.append((reply, Message(talk.protocol, self._ident(), draw.randbytes(draw.choice(self.sizes) // 10), icmp=kind, number=number,
                                                 dont_fragment=draw.random() < 0.5)))

    def spoil(self, talk: Talk) -> None:
        """Something that a plain connection does not have."""
        draw, messages = self.random, talk.messages
        reply, message = messages[draw.randrange(len(messages))]
        match draw.randrange(9):
            case 0:
                message.seq += draw.choice((1 << 20, -(1 << 20), 1 << 31))
            case 1:
                message.broken = True
            case 2:
                message.tos = 0x10
            case 3:
                message.ttl = draw.choice((1, 2, 33))
            case 4:
                messages.append((reply, message))  # the same once more
            case 5:
                message.payload = draw.randbytes(2000)
            case 6:
                message.options = b"\x01\x01\x05\x0a" + draw.randbytes(8)
            case 7:
                message.flags = draw.choice((SYN, 0, FIN, SYN | FIN, RST, ACK))
            case _:
                draw.shuffle(messages)


def capture(host: Host, seed: int, connections: int = 60, spoilt: float = 0.1, lost: float = 0.005, torn: float = 0.02) -> bytes:
    """A whole capture. The numbers are chances: of something odd in a connection, of a frame lost or doubled, of fragments."""
    traffic = Traffic(host, seed)
    draw = traffic.random
    talks = [traffic.talk() for _ in range(connections)]
    for talk in talks:
        if draw.random() < spoilt:
            traffic.spoil(talk)
    frames: list[tuple[int, bytes]] = []
    torn *= draw.choice((0, 0, 1))
    for talk in talks:
        frames += _frames(draw, talk, lost, torn)
    frames.sort(key=lambda one: one[0])
    return MAGIC + b"".join(data for _, data in frames)


def _frames(draw: Random, talk: Talk, lost: float, torn: float) -> Iterator[tuple[int, bytes]]:
    time = BASE + draw.randrange(3 * 10**9)
    cuts = draw.random() < torn
    snap = draw.choice((None, None, None, 100))
    for reply, message in talk.messages:
        time += draw.choice((10**5, 10**7, 10**9, 10**9)) if draw.random() < 0.99 else draw.choice((40, 100, 500)) * 10**9
        step = draw.choice((1000, 10**6, 4 * 10**8)) if draw.random() < 0.02 else 1000
        for place, spot in enumerate(talk.back if reply else talk.there):
            if draw.random() < lost:
                continue
            times = 2 if draw.random() < lost else 1
            for _ in range(times):
                if cuts and message.protocol != 6 and len(message.payload) > 50 and not message.dont_fragment:
                    yield from _torn(draw, message, spot, time + place * step)
                else:
                    yield time + place * step, record(time + place * step, spot, message.at(spot), snap)


def _torn(draw: Random, message: Message, spot: Spot, time: int) -> Iterator[tuple[int, bytes]]:
    """The packet in two fragments."""
    whole = message.at(spot)
    cut = 20 + 24
    for number, (data, offset) in enumerate(((whole[20:cut], 0x2000), (whole[cut:], 3))):
        header = bytearray(whole[:20])
        header[2:4], header[6:8] = (20 + len(data)).to_bytes(2, "big"), offset.to_bytes(2, "big")
        yield time + number, record(time + number, spot, bytes(header) + data)
