"""Chunks of records decoded into columns: for each frame its time, what names its stream, what NAT leaves alone of it.

Only what is plain is read here (IPv4 without options, IPv6 without extension headers; TCP, UDP, echo; nothing cut off, nothing in
fragments). All else is *odd* and left to `packet.decode`; what no IP stack would take is left out, as the replay leaves it out.
Numbers inside hashes keep the byte order of the wire: equal bytes, equal hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from snapshot.host.link import IPAddress
from visualize.columns.chunk import I16, IN, OUT, Chunk, Told
from visualize.columns.mix import U64, mix
from visualize.columns.taps import IP4, IP6, NO_MAC, TAGGED, Tap
from visualize.packet.packet import Packet, Protocol

I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
_HEAD, _IP4, _IP, _QUOTE = 24, 40, 64, 48  # bytes gathered: link layer; IP and transport header; payload that names a packet
_AT_ONCE = 16384  # rows: what stays in the processor's cache
_TAGS = np.array((0x0081, 0xA888, 0x0091), np.uint64)  # EtherTypes as `taps` has them
_IP_OR_TAG = np.array((IP4, IP6, *_TAGS), np.uint64)
_MOST_TAGS = 4  # read in columns
_NETLINK = 0x3803  # ARPHRD_NETLINK (824)


def _u(value: int) -> np.uint64:
    return np.uint64(value)


@dataclass(slots=True)
class Frames:
    """The columns of one chunk. `head` and `ip` are the gathered bytes as little-endian words, a row for each frame."""

    chunk: Chunk
    time: I64
    at: I64  # where the IP packet begins in the chunk's data
    size: I64  # how much was captured of it
    clean: Bools
    odd: Bools
    six: Bools
    stream: U64  # link layer, addresses, ports, TTL, TOS: what all packets of one stream at one place share
    same: U64  # `replay.identity`, hashed
    place: U64  # `taps`
    head: U64
    ip: U64
    extra: U64 | None  # what else is told of a frame (VLAN tags, direction, of which capture it is), 0: nothing
    tap: I16 | None  # the number in `taps` (-1: of no use); None: the first
    taps: tuple[Tap, ...]

    def seen(self, rows: I64) -> tuple[U64, U64]:
        """What is told of some frames, other than by their packets: a hash of all of it, and the sender's MAC address (and NO_MAC, TAGGED)."""
        head = picked(self.head, rows)
        if self.tap is None:
            key, mac = _seen(self.taps[0], head)
        else:
            key, mac = np.zeros(len(rows), np.uint64), np.full(len(rows), NO_MAC, np.uint64)
            for number, tap in enumerate(self.taps):
                mine = self.tap[rows] == number
                key[mine], mac[mine] = _seen(tap, head[mine])
        return (key if self.extra is None else _with(key, self.extra[rows])), mac


def _seen(tap: Tap, head: U64) -> tuple[U64, U64]:
    mac = tap.link.mac(head) if tap.link.mac is not None else np.full(len(head), NO_MAC, np.uint64)
    return mix(*tap.link.key(head)), mac | np.where(_one_of(tap.link.protocol(head), _TAGS), _u(TAGGED), _u(0))


def _one_of(values: U64, few: U64) -> Bools:
    """`np.isin`, without a sort."""
    found: Bools = values == few[0]
    for one in few[1:]:
        found |= values == one
    return found


