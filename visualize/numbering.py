"""Which packets are one flow: those of one connection, else those between the same ends; numbered as they first show."""

from visualize.datapath.conntrack import Connection
from visualize.datapath.tuples import FlowTuple, tuple_of
from visualize.packet.packet import Packet
from visualize.path import Path


class Numbering:
    """The flows of one replay."""

    def __init__(self) -> None:
        self._flows: dict[int, int] = {}  # by `_name`
        self._first: list[FlowTuple | None] = []

    def number(self, path: Path, connection: Connection | None) -> tuple[int, str]:
        """The flow's number and the packet's role in it: by connection where there is one, else by its addresses and ports."""
        start, end = _flow_tuple(path.start), _flow_tuple(path.end.packet)
        names = [_name(one) for one in dict.fromkeys((start, end)) if one is not None]
        number = connection.flow if connection is not None else 0
        number = number or next((self._flows[name] for name in names if name in self._flows), 0)
        if not number:
            self._first.append(start)
            number = len(self._first)
        if connection is not None:
            connection.flow = number
        for name in names:
            self._flows.setdefault(name, number)
        first = self._first[number - 1]
        if path.start.is_icmp_error:
            return number, "reply" if path.role == "reply" else "original"
        if connection is not None and path.state in ("NEW", "ESTABLISHED", "RELATED"):
            return number, path.role
        return number, "reply" if first is not None and start is not None and start != first and (
            start.inverse() == first or start.dst == first.src) else "original"


def _flow_tuple(packet: Packet) -> FlowTuple | None:
    """The tuple that names a packet's flow; an ICMP error belongs to the flow of the packet that it quotes."""
    if packet.is_icmp_error and packet.inner is not None:
        inner = tuple_of(packet.inner)
        return inner.inverse() if inner is not None else None
    return tuple_of(packet)


def _name(one: FlowTuple) -> int:
    """A number for a tuple and its inverse, and for nothing else: it is small, and there is one of it for each flow of a capture."""
    return min(_packed(one), _packed(one.inverse()))


def _packed(one: FlowTuple) -> int:
    """A tuple as one number."""
    six = one.src.version == 6
    return ((int(one.src) << (128 if six else 32) | int(one.dst)) << 40 | one.protocol << 32 | one.a << 16 | one.b) << 1 | six
