"""Which of a packet's fields were looked at: two packets that agree on them take the same path, and the user may read them."""

from typing import cast

from visualize.packet.packet import Packet


class _Watched:
    """A packet that notes the name of each field that is read."""

    __slots__ = ("_packet", "_read")

    def __init__(self, packet: Packet, read: set[str]) -> None:
        self._packet = packet
        self._read = read

    def __getattr__(self, name: str) -> object:
        self._read.add(name)
        return getattr(self._packet, name)


_LOOKS_AT = {"lacks": ("length", "header_length")}


def looked_at(read: set[str]) -> tuple[str, ...]:
    """The fields behind what was read, sorted."""
    return tuple(sorted({name for one in read for name in _LOOKS_AT.get(one, (one,))}))


def watch(packet: Packet, read: set[str]) -> Packet:
    """The packet, with each read of a field noted in `read`."""
    return cast(Packet, _Watched(packet, read))


