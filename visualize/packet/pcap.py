"""Captures: classic pcap and pcapng, read in place (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).

    d4 c3 b2 a1 02 00 04 00 ...     classic pcap, little-endian, microseconds
    0a 0d 0d 0a ...                 pcapng: a section header block

What is no capture at all is a SnapshotError. A damage further on is a Finding with the frame's number and the byte offset, and
what was read before it stays usable. Nothing here knows what stands in a frame (`decode` does).
"""

import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from snapshot.finding import Finding, Kind
from snapshot.raw import SnapshotError

# Link types that `decode` reads (https://www.tcpdump.org/linktypes.html)
LINK_TYPES = {0: "NULL", 1: "Ethernet", 12: "RAW", 14: "RAW", 101: "RAW", 108: "LOOP", 113: "SLL", 228: "IPV4", 229: "IPV6",
              276: "SLL2"}
# Others that people meet, so that a refusal can name them
OTHER_LINK_TYPES = {6: "Token Ring", 8: "SLIP", 9: "PPP", 10: "FDDI", 50: "PPP_HDLC", 51: "PPPoE", 104: "C_HDLC", 105: "802.11",
                    107: "Frame Relay", 117: "PFLOG", 119: "PRISM", 120: "AIRONET", 127: "802.11 radiotap", 138: "Apple IP over "
                    "FireWire", 187: "Bluetooth", 189: "USB", 192: "PPI", 195: "802.15.4", 220: "USB_LINUX_MMAPPED", 239: "NFLOG",
                    242: "IPoIB", 247: "Infiniband", 249: "USBPCAP", 253: "NETLINK", 258: "PKTAP",
                    **{147 + n: f"USER{n}" for n in range(16)}}

LONGEST_FRAME = 64 * 1024 * 1024  # a record that says more is damage, whatever the file's snap length
_USUAL_SNAPLEN = 262144  # libpcap's MAXIMUM_SNAPLEN
_SECOND = 1_000_000_000

_PCAPNG = b"\x0a\x0d\x0d\x0a"
SHB, IDB, PB, SPB, EPB = 0x0A0D0D0A, 1, 2, 3, 6  # kinds of blocks: section header, interface description, packets (obsolete, simple, enhanced)
_BYTE_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_IF_NAME, _IF_TSRESOL, _IF_TSOFFSET, _EPB_FLAGS = 2, 9, 14, 2
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"BZh": "bzip2"}
_PACKET_OUTGOING = 4  # linux/if_packet.h, in the record header of the modified format


class _Layout(NamedTuple):
    """What a classic file's magic tells."""

    order: str
    scale: int  # nanoseconds in one unit of a record's second time field
    modified: bool = False  # Kuznetzov's: 8 more bytes in each record (interface, protocol, packet type)


_CLASSIC = {b"\xd4\xc3\xb2\xa1": _Layout("<", 1000), b"\xa1\xb2\xc3\xd4": _Layout(">", 1000),
            b"\x4d\x3c\xb2\xa1": _Layout("<", 1), b"\xa1\xb2\x3c\x4d": _Layout(">", 1),
            b"\x34\xcd\xb2\xa1": _Layout("<", 1000, True), b"\xa1\xb2\xcd\x34": _Layout(">", 1000, True)}


class Frame(NamedTuple):
    """One captured frame. `number` counts from 1 in its file; `time_ns` since the epoch; `data` is what was captured of it."""

    number: int
    time_ns: int
    linktype: int
    data: memoryview | bytes
    original_length: int
    interface: str | None = None  # pcapng if_name
    direction: str | None = None  # "in" | "out" where the capture tells (pcapng epb_flags)


class Capture:
    """A capture. `frames` may be gone through any number of times; it reads the file in place and holds no frame.

    `findings` is what is wrong with it: free once `frames` was read to its end, else it costs one walk over the records.
    """

    def __init__(self, name: str, data: memoryview, file: int | None = None) -> None:
        """`file`: the descriptor of an open file that holds `data`, for `read`."""
        self.name = name
        self.size = len(data)
        self._data = data
        self._file = file
        self._findings: tuple[Finding, ...] | None = None

    @property
    def frames(self) -> Iterator[Frame]:
        """The frames, in file order."""
        damage = _Damage(self.name)
        read = _pcapng if self._data[:4] == _PCAPNG else _classic
        yield from read(self._data, damage)
        self._findings = tuple(damage.findings)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames

    def read(self, offset: int, size: int) -> bytes:
        """Some of the file's bytes; a mapped file's pages do not stay in memory for it."""
        return os.pread(self._file, size, offset) if self._file is not None else bytes(self._data[offset:offset + size])

    def found_whole(self) -> None:
        """Another reader saw every record whole: there is nothing to tell."""
        self._findings = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is damaged, or left out, and where."""
        if self._findings is None:
            for _ in self.frames:
                pass
        return self._findings or ()


class _Damage:
    """Collects what a reader finds wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []

    def __call__(self, kind: Kind, number: int, offset: int, why: str) -> None:
        kept = ("no frame stands before it", "the frame before it is used")[number - 1] if number < 3 else (
            f"the {number - 1} frames before it are used")
        self.findings.append(Finding(kind, self.name, 0, "", f"frame {number}, byte {offset}: {why}; {kept}"))

    def left_out(self, number: int, linktype: int, interface: str) -> None:
        self.findings.append(Finding(Kind.NOT_MODELLED, self.name, 0, "", f"frame {number}: {name_of(linktype)} of {interface} is not "
                                     f"read (only {_readable()}); frames of that interface are left out"))


