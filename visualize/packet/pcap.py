"""Captures: classic pcap and pcapng, read without a copy of the whole (draft-ietf-opsawg-pcap, -pcapng).

    d4 c3 b2 a1 02 00 04 00 ...     classic, little-endian, microseconds
    0a 0d 0d 0a ...                 pcapng: a section header block

What was read before a damage stays usable; the damage is a Finding with the frame's number and the byte offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct, unpack_from

from snapshot.finding import Finding, Kind
from snapshot.raw import SnapshotError

MAX_FRAME = 16 * 1024 * 1024
# magic -> (byte order, nanoseconds per tick of the second time field)
_CLASSIC = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
            b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1)}
LINK_TYPES = {0: "NULL", 1: "Ethernet", 12: "RAW", 14: "RAW", 101: "RAW", 108: "LOOP", 113: "SLL", 228: "IPV4", 229: "IPV6",
              276: "SLL2"}
_SHB, _IDB, _OPB, _SPB, _EPB = 0x0A0D0D0A, 1, 2, 3, 6


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame. `number` counts from 1 in its file; `time_ns` since the epoch; `data` is what was captured of it."""

    number: int
    time_ns: int
    linktype: int
    data: memoryview
    original_length: int
    interface: str | None = None  # pcapng if_name
    direction: str | None = None  # "in" | "out", from pcapng's epb_flags


@dataclass(slots=True)
class Capture:
    """A capture: iterate over it for its frames. `findings` is complete once it was read to its end."""

    name: str
    data: memoryview
    findings: list[Finding] = field(default_factory=list)

    @property
    def frames(self) -> Iterator[Frame]:
        """The frames, in file order."""
        return _pcapng(self) if bytes(self.data[:4]) == b"\x0a\x0d\x0d\x0a" else _classic(self)

    def damaged(self, number: int, offset: int, why: str) -> None:
        """Note where a damage begins."""
        self.findings.append(Finding(Kind.TRUNCATED, self.name, 0, "", f"frame {number}, byte {offset}: {why}; the "
                                     f"{number - 1} frames before it are used"))


def read_frames(data: bytes | memoryview, name: str) -> Capture:
    """Open a capture. Raises SnapshotError where it is none, or none whose frames can be read."""
    view = memoryview(data)
    magic = bytes(view[:4])
    if len(view) == 0:
        raise SnapshotError(f"{name}: empty, not a capture")
    if magic in _CLASSIC:
        if len(view) < 24:
            raise SnapshotError(f"{name}: cut off in the file header (byte {len(view)} of 24)")
        linktype = unpack_from(_CLASSIC[magic][0] + "I", view, 20)[0] & 0x0FFFFFFF
        if linktype not in LINK_TYPES:
            raise SnapshotError(f"{name}: link type {linktype} can't be read (known: {_known()})")
    elif magic != b"\x0a\x0d\x0d\x0a":
        raise SnapshotError(f"{name}: not a pcap or pcapng capture (it begins with {magic.hex(' ')})")
    elif len(view) < 28:
        raise SnapshotError(f"{name}: cut off in the section header (byte {len(view)} of 28)")
    return Capture(name, view)


def _known() -> str:
    return ", ".join(f"{number} {word}" for number, word in LINK_TYPES.items())


def _classic(capture: Capture) -> Iterator[Frame]:
    view, size = capture.data, len(capture.data)
    order, scale = _CLASSIC[bytes(view[:4])]
    linktype = unpack_from(order + "I", view, 20)[0] & 0x0FFFFFFF
    header = Struct(order + "IIII").unpack_from
    offset, number = 24, 1
    while offset + 16 <= size:
        seconds, fraction, captured, original = header(view, offset)
        end = offset + 16 + captured
        if captured > MAX_FRAME:
            capture.damaged(number, offset, f"a frame of {captured} bytes can't be")
            return
        if end > size:
            capture.damaged(number, offset, f"the file ends {end - size} bytes too early")
            return
        yield Frame(number, seconds * 1_000_000_000 + fraction * scale, linktype, view[offset + 16:end], original)
        offset, number = end, number + 1
    if offset != size:
        capture.damaged(number, offset, "the file ends inside a frame's header")


