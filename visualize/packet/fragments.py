"""Fragments put together, as the kernel does before connection tracking looks at a packet (nf_defrag_ipv4, nf_defrag_ipv6)."""

from dataclasses import dataclass, field
from struct import Struct

from snapshot.host.link import IPAddress
from visualize.packet.decode import FRAGMENT, extension_headers, ipv4_packet, ipv6_packet
from visualize.packet.packet import Packet, but

_word = Struct(">H").unpack_from


@dataclass(slots=True)
class _Queue:
    """The fragments of one packet that have come so far: payload ranges, and the first and last of them."""

    ends: tuple[IPAddress, IPAddress]
    parts: dict[int, tuple[int, bytes]] = field(default_factory=dict)  # offset -> (end, what was captured of it)
    held: int = 0  # bytes
    total: int | None = None
    first: Packet | None = None

    def add(self, start: int, end: int, payload: bytes) -> bool:
        """Keep a fragment; False where it overlaps another one (inet_frag_queue_insert() then drops the queue)."""
        if start in self.parts and self.parts[start][0] == end:
            return True  # the same again
        if any(start < other_end and other < end for other, (other_end, _) in self.parts.items()):
            return False
        self.parts[start] = end, payload
        self.held += end - start
        return True

    def payload(self) -> bytes | None:
        """The whole as far as it was captured; None while a piece is missing."""
        if self.first is None or self.held != self.total:
            return None
        data = bytearray()
        for start, (end, piece) in sorted(self.parts.items()):
            data += piece
            if len(piece) < end - start:
                break
        return bytes(data)


class Defragmenter:
    """Puts fragments together as the kernel does before conntrack sees a packet (nf_defrag_ipv4, nf_defrag_ipv6).

    Feed it the packets of one place (the kernel keeps its queues apart by namespace and, in effect, by hook); the fragment that completes
    a packet yields the whole, whose ports and lengths are known. Overlapping fragments lose their packet, as in the kernel.
    Not modelled: the 30 s after which the kernel gives up; the oldest of more than `limit` packets is forgotten instead.
    """

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._queues: dict[tuple[object, ...], list[_Queue]] = {}

    def feed(self, packet: Packet) -> Packet | None:
        """Take a packet; returns it if it is no fragment, the whole packet if this completes one, else None."""
        if not packet.is_fragment:
            return packet
        key = (packet.family, packet.protocol if packet.family == 4 else None, packet.identification)
        queues = self._queues.setdefault(key, [])
        queue = self._queue(queues, packet)
        kept = self._queued(queue, packet)
        payload = queue.payload() if kept else None
        if payload is not None or not kept:
            queues.remove(queue)
        if not queues:
            del self._queues[key]
        elif len(self._queues) > self._limit:
            del self._queues[next(iter(self._queues))]
        return _whole(queue, payload) if payload is not None else None

    def _queue(self, queues: list[_Queue], packet: Packet) -> _Queue:
        """The queue of this packet's addresses. A capture may show a later fragment as NAT has already rewritten it (packet sockets
        share the buffer), so a fragment without a queue of its own joins one with which it has one address in common."""
        ends = packet.src, packet.dst
        for queue in queues:
            if queue.ends == ends:
                return queue
        if packet.fragment_offset:
            for queue in queues:
                if (queue.ends[0] == ends[0] or queue.ends[1] == ends[1]) and packet.fragment_offset not in queue.parts:
                    return queue
        queues.append(_Queue(ends))
        if len(queues) > self._limit:
            del queues[0]
        return queues[-1]

    @staticmethod
    def _queued(queue: _Queue, packet: Packet) -> bool:
        start, at = packet.fragment_offset, _fragment_payload(packet)
        end = start + packet.length - at
        if packet.more_fragments:
            end -= (end - start) % 8  # ip_frag_queue(): only the last one may have another length
        elif queue.total not in (None, end):
            return False
        else:
            queue.total = end
        if start == 0:
            queue.first = packet
        if end <= start or end > 65535:
            return False
        return queue.add(start, end, packet.raw[at:at + end - start])


def _fragment_payload(packet: Packet) -> int:
    """Where the fragmented part begins: behind the IPv4 header, or behind the IPv6 fragment header."""
    if packet.family == 4:
        return packet.header_length
    return next((end for number, _, end, _ in extension_headers(packet.raw, packet.raw[6]) if number == FRAGMENT), packet.header_length)


def _whole(queue: _Queue, payload: bytes) -> Packet | None:
    first, total = queue.first, queue.total
    assert first is not None
    assert total is not None
    if first.family == 4:
        header = bytearray(first.raw[:first.header_length])
        length = len(header) + total
        if length > 65535:
            return None  # ip_frag_reasm(): "Oversized IP packet"
        header[2:4], header[6:8], header[10:12] = length.to_bytes(2, "big"), b"\0\0", b"\0\0"
        header[10:12] = _checksum(header)
        packet = ipv4_packet(bytes(header) + payload, 0, length, first.src_mac, first.dst_mac)
    else:
        header = _without_fragment_header(first)
        length = len(header) + total
        if length - 40 > 65535:
            return None
        header[4:6] = (length - 40).to_bytes(2, "big")
        packet = ipv6_packet(bytes(header) + payload, 0, length, first.src_mac, first.dst_mac)
    return but(packet, identification=first.identification, mark=first.mark) if packet is not None else None


def _without_fragment_header(first: Packet) -> bytearray:
    """The unfragmentable part of an IPv6 packet, its last next-header field naming what the fragment header carried."""
    names = 6
    for number, start, _, following in extension_headers(first.raw, first.raw[6]):
        if number == FRAGMENT:
            header = bytearray(first.raw[:start])
            header[names] = following
            return header
        names = start
    return bytearray(first.raw[:first.header_length])


def _checksum(header: bytearray) -> bytes:
    """The Internet checksum (RFC 1071) of an IPv4 header whose own field is 0."""
    total: int = sum(_word(header, at)[0] for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")
