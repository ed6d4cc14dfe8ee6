"""Capture files with every frame rewritten: classic pcap in place, pcapng block by block (comments, names and secrets in it are left out)."""

from collections.abc import Callable, Iterator
from struct import Struct

from snapshot.raw import SnapshotError
from visualize.redact.packets import Packets

_CLASSIC = {b"\xd4\xc3\xb2\xa1": ("<", 16), b"\xa1\xb2\xc3\xd4": (">", 16), b"\x4d\x3c\xb2\xa1": ("<", 16), b"\xa1\xb2\x3c\x4d": (">", 16),
            b"\x34\xcd\xb2\xa1": ("<", 24), b"\xa1\xb2\xcd\x34": (">", 24)}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_SHB, _IDB, _PB, _SPB, _EPB = 0x0A0D0D0A, 1, 2, 3, 6
_KEPT_OF_INTERFACE = frozenset({2, 9, 14})  # if_name, if_tsresol, if_tsoffset
_NAME, _FLAGS = 2, 2


def rewrite(data: bytes, packets: Packets, name: Callable[[str], str], path: str) -> bytes:
    """The capture with every frame rewritten; what follows a damage is cut off. Raises SnapshotError for what is no capture."""
    if data[:4] in _CLASSIC:
        return _classic(data, packets)
    if data[:4] == _PCAPNG and (found := b"".join(_pcapng(data, packets, name))):
        return found
    raise SnapshotError(f"{path}: not a pcap or pcapng capture: it can't be redacted")


def _classic(data: bytes, packets: Packets) -> bytes:
    order, header = _CLASSIC[data[:4]]
    result = bytearray(data)
    linktype = Struct(order + "I").unpack_from(data, 20)[0] & 0xFFFF if len(data) >= 24 else 0
    length = Struct(order + "I").unpack_from
    at = 24
    while at + header <= len(data):
        captured = length(data, at + 8)[0]
        start, end = at + header, at + header + captured
        if end > len(data):
            break
        frame = result[start:end]
        packets.frame(frame, linktype)
        result[start:end] = frame
        at = end
    return bytes(result[:at])


def _pcapng(data: bytes, packets: Packets, name: Callable[[str], str]) -> Iterator[bytes]:
    at, order = 0, "<"
    linktypes: list[tuple[int, int]] = []
    while at + 12 <= len(data):
        if data[at:at + 4] == _PCAPNG:
            order, linktypes = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">", []
        kind, length = Struct(order + "II").unpack_from(data, at)
        if length < 12 or length % 4 or at + length > len(data) or Struct(order + "I").unpack_from(data, at + length - 4)[0] != length:
            return
        body = data[at + 8:at + length - 4]
        if kind == _SHB:
            yield _block(order, kind, body[:8] + b"\xff" * 8)
        elif kind == _IDB and len(body) >= 8:
            linktypes.append(Struct(order + "HxxI").unpack_from(body))
            options = b"".join(_option(order, code, name(value.decode("utf-8", "replace")).encode() if code == _NAME else value)
                               for code, value in _options(order, body, 8) if code in _KEPT_OF_INTERFACE)
            yield _block(order, kind, body[:8] + options + (bytes(4) if options else b""))
        elif kind in (_EPB, _PB, _SPB):
            yield from _packet(order, kind, body, linktypes, packets)
        at += length


def _packet(order: str, kind: int, body: bytes, linktypes: list[tuple[int, int]], packets: Packets) -> Iterator[bytes]:
    fixed = 4 if kind == _SPB else 20
    if len(body) < fixed or not linktypes:
        return
    if kind == _SPB:
        which, captured = 0, min(Struct(order + "I").unpack_from(body)[0], linktypes[0][1] or len(body), len(body) - 4)
    else:
        which = Struct(order + ("I" if kind == _EPB else "H")).unpack_from(body)[0]
        captured = Struct(order + "I").unpack_from(body, 12)[0]
    if which >= len(linktypes) or fixed + captured > len(body):
        return
    frame = bytearray(body[fixed:fixed + captured])
    packets.frame(frame, linktypes[which][0])
    behind = _options(order, body, fixed + captured + 3 & ~3) if kind == _EPB else ()
    flags = b"".join(_option(order, code, value) for code, value in behind if code == _FLAGS)
    yield _block(order, kind, body[:fixed] + frame + bytes(-captured % 4) + flags + (bytes(4) if flags else b""))


def _options(order: str, body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(body):
        code, length = Struct(order + "HH").unpack_from(body, at)
        if code == 0 or at + 4 + length > len(body):
            return
        yield code, body[at + 4:at + 4 + length]
        at += 4 + (length + 3 & ~3)


def _option(order: str, code: int, value: bytes) -> bytes:
    return Struct(order + "HH").pack(code, len(value)) + value + bytes(-len(value) % 4)


def _block(order: str, kind: int, body: bytes) -> bytes:
    length = Struct(order + "I").pack(12 + len(body))
    return Struct(order + "I").pack(kind) + length + body + length