@dataclass(slots=True)
class _Interface:
    linktype: int
    name: str | None
    scale: tuple[int, int]  # nanoseconds = ticks * scale[0] // scale[1]
    offset: int


def _options(view: memoryview, order: str) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(view):
        code, length = unpack_from(order + "HH", view, position)
        if code == 0:
            return
        yield code, bytes(view[position + 4:position + 4 + length])
        position += 4 + (length + 3 & ~3)


def _interface(body: memoryview, order: str) -> _Interface:
    name, scale, shift = None, (1000, 1), 0
    for code, value in _options(body[8:], order):
        if code == 2:
            name = value.decode("utf-8", "replace").rstrip("\0")
        elif code == 9 and value:
            exponent = value[0] & 0x7F
            ticks = 2**exponent if value[0] & 0x80 else 10**exponent
            scale = (1_000_000_000, ticks)
        elif code == 14 and len(value) == 8:
            shift = unpack_from(order + "q", value)[0]
    return _Interface(unpack_from(order + "H", body)[0], name, scale, shift)


def _pcapng(capture: Capture) -> Iterator[Frame]:
    view, size = capture.data, len(capture.data)
    order, offset, number = "<", 0, 1
    interfaces: list[_Interface] = []
    complained: set[int] = set()
    while offset + 12 <= size:
        kind = unpack_from(order + "I", view, offset)[0]
        if kind == _SHB:
            mark = bytes(view[offset + 8:offset + 12])
            if mark not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
                capture.damaged(number, offset, "a section header without its byte-order mark")
                return
            order = "<" if mark == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces, complained = [], set()
        length = unpack_from(order + "I", view, offset + 4)[0]
        if length < 12 or length % 4:
            capture.damaged(number, offset, f"a block of {length} bytes can't be")
            return
        if offset + length > size:
            capture.damaged(number, offset, f"the file ends {offset + length - size} bytes too early")
            return
        body = view[offset + 8:offset + length - 4]
        if kind == _IDB and len(body) >= 8:
            interfaces.append(_interface(body, order))
        elif kind in (_EPB, _OPB, _SPB):
            frame = _packet(kind, body, order, interfaces, number)
            if frame is None:
                capture.damaged(number, offset, "a packet block that can't be read")
                return
            if frame.linktype in LINK_TYPES:
                yield frame
            elif frame.linktype not in complained:
                complained.add(frame.linktype)
                capture.findings.append(Finding(Kind.NOT_MODELLED, capture.name, 0, "", f"frame {number}: link type "
                                                f"{frame.linktype} can't be read (known: {_known()}); its frames are left out"))
            number += 1
        offset += length
    if offset != size:
        capture.damaged(number, offset, "the file ends inside a block's header")


def _packet(kind: int, body: memoryview, order: str, interfaces: list[_Interface], number: int) -> Frame | None:
    if kind == _SPB:
        if len(body) < 4 or not interfaces:
            return None
        original = unpack_from(order + "I", body)[0]
        held = interfaces[0]
        return Frame(number, 0, held.linktype, body[4:4 + min(original, len(body) - 4)], original, held.name)
    if len(body) < 20:
        return None
    if kind == _EPB:
        index, high, low, captured, original = unpack_from(order + "IIIII", body)
    else:
        index, _, high, low, captured, original = unpack_from(order + "HHIIII", body)
    if index >= len(interfaces) or 20 + captured > len(body):
        return None
    held = interfaces[index]
    time_ns = (high << 32 | low) * held.scale[0] // held.scale[1] + held.offset * 1_000_000_000
    direction = None
    for code, value in _options(body[20 + (captured + 3 & ~3):], order) if kind == _EPB else ():
        if code == 2 and len(value) == 4:
            direction = {1: "in", 2: "out"}.get(unpack_from(order + "I", value)[0] & 3)
    return Frame(number, time_ns, held.linktype, body[20:20 + captured], original, held.name, direction)