def name_of(linktype: int) -> str:
    """`link type 147 (USER0)`."""
    word = LINK_TYPES.get(linktype) or OTHER_LINK_TYPES.get(linktype)
    return f"link type {linktype} ({word})" if word else f"link type {linktype}"


def _readable() -> str:
    return ", ".join(dict.fromkeys(LINK_TYPES.values()))


def open_capture(path: str) -> Capture:
    """Map a capture file. Raises SnapshotError where it can't be read or is none."""
    try:
        with open(path, "rb") as file:
            return map_capture(file, path)
    except OSError as error:
        raise SnapshotError(f"{path}: can't be read: {error.strerror or error}") from error


def map_capture(file: BinaryIO, name: str) -> Capture:
    """Map an open capture file, which may be closed then. Raises SnapshotError where it is none, OSError where it can't be read."""
    descriptor = None
    try:
        data: bytes | mmap.mmap = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        descriptor = os.dup(file.fileno()) if hasattr(os, "pread") else None
    except (ValueError, OSError):  # empty, or nothing that can be mapped (a pipe)
        data = file.read()
    return read_frames(memoryview(data), name, descriptor)


def read_frames(data: bytes | memoryview, name: str, file: int | None = None) -> Capture:
    """Open a capture held in memory (or mapped). Raises SnapshotError where it is none, or none whose frames can be read."""
    view = memoryview(data)
    magic = bytes(view[:4])
    capture = Capture(name, view, file)
    if magic in _CLASSIC:
        _check_classic(view, name)
    elif magic == _PCAPNG:
        _check_pcapng(view, capture)
    else:
        raise SnapshotError(f"{name}: {_not_a_capture(magic)}")
    return capture


def _not_a_capture(magic: bytes) -> str:
    if not magic:
        return "empty (0 bytes), not a capture"
    if len(magic) < 4:
        return f"cut off after {len(magic)} bytes, not a capture"
    for start, tool in _COMPRESSED.items():
        if magic.startswith(start):
            return f"compressed with {tool} (byte 0: {magic.hex(' ')}): unpack it first"
    return f"not a pcap or pcapng capture (byte 0: {magic.hex(' ')})"


# -- classic pcap ---------------------------------------------------------------------------------------------------------


def _check_classic(view: memoryview, name: str) -> None:
    if len(view) < 24:
        raise SnapshotError(f"{name}: cut off in the file header (byte {len(view)} of 24)")
    major, minor = Struct(_CLASSIC[bytes(view[:4])].order + "HH").unpack_from(view, 4)
    if major != 2:
        raise SnapshotError(f"{name}: version {major}.{minor} of the pcap format is not known (byte 4)")
    linktype = _classic_header(view)[2]
    if linktype not in LINK_TYPES:
        raise SnapshotError(f"{name}: {name_of(linktype)} is not read (byte 20; only {_readable()})")


def _classic_header(view: memoryview) -> tuple[_Layout, int, int]:
    """Layout, the longest frame that is believed, link type (its upper bits tell of an FCS)."""
    layout = _CLASSIC[bytes(view[:4])]
    snaplen, linktype = Struct(layout.order + "II").unpack_from(view, 16)
    return layout, min(max(snaplen, _USUAL_SNAPLEN), LONGEST_FRAME), linktype & 0xFFFF


