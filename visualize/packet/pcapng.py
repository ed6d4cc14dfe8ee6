"""Writing pcapng: sections with many interfaces, nanoseconds and comments (draft-ietf-opsawg-pcapng).

scapy's writer has neither nanoseconds nor interface descriptions, and gives the first interface no name.
"""

from struct import pack
from typing import BinaryIO

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_MAGIC, _LINKTYPE_RAW, _NANOSECONDS = 0x1A2B3C4D, 101, 9
_END, _COMMENT, _USER_APPLICATION, _NAME, _DESCRIPTION, _RESOLUTION, _FLAGS = 0, 1, 4, 2, 3, 9, 2
INBOUND, OUTBOUND = 1, 2


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, data: bytes) -> bytes:
    cut = data[:0xFFFF]
    return pack("<HH", code, len(cut)) + _padded(cut)


class Writer:
    """A pcapng file of raw IP packets. Interfaces are described when a packet first names them."""

    def __init__(self, file: BinaryIO, application: str) -> None:
        """Write the section header."""
        self._file = file
        self._interfaces: dict[str, int] = {}
        self._block(_SECTION, pack("<IHHq", _MAGIC, 1, 0, -1) + _option(_USER_APPLICATION, application.encode()) + pack("<HH", _END, 0))

    def _block(self, kind: int, body: bytes) -> None:
        length = len(body) + 12
        self._file.write(pack("<II", kind, length) + body + pack("<I", length))

    def packet(self, interface: str, description: str, data: bytes, length: int, time_ns: int, direction: int, comment: str) -> None:
        """One packet at one interface. `length` is its length on the wire, `direction` INBOUND or OUTBOUND."""
        number = self._interfaces.get(interface)
        if number is None:
            number = self._interfaces[interface] = len(self._interfaces)
            options = (_option(_NAME, interface.encode()) + _option(_DESCRIPTION, description.encode())
                       + _option(_RESOLUTION, bytes([_NANOSECONDS])) + pack("<HH", _END, 0))
            self._block(_INTERFACE, pack("<HHI", _LINKTYPE_RAW, 0, 0) + options)
        options = _option(_FLAGS, pack("<I", direction)) + (_option(_COMMENT, comment.encode()) if comment else b"") + pack("<HH", _END, 0)
        head = pack("<IIIII", number, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), max(length, len(data)))
        self._block(_PACKET, head + _padded(data) + options)