def gather(data: bytes, at: I64, width: int) -> U64:
    """`width` bytes (a multiple of 8) from each offset, as rows of little-endian words; zeros behind the end of the data."""
    size = len(data)
    found = np.zeros((len(at), width // 8), "<u8")
    inside = at <= size - width
    if inside.any():
        every = np.ndarray((size - width + 1,), f"V{width}", buffer=data, strides=(1,))
        if inside.all():
            return every[at].view("<u8").reshape(len(at), width // 8)
        found[inside] = every[at[inside]].view("<u8").reshape(-1, width // 8)
    for row in np.flatnonzero(~inside).tolist():
        rest = data[at[row]:at[row] + width]
        found[row] = np.frombuffer(rest + bytes(width - len(rest)), "<u8")
    return found


def picked(words: U64, rows: I64) -> U64:
    """Some rows of words of which those of one kind lie together, and so they do in what is returned."""
    return np.take(words.T, rows, axis=1).T


def read(chunk: Chunk) -> Frames:
    """Decode a chunk, a few rows at a time."""
    count = len(chunk.starts)
    time, at, size = np.zeros((3, count), np.int64)
    clean, strange, six = np.zeros((3, count), bool)
    stream, same, place = np.zeros((3, count), np.uint64)
    head, ip = np.empty((_HEAD // 8, count), np.uint64).T, np.empty((_IP // 8, count), np.uint64).T
    found = Frames(chunk, time, at, size, clean, strange, six, stream, same, place, head, ip, None, None, chunk.shape.taps)
    for low in range(0, count, _AT_ONCE):
        _read_some(found, slice(low, low + _AT_ONCE))
    _quoted(found)
    return found


def _read_some(found: Frames, rows: slice) -> None:
    """Decode some rows of a chunk, tap by tap."""
    told = found.chunk.shape.told(found.chunk.data, found.chunk.starts[rows])
    found.time[rows] = told.time
    if told.tap is not None:
        if found.tap is None:
            found.tap = np.zeros(len(found.time), np.int16)
        found.tap[rows] = told.tap
    if told.tap is None or not told.tap.any():
        _read(found, rows, told, found.taps[0])
        return
    for number, tap in enumerate(found.taps):
        mine = np.flatnonzero(told.tap == number)
        if len(mine):
            _read(found, mine + rows.start, told.of(mine), tap)


def _read(found: Frames, rows: slice | I64, told: Told, tap: Tap) -> None:
    """Decode some rows of one tap."""
    link, data = tap.link, found.chunk.data
    head = _gathered(found.head, rows, data, told.start, _HEAD)
    at, size = told.start + link.length, told.captured - link.length
    protocol, place = link.protocol(head), tap.places_of(head)
    used = (size >= 0) & (place > _u(0))
    if link.hardware is not None:
        used &= link.hardware(head) != _u(_NETLINK)
    tags = None
    if not ((protocol == _u(IP4)) | (protocol == _u(IP6))).all():
        tags = _untagged(data, used, protocol, at, size)
        used &= _one_of(protocol, _IP_OR_TAG)
    way = told.way if link.outgoing is None and told.way is not None and told.way.any() else None
    extra = _extra(tags, way, tap.number, len(at))
    four, six = used & (protocol == _u(IP4)), used & (protocol == _u(IP6))
    ip = _gathered(found.ip, rows, data, at, _IP if six.any() else _IP4)
    four = four & _plain4(ip, size) if four.any() else four
    six = six & _plain6(ip, size) if six.any() else six
    clean = four | six
    stream, same = _named(ip, list(link.key(head)), four, six)
    if extra is not None:
        stream = _with(stream, extra)
        if found.extra is None:
            found.extra = np.zeros(len(found.time), np.uint64)
        found.extra[rows] = extra
    found.at[rows], found.size[rows], found.clean[rows], found.odd[rows], found.six[rows] = at, size, clean, used & ~clean, six
    found.stream[rows], found.same[rows], found.place[rows] = stream, same, place | _leaves(tap, way, head, ip, six)


def _gathered(words: U64, rows: slice | I64, data: bytes, at: I64, width: int) -> U64:
    """Gather bytes into some rows of words of which those of one kind lie together; these rows."""
    if isinstance(rows, slice):
        found = words[rows]
        found[:, :width // 8] = gather(data, at, width)
        return found
    gathered = gather(data, at, width)
    words[rows, :width // 8] = gathered
    return np.asfortranarray(gathered)


def _leaves(tap: Tap, way: I16 | None, head: U64, ip: U64, six: Bools) -> Bools:
    """Which frames leave: by packet type, by what the capture tells, by the sender's MAC address or, where there is none, its IP address."""
    link = tap.link
    found: Bools
    if tap.local:
        return np.ones(len(six), bool)
    if link.outgoing is not None:
        found = link.outgoing(head) == _u(4)
    elif tap.mac is not None and link.mac is not None:
        found = link.mac(head) == _u(tap.mac)
    else:
        found = np.isin(_source(ip, six), tap.own)
    return found if way is None else (way == OUT) | (found & (way != IN))


def _source(ip: U64, six: Bools) -> U64:
    """A hash of the source address, as `Tap.own` has them."""
    return mix(np.where(six, ip[:, 1], ip[:, 1] >> _u(32)), np.where(six, ip[:, 2], _u(0)), six)


def _extra(tags: U64 | None, way: I16 | None, tap: int, count: int) -> U64 | None:
    """A hash of what else is told of each frame: its VLAN tags, its direction, its tap; 0: nothing."""
    if tags is None and way is None and not tap:
        return None
    found = np.zeros(count, np.uint64) if tags is None else tags
    if way is not None:
        found = np.where(way == 0, found, mix(found, way))
    return mix(found, np.full(count, tap)) if tap else found


def _named(ip: U64, place: list[U64], four: Bools, six: Bools) -> tuple[U64, U64]:
    """`Frames.stream` and `Frames.same`, but what only a payload tells; 0 for rows that are neither."""
    if four.all():
        return _stream4(ip, place), _same4(ip)
    stream, same = np.zeros(len(ip), np.uint64), np.zeros(len(ip), np.uint64)
    for which, streams, sames in ((four, _stream4, _same4), (six, _stream6, _same6)):
        rows = np.flatnonzero(which)
        if len(rows):
            words = picked(ip, rows)
            stream[rows], same[rows] = streams(words, [column[rows] for column in place]), sames(words)
    return stream, same


def _untagged(data: bytes, used: Bools, protocol: U64, at: I64, size: I64) -> U64 | None:
    """Step over VLAN tags, in place; a hash of each frame's tags, 0 without."""
    rows = np.flatnonzero(used & _one_of(protocol, _TAGS))
    if not len(rows):
        return None
    extra = np.zeros(len(used), np.uint64)
    for _ in range(_MOST_TAGS):
        rows = rows[_one_of(protocol[rows], _TAGS) & (size[rows] >= 4)]
        words = gather(data, at[rows], 8)[:, 0]
        protocol[rows] = words >> _u(16) & _u(0xFFFF)
        extra[rows] = mix(extra[rows], words & _u(0xFFFFFF0F))  # not its priority
        at[rows] += 4
        size[rows] -= 4
    return extra


def _with(hashes: U64, extra: U64) -> U64:
    """Hashes that tell frames with something extra apart; the same as before for those without."""
    return np.where(extra == _u(0), hashes, mix(hashes, extra))


# -- IPv4 and IPv6 ----------------------------------------------------------------------------------------------------------
# Words of an IPv4 packet without options: 0 version TOS length id fragment, 1 TTL protocol checksum source, 2 destination and ports (or
# ICMP), 3 seq ack, 4 offset flags window checksum urgent. IPv6: 0 version length next hops, 1-2 source, 3-4 destination, 5 ports seq,
# 6 ack offset flags window.


def length4(ip: U64) -> I64:
    """The total length that the IPv4 header tells."""
    return ((ip[:, 0] >> _u(8) & _u(0xFF00)) | (ip[:, 0] >> _u(24) & _u(0xFF))).astype(np.int64)


def length6(ip: U64) -> I64:
    """The same for IPv6: 40 and the payload."""
    return ((ip[:, 0] >> _u(24) & _u(0xFF00)) | (ip[:, 0] >> _u(40) & _u(0xFF))).astype(np.int64) + 40


def _plain4(ip: U64, size: I64) -> Bools:
    first, second, third = ip[:, 0], ip[:, 1], ip[:, 2]
    protocol, length = second >> _u(8) & _u(0xFF), length4(ip)
    tcp, udp, icmp = protocol == _u(6), protocol == _u(17), protocol == _u(1)
    kind = third >> _u(32) & _u(0xFFFF)
    transport = np.where(tcp, 40, 28)
    good: Bools = (first & _u(0xFF) == _u(0x45)) & (first >> _u(48) & _u(0xFF3F) == _u(0))
    good &= (size >= transport) & (length >= transport) & (tcp | udp | (icmp & ((kind == _u(0)) | (kind == _u(8)))))
    good &= third & _u(0xF0) != _u(0xE0)  # no multicast
    good &= third & _u(0xFFFFFFFF) != _u(0xFFFFFFFF)
    good &= ~tcp | _whole_tcp(ip[:, 4] & _u(0xFF), length - 20, size - 20)
    return good


def _plain6(ip: U64, size: I64) -> Bools:
    first = ip[:, 0]
    protocol, length = first >> _u(48) & _u(0xFF), length6(ip)
    tcp, udp, icmp = protocol == _u(6), protocol == _u(17), protocol == _u(58)
    kind = ip[:, 5] & _u(0xFFFF)
    transport = np.where(tcp, 60, 48)
    good: Bools = (first & _u(0xF0) == _u(0x60)) & (size >= transport) & (length >= transport)
    good &= tcp | udp | (icmp & ((kind == _u(128)) | (kind == _u(129))))
    good &= ip[:, 3] & _u(0xFF) != _u(0xFF)  # no multicast
    good &= ~tcp | _whole_tcp(ip[:, 6] >> _u(32) & _u(0xFF), length - 40, size - 40)
    return good


def _whole_tcp(offset: U64, length: I64, size: I64) -> Bools:
    header = (offset >> _u(4)).astype(np.int64) * 4
    return (header >= 20) & (header <= length) & (header <= size)


def _stream4(ip: U64, place: list[U64]) -> U64:
    icmp = ip[:, 1] >> _u(8) & _u(0xFF) == _u(1)
    # the fragment word holds DF; word 1 without the checksum; an ICMP message's id stands in word 3
    fixed = (*place, ip[:, 0] & _u(0xFFFF_0000_0000_FFFF), ip[:, 1] & _u(0xFFFFFFFF_0000_FFFF))
    if not icmp.any():
        return mix(*fixed, ip[:, 2])
    third = np.where(icmp, ip[:, 2] & _u(0x0000FFFFFFFFFFFF) | (ip[:, 3] & _u(0xFFFF)) << _u(48), ip[:, 2])
    return mix(*fixed, third)


def _stream6(ip: U64, place: list[U64]) -> U64:
    icmp = ip[:, 0] >> _u(48) & _u(0xFF) == _u(58)
    ends = np.where(icmp, ip[:, 5] & _u(0x0000FFFF_0000FFFF), ip[:, 5] & _u(0xFFFFFFFF))
    return mix(*place, ip[:, 0] & _u(0xFFFF_0000_0000_F0FF) | _u(1 << 40), ip[:, 1], ip[:, 2], ip[:, 3], ip[:, 4], ends)


def same_tcp(own: U64, seq: U64, ack: U64, flags: U64, length: U64) -> U64:
    """The identity of TCP segments. `own`: `own_number`; `length`: of the data."""
    return mix(own, flags | length << _u(8), seq | ack << _u(32))


def own_number(ip: U64, six: bool) -> U64:
    """What the IP header itself tells packets apart by: the id, or the flow label."""
    return ip[:, 0] & _u(0xFFFF0F00) | _u(6 << 56) if six else ip[:, 0] >> _u(32) & _u(0xFFFF) | _u(4 << 56)


def _same4(ip: U64) -> U64:
    flags = ip[:, 4] >> _u(8) & _u(0xFF)
    data = length4(ip) - 20 - (ip[:, 4] >> _u(4) & _u(15)).astype(np.int64) * 4
    return same_tcp(own_number(ip, False), ip[:, 3] & _u(0xFFFFFFFF), ip[:, 3] >> _u(32), flags, data.astype(np.uint64))


def _same6(ip: U64) -> U64:
    flags = ip[:, 6] >> _u(40) & _u(0xFF)
    data = length6(ip) - 40 - (ip[:, 6] >> _u(36) & _u(15)).astype(np.int64) * 4
    return same_tcp(own_number(ip, True), ip[:, 5] >> _u(32), ip[:, 6] & _u(0xFFFFFFFF), flags, data.astype(np.uint64))


def protocols(ip: U64, six: Bools) -> I64:
    """IP protocol numbers of plain packets."""
    return np.where(six, ip[:, 0] >> _u(48) & _u(0xFF), ip[:, 1] >> _u(8) & _u(0xFF)).astype(np.int64)


def _quoted(frames: Frames) -> None:
    """UDP and echo packets are told apart by id, length and the first bytes of what they carry, as far as it was captured."""
    rows = np.flatnonzero(frames.clean & (protocols(frames.ip, frames.six) != 6))
    if not len(rows):
        return
    ip, six = frames.ip[rows], frames.six[rows]
    header = np.where(six, 40, 20)
    length = np.where(six, length6(ip), length4(ip))
    start = frames.at[rows] + header + 8
    held = np.minimum(length, frames.size[rows]) - header - 8
    own = np.where(six, own_number(ip, True), own_number(ip, False))
    protocol = protocols(ip, six)
    icmp = (protocol == 1) | (protocol == 58)
    kind = np.where(six, ip[:, 5] & _u(0xFF), ip[:, 2] >> _u(32) & _u(0xFF))
    sequence = np.where(six, ip[:, 5] >> _u(48), ip[:, 3] >> _u(16) & _u(0xFFFF))
    frames.same[rows] = same_other(protocol, own, np.where(icmp, kind, _u(255)), np.where(icmp, sequence, _u(0)), length,
                                   np.zeros(len(rows), np.int64), _payload(frames.chunk.data, start, held))


def same_other(protocol: I64, own: U64, kind: U64, sequence: U64, length: I64, offset: I64, payload: U64) -> U64:
    """The identity of any other packet; `payload` has 48 bytes in 6 words and, in the 7th, how many of them were captured."""
    return mix(protocol, own, kind << _u(16) | sequence, length << 16 | offset, *(payload[:, n] for n in range(7)))


def _payload(data: bytes, start: I64, held: I64) -> U64:
    held = np.clip(held, 0, _QUOTE)
    found = np.zeros((len(start), 7), np.uint64)
    found[:, :6] = gather(data, start, _QUOTE)
    found[:, 6] = held
    octets = found[:, :6].copy().view(np.uint8).reshape(len(start), _QUOTE)
    octets *= np.arange(_QUOTE) < held[:, None]
    found[:, :6] = octets.view("<u8")
    return found


@dataclass(slots=True)
class Tcp:
    """Fields of TCP headers, as numbers."""

    flags: I64
    header: I64  # its length in bytes
    seq: I64
    ack: I64
    window: I64


def tcp_of(ip: U64, rows: I64, six: Bools) -> Tcp:
    """The TCP headers of some plain packets."""
    columns = [] if len(six) and six.all() else [_tcp_columns(ip, rows, False)]
    if six.any():
        columns.append(_tcp_columns(ip, rows, True))
    parts = columns[0] if len(columns) == 1 else [np.where(six, later, first) for first, later in zip(*columns, strict=True)]
    seq, ack, rest = parts
    return Tcp((rest >> _u(8) & _u(0xFF)).astype(np.int64), (rest >> _u(4) & _u(15)).astype(np.int64) * 4, _swap_long(seq), _swap_long(ack),
               _swap(rest >> _u(16) & _u(0xFFFF)))


def _tcp_columns(ip: U64, rows: I64, six: bool) -> list[U64]:
    """Sequence number, acknowledgement, and what follows."""
    if six:
        return [ip[rows, 5] >> _u(32), ip[rows, 6] & _u(0xFFFFFFFF), ip[rows, 6] >> _u(32)]
    numbers = ip[rows, 3]
    return [numbers & _u(0xFFFFFFFF), numbers >> _u(32), ip[rows, 4]]


def packet_lengths(frames: Frames, rows: I64) -> I64:
    """The lengths of some plain packets, as their IP headers tell."""
    first, six = frames.ip[rows, 0], frames.six[rows]
    if not six.any():
        return length4(first[:, None])
    return np.where(six, length6(first[:, None]), length4(first[:, None]))


def _swap_long(column: U64) -> I64:
    return column.astype("<u4").byteswap().astype(np.int64)


# -- endpoints --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Ends:
    """Addresses and ports of plain packets: hashes of the two ends, and the fields themselves (addresses as 16 bytes in two words)."""

    source: U64  # rows x 2, little-endian words of the address (IPv4: in the first)
    target: U64
    sport: I64  # an echo's id, twice
    dport: I64
    protocol: I64
    six: Bools

    def ends(self) -> tuple[U64, U64]:
        """A hash of each end."""
        return (mix(self.source[:, 0], self.source[:, 1], self.sport), mix(self.target[:, 0], self.target[:, 1], self.dport))

    def tuple(self) -> tuple[U64, Bools]:
        """A hash of both ends that does not tell them apart, and whether the source is the one with the smaller hash."""
        one, other = self.ends()
        return mix(one + other, one ^ other, self.protocol), one < other


def pair_hash(source: U64, target: U64) -> U64:
    """A hash of two addresses in any order."""
    one, other = mix(source[:, 0], source[:, 1]), mix(target[:, 0], target[:, 1])
    return mix(one + other, one ^ other)


def _swap(column: U64) -> I64:
    return ((column & _u(0xFF)) << _u(8) | column >> _u(8) & _u(0xFF)).astype(np.int64)


def ends_of(ip: U64, six: Bools) -> Ends:
    """The endpoints of plain packets."""
    protocol = protocols(ip, six)
    zero = np.zeros(len(ip), np.uint64)
    source = np.stack((np.where(six, ip[:, 1], ip[:, 1] >> _u(32)), np.where(six, ip[:, 2], zero)), axis=1)
    target = np.stack((np.where(six, ip[:, 3], ip[:, 2] & _u(0xFFFFFFFF)), np.where(six, ip[:, 4], zero)), axis=1)
    ports = np.where(six, ip[:, 5], ip[:, 2] >> _u(32))
    sport, dport = _swap(ports & _u(0xFFFF)), _swap(ports >> _u(16) & _u(0xFFFF))
    icmp = (protocol == 1) | (protocol == 58)
    number = _swap(np.where(six, ip[:, 5] >> _u(32) & _u(0xFFFF), ip[:, 3] & _u(0xFFFF)))
    return Ends(source, target, np.where(icmp, number, sport), np.where(icmp, number, dport), protocol, six)


def words_of(addresses: Sequence[IPAddress]) -> U64:
    """Addresses as `Ends` holds them."""
    raw = b"".join(address.packed.ljust(16, b"\0") for address in addresses)
    return np.frombuffer(raw, "<u8").reshape(len(addresses), 2).astype(np.uint64)


def ends_from(rows: Sequence[tuple[IPAddress, IPAddress, int, int, int]]) -> Ends:
    """Endpoints from (source, destination, protocol, port, port)."""
    numbers = np.array([row[2:] for row in rows], np.int64).reshape(len(rows), 3)
    return Ends(words_of([row[0] for row in rows]), words_of([row[1] for row in rows]), numbers[:, 1], numbers[:, 2], numbers[:, 0],
                np.array([not isinstance(row[0], IPv4Address) for row in rows], bool))


def same_of(packet: Packet) -> int:
    """The identity of one decoded packet, as `Frames.same` has it (-1: none, for ICMP errors and cut segments)."""
    if packet.is_icmp_error or (packet.protocol == Protocol.TCP and (packet.ack is None or packet.transport_length is None)):
        return -1
    if packet.family == 4:
        own = _wire(packet.identification, 2) | 4 << 56
    else:
        own = _wire(packet.flow_label, 4) | 6 << 56
    if packet.protocol == Protocol.TCP:
        return int(same_tcp(_one(own), _one(_wire(packet.seq, 4)), _one(_wire(packet.ack, 4)), _one(packet.tcp_flags or 0),
                            _one(packet.transport_length or 0))[0])
    start = packet.header_length + 8
    payload = packet.raw[start:start + _QUOTE]
    row = np.array([[*np.frombuffer(payload.ljust(_QUOTE, b"\0"), "<u8"), len(payload)]], np.uint64)
    kind = 255 if packet.icmp_type is None else packet.icmp_type
    numbers = (np.array([number], np.int64) for number in (packet.protocol, packet.length, packet.fragment_offset))
    protocol, length, offset = numbers
    return int(same_other(protocol, _one(own), _one(kind), _one(_wire(packet.icmp_seq, 2)), length, offset, row)[0])


def _one(value: int) -> U64:
    return np.array([value], np.uint64)


def _wire(value: int | None, size: int) -> int:
    """A number's bytes in network order, read as a little-endian number."""
    return int.from_bytes((value or 0).to_bytes(size, "big"), "little")