def _classic(view: memoryview, damage: _Damage) -> Iterator[Frame]:
    layout, longest, linktype = _classic_header(view)
    header = 24 if layout.modified else 16
    unpack, scale, size, new = Struct(layout.order + "IIII").unpack_from, layout.scale, len(view), tuple.__new__
    offset, number, way = 24, 1, None
    last = size - header
    while offset <= last:
        seconds, fraction, captured, original = unpack(view, offset)
        start = offset + header
        end = start + captured
        if end > size or captured > longest:
            break
        if layout.modified:
            way = "out" if view[offset + 22] == _PACKET_OUTGOING else "in"
        # Frame(...) itself takes twice as long
        yield new(Frame, (number, seconds * _SECOND + fraction * scale, linktype, view[start:end],
                          original if original > captured else captured, None, way))
        offset = end
        number += 1
    _classic_damage(view, layout, (number, offset, longest), damage)


def _classic_damage(view: memoryview, layout: _Layout, stopped: tuple[int, int, int], damage: _Damage) -> None:
    """Why the walk stopped, if not at the end of the file."""
    number, offset, longest = stopped
    header, left = 24 if layout.modified else 16, len(view) - offset
    if not left:
        return
    if left < header:
        damage(Kind.TRUNCATED, number, offset, f"the file ends in the record's header ({left} of {header} bytes)")
        return
    captured = Struct(layout.order + "I").unpack_from(view, offset + 8)[0]
    if captured > longest:
        damage(Kind.SYNTAX, number, offset, f"a record of {captured} bytes can't be (more than {longest})")
    else:
        damage(Kind.TRUNCATED, number, offset, f"the file ends inside the frame ({left - header} of {captured} bytes)")


class ClassicHeader(NamedTuple):
    """What the head of a classic file tells of its records, for those who read them by columns."""

    order: str
    scale: int  # nanoseconds in one unit of a record's second time field
    record: int  # bytes of a record's header
    longest: int  # bytes of the longest frame that is believed
    linktype: int


def classic_header(data: bytes | memoryview) -> ClassicHeader | None:
    """The head of a classic capture (24 bytes are enough); None for any other file."""
    view = memoryview(data)
    if bytes(view[:4]) not in _CLASSIC or len(view) < 24:
        return None
    layout, longest, linktype = _classic_header(view)
    return ClassicHeader(layout.order, layout.scale, 24 if layout.modified else 16, longest, linktype)


# -- pcapng ---------------------------------------------------------------------------------------------------------------


class Interface(NamedTuple):
    """One interface description block of a section."""

    number: int
    linktype: int
    snaplen: int
    name: str | None
    multiply: int  # nanoseconds = ticks * multiply // divide + offset
    divide: int
    offset: int

    def describe(self) -> str:
        """`interface 0 (eth0)`."""
        return f"interface {self.number}" + (f" ({self.name})" if self.name else "")


