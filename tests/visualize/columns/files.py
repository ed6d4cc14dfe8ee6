"""The same frames in other files: pcapng in many shapes, one Ethernet capture for each interface, tagged, without a link layer."""

import struct
from dataclasses import dataclass, replace
from random import Random

import traffic

from snapshot.host import Namespace
from visualize.packet.pcap import read_frames


@dataclass(frozen=True)
class Shot:
    """A frame on one interface."""

    time: int
    linktype: int
    data: bytes
    original: int
    name: str
    out: bool


def shots(data: bytes, namespace: Namespace, linktype: int = 1, tags: tuple[int, ...] = ()) -> list[Shot]:
    """The frames of an SLL2 capture as a capture on each interface shows them: Ethernet (with these VLAN tags), SLL, or without a link layer."""
    links = {one.index: one for one in namespace.interfaces.values()}
    found = []
    for frame in read_frames(data, "any.pcap"):
        raw = bytes(frame.data)
        link, out = links[int.from_bytes(raw[4:8], "big")], raw[10] == traffic.OUTGOING
        own = bytes.fromhex((link.mac or "02:00:00:00:00:77").replace(":", ""))
        far = raw[12:18]
        kind = b"".join(struct.pack(">HH", 0x8100 if number else 0x88A8, tag) for number, tag in enumerate(tags)) + raw[:2]
        head = {1: (far + own if out else own + far) + kind, 113: struct.pack(">HHH8s", 4 * out, 1, 6, own if out else far) + kind, 101: b"",
                0: struct.pack("<I", 2 if raw[20] >> 4 == 4 else 10), 108: struct.pack(">I", 2 if raw[20] >> 4 == 4 else 24)}[linktype]
        found.append(Shot(frame.time_ns, linktype, head + raw[20:], frame.original_length - 20 + len(head), link.name, out))
    return found


def classic(some: list[Shot], order: str = "<", modified: bool = False) -> bytes:
    """A classic file of frames of one link type, in nanoseconds (microseconds with Kuznetzov's longer record headers)."""
    found = struct.pack(order + "IHHiIII", 0xA1B2CD34 if modified else 0xA1B23C4D, 2, 4, 0, 0, 262144, some[0].linktype if some else 1)
    for one in some:
        time = one.time // 1000 if modified else one.time
        second = 10**6 if modified else 10**9
        found += struct.pack(order + "IIII", time // second, time % second, len(one.data), one.original)
        found += struct.pack(order + "IHBB", 1, 8, 4 if one.out else 0, 0) if modified else b""
        found += one.data
    return found


def block(order: str, kind: int, body: bytes) -> bytes:
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(order: str, code: int, value: bytes) -> bytes:
    """A pcapng option."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


class Writer:
    """Writes pcapng in the shapes that tools give it: several sections and interfaces, clocks, options, other blocks between."""

    def __init__(self, seed: int, flags: bool = False, plain: bool = False) -> None:
        self.random = Random(seed)
        self._flags, self._plain = flags, plain
        self.order = "<"
        self.known: dict[tuple[str, int], tuple[int, int]] = {}  # (name, link type) -> number, resolution
        self.found = b""

    def section(self) -> None:
        """Begin a section."""
        self.order = self.random.choice("<>")
        self.known = {}
        options = b"" if self.random.random() < 0.5 else option(self.order, 4, b"some tool") + option(self.order, 0, b"")
        self.found += block(self.order, 0x0A0D0D0A, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options)

    def interface(self, name: str, linktype: int) -> tuple[int, int]:
        """Describe an interface."""
        # 10**-9 s, 10**-6 s, 2**-30 s
        resolution = self.random.choice((9, 6, 0x80 | 30)) if not self._plain else 9
        body = struct.pack(self.order + "HHI", linktype, 0, 262144) + option(self.order, 2, name.encode()) + option(self.order, 9, bytes([resolution]))
        self.found += block(self.order, 1, body)
        return self.known.setdefault((name, linktype), (len(self.known), resolution))

    def other(self) -> None:
        """A block that holds no frame: statistics, names, a comment with what looks like a packet block."""
        inner = block(self.order, 6, bytes(24))
        self.found += self.random.choice((block(self.order, 5, bytes(12)), block(self.order, 4, bytes(8)), block(self.order, 0x0BAD, inner)))

    def frame(self, one: Shot) -> None:
        """A frame in an enhanced packet block."""
        number, resolution = self.known.get((one.name, one.linktype)) or self.interface(one.name, one.linktype)
        unit = 2**30 if resolution & 0x80 else 10**resolution
        ticks = -(-one.time * unit // 10**9)  # the first tick whose nanosecond is not before the frame's
        order, options = self.order, b""
        if self._flags:
            options += option(order, 2, struct.pack(order + "I", 2 if one.out else 1))
        if not self._plain and self.random.random() < 0.1:
            options = option(order, 1, b"a comment" * self.random.randrange(3)) + options + option(order, 0, b"")
        head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(one.data), one.original)
        self.found += block(order, 6, head + one.data + bytes(-len(one.data) % 4) + options)


def pcapng(some: list[Shot], seed: int, flags: bool = False, plain: bool = False) -> bytes:
    """A pcapng file."""
    writer = Writer(seed, flags, plain)
    writer.section()
    for one in some:
        if not plain and writer.random.random() < 0.004:
            writer.section()
        if not plain and writer.random.random() < 0.02:
            writer.other()
        writer.frame(one)
    return writer.found


def divided(some: list[Shot], among: int, seed: int) -> list[list[Shot]]:
    """Frames divided among several captures, each in its own order; a few of them with a clock that goes back a little."""
    draw = Random(seed)
    found: list[list[Shot]] = [[] for _ in range(among)]
    for one in some:
        found[draw.randrange(among)].append(one if draw.random() < 0.99 else replace(one, time=one.time - draw.randrange(10**8)))
    return found