class Section:
    """A section's byte order, its interfaces, and the readers of its blocks."""

    def __init__(self, order: str, interfaces: Iterable[Interface] = ()) -> None:
        self.order = order
        self.interfaces = list(interfaces)
        self.left_out: set[int] = set()
        self.last_time = 0  # a simple packet block has no time: it happened at that of the one before
        self.word = Struct(order + "I").unpack_from
        self.option = Struct(order + "HH").unpack_from
        self.enhanced = Struct(order + "IIIII").unpack_from
        self.obsolete = Struct(order + "HHIIII").unpack_from

    def options(self, body: memoryview, at: int) -> Iterator[tuple[int, bytes]]:
        """(code, value) of each option from `at` on; one that overruns its block ends them."""
        while at + 4 <= len(body):
            code, length = self.option(body, at)
            if code == 0 or at + 4 + length > len(body):
                return
            yield code, bytes(body[at + 4:at + 4 + length])
            at += 4 + (length + 3 & ~3)

    def describe_interface(self, body: memoryview) -> str | None:
        """Read an interface description block; returns what is wrong with it."""
        if len(body) < 8:
            return f"an interface description of {len(body)} bytes can't be"
        linktype, _, snaplen = Struct(self.order + "HHI").unpack_from(body)
        name, resolution, offset = None, 10**6, 0
        for code, value in self.options(body, 8):
            if code == _IF_NAME:
                name = value.decode("utf-8", "replace").rstrip("\0")
            elif code == _IF_TSRESOL and value:
                resolution = (2 if value[0] & 0x80 else 10) ** (value[0] & 0x7F)
            elif code == _IF_TSOFFSET and len(value) == 8:
                offset = Struct(self.order + "q").unpack(value)[0] * _SECOND
        multiply, divide = (_SECOND // resolution, 1) if _SECOND % resolution == 0 else (_SECOND, resolution)
        self.interfaces.append(Interface(len(self.interfaces), linktype, snaplen, name, multiply, divide, offset))
        return None

    def packet(self, kind: int, body: memoryview, number: int) -> tuple[Frame, Interface] | str:
        """The frame in a packet block, or what is wrong with it."""
        if kind == SPB:
            return self._simple(body, number)
        if len(body) < 20:
            return f"a packet block of {len(body) + 12} bytes can't be"
        if kind == EPB:
            which, high, low, captured, original = self.enhanced(body)
        else:
            which, _, high, low, captured, original = self.obsolete(body)
        if which >= len(self.interfaces):
            return f"the packet names interface {which}, and {len(self.interfaces)} were described"
        end = 20 + captured
        if end > len(body):
            return f"a packet of {captured} bytes can't be in a block with room for {len(body) - 20}"
        held = self.interfaces[which]
        time_ns = self.last_time = (high << 32 | low) * held.multiply // held.divide + held.offset
        way = self._direction(body, end + 3 & ~3) if len(body) >= end + 8 else None
        return Frame(number, time_ns, held.linktype, body[20:end], max(original, captured), held.name, way), held

    def _simple(self, body: memoryview, number: int) -> tuple[Frame, Interface] | str:
        if len(body) < 4:
            return "a simple packet block without a length"
        if not self.interfaces:
            return "a simple packet block before any interface was described"
        held, original = self.interfaces[0], self.word(body)[0]
        captured = min(original, held.snaplen or original, len(body) - 4)
        return Frame(number, self.last_time, held.linktype, body[4:4 + captured], original, held.name), held

    def _direction(self, body: memoryview, at: int) -> str | None:
        for code, value in self.options(body, at):
            if code == _EPB_FLAGS and len(value) == 4:
                return {1: "in", 2: "out"}.get(self.word(value)[0] & 3)
        return None


def _check_pcapng(view: memoryview, capture: Capture) -> None:
    if len(view) < 28:
        raise SnapshotError(f"{capture.name}: cut off in the section header (byte {len(view)} of 28)")
    section = section_at(view, 0)
    wrong = section if isinstance(section, str) else block_length(view, 0, section.word)[2]
    if wrong:
        raise SnapshotError(f"{capture.name}: byte 0: {wrong}")
    if next(capture.frames, None) is None:
        refused = [finding.why for finding in capture.findings if finding.kind is Kind.NOT_MODELLED]
        if refused:
            raise SnapshotError(f"{capture.name}: {refused[0]}")


def section_at(view: memoryview, offset: int) -> Section | str:
    """Read a section header, or say what is wrong with it."""
    order = _BYTE_ORDER.get(bytes(view[offset + 8:offset + 12]))
    if order is None or len(view) < offset + 16:
        return "a section header without its byte-order mark"
    major, minor = Struct(order + "HH").unpack_from(view, offset + 12)
    return Section(order) if major == 1 else f"version {major}.{minor} of the pcapng format is not known"


def block_length(view: memoryview, offset: int, word: Callable[..., tuple[int, ...]]) -> tuple[int, Kind, str]:
    """The block's length and, if it can't be right, what is wrong."""
    length = word(view, offset + 4)[0]
    left = len(view) - offset
    if length < 12 or length % 4:
        return length, Kind.SYNTAX, f"a block of {length} bytes can't be"
    if length > left:
        return length, Kind.TRUNCATED, f"the file ends inside the block ({left} of {length} bytes)"
    if word(view, offset + length - 4)[0] != length:
        return length, Kind.SYNTAX, f"a block's two lengths differ ({length} and {word(view, offset + length - 4)[0]})"
    return length, Kind.SYNTAX, ""


def _pcapng(view: memoryview, damage: _Damage) -> Iterator[Frame]:
    size, offset, number = len(view), 0, 1
    section = Section("<")
    while offset + 12 <= size:
        kind = section.word(view, offset)[0]
        if kind == SHB:
            found = section_at(view, offset)
            if isinstance(found, str):
                return damage(Kind.SYNTAX, number, offset, found)
            section = found
        length, sort, wrong = block_length(view, offset, section.word)
        if wrong:
            return damage(sort, number, offset, wrong)
        body = view[offset + 8:offset + length - 4]
        if kind == EPB or kind in (PB, SPB):
            read = section.packet(kind, body, number)
            if isinstance(read, str):
                return damage(Kind.SYNTAX, number, offset, read)
            frame, held = read
            if frame.linktype in LINK_TYPES:
                yield frame
            elif held.number not in section.left_out:
                section.left_out.add(held.number)
                damage.left_out(number, frame.linktype, held.describe())
            number += 1
        elif kind == IDB and (fault := section.describe_interface(body)):
            return damage(Kind.SYNTAX, number, offset, fault)
        offset += length
    if offset != size:
        damage(Kind.TRUNCATED, number, offset, f"the file ends in a block's header ({size - offset} of 12 bytes)")
