"""Where frames were captured: how a frame's link layer is read, which interface it was seen on, and whether it was leaving.

A *place* is an interface of a namespace and a direction: as a number, the interface's place among all those of the host, twice, and 1
for a frame that leaves. The same interface has the same number whatever capture shows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from snapshot.host import Host, Namespace
from visualize.columns.mix import U64, mix
from visualize.replay import Source

I64 = NDArray[np.int64]
_MOST_KNOWN = 1 << 20  # interface indices
NO_MAC, TAGGED = 1 << 48, 1 << 49  # beside a MAC address: there is none; the frame has a VLAN tag
IP4, IP6 = 0x0008, 0xDD86  # EtherTypes as they stand on the wire, read as little-endian numbers
_SIX = np.array((10, 24, 28, 30), np.uint64)  # address families: BSDs and macOS differ over AF_INET6


class UnservedError(Exception):
    """Columns can't serve this: every packet has to be replayed."""


def _u(value: int) -> np.uint64:
    return np.uint64(value)


@dataclass(frozen=True, slots=True)
class Link:
    """How a link type is read: the header's length, and where in the words of the gathered head its fields stand."""

    length: int
    protocol: Callable[[U64], U64]  # EtherType as it stands on the wire, read as a little-endian number
    key: Callable[[U64], Sequence[U64]]  # columns that tell one place and one sender from another
    ifindex: Callable[[U64], U64] | None = None
    outgoing: Callable[[U64], U64] | None = None  # 4 (PACKET_OUTGOING) in this column: it leaves
    mac: Callable[[U64], U64] | None = None  # the sender's, its 6 bytes as a little-endian number, or NO_MAC
    hardware: Callable[[U64], U64] | None = None  # ARPHRD


def _mac(word: U64, told: NDArray[np.bool_] | None = None) -> U64:
    """A MAC address in the low 6 bytes; NO_MAC where the link layer has none."""
    mac = word & _u(NO_MAC - 1)
    return mac if told is None else np.where(told, mac, _u(NO_MAC))


def _version(head: U64) -> U64:
    """The EtherType that an IP packet without a link layer would have: by its first half byte."""
    version = head[:, 0] >> _u(4) & _u(15)
    return np.where(version == 4, _u(IP4), np.where(version == 6, _u(IP6), _u(0)))


def _family(head: U64) -> U64:
    """The EtherType for the address family that stands before the packet, in either byte order: both are small numbers (`packet.decode`)."""
    little = head[:, 0] & _u(0xFFFFFFFF)
    big = little.astype("<u4").byteswap().astype(np.uint64)
    family = np.where(big < 1 << 24, big, little)
    return np.where(family == 2, _u(IP4), np.where(np.isin(family, _SIX), _u(IP6), _u(0)))


def _nothing(head: U64) -> Sequence[U64]:
    return (np.zeros(len(head), np.uint64),)


_RAW = Link(0, _version, _nothing)
_NULL = Link(4, _family, _nothing)
LINKS = {
    276: Link(20, lambda head: head[:, 0] & _u(0xFFFF), lambda head: (head[:, 0], head[:, 1], head[:, 2] & _u(0xFFFFFFFF)),
              lambda head: head[:, 0] >> _u(32), lambda head: head[:, 1] >> _u(16) & _u(0xFF),
              lambda head: _mac(head[:, 1] >> _u(32) | head[:, 2] << _u(32), head[:, 1] >> _u(24) & _u(0xFF) == _u(6)),
              lambda head: head[:, 1] & _u(0xFFFF)),
    113: Link(16, lambda head: head[:, 1] >> _u(48), lambda head: (head[:, 0], head[:, 1]), None, lambda head: head[:, 0] >> _u(8) & _u(0xFF),
              lambda head: _mac(head[:, 0] >> _u(48) | head[:, 1] << _u(16), head[:, 0] >> _u(32) & _u(0xFFFF) == _u(0x0600)),
              lambda head: head[:, 0] >> _u(16) & _u(0xFFFF)),
    1: Link(14, lambda head: head[:, 1] >> _u(32) & _u(0xFFFF), lambda head: (head[:, 0], head[:, 1] & _u(0xFFFFFFFFFFFF)), None, None,
            lambda head: _mac(head[:, 0] >> _u(48) | head[:, 1] << _u(16))),
    0: _NULL, 108: _NULL, 12: _RAW, 14: _RAW, 101: _RAW,
    228: Link(0, lambda head: np.full(len(head), IP4, np.uint64), _nothing),
    229: Link(0, lambda head: np.full(len(head), IP6, np.uint64), _nothing),
}


@dataclass(frozen=True, slots=True)
class Tap:
    """One interface of one capture, or one capture on `any`."""

    number: int
    linktype: int
    place: int = 0  # the interface's number; 0: the frames tell by an interface index
    known: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # then: the indices that the snapshot knows, and their numbers
    places: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    mac: int | None = None  # the interface's own: whoever sends by it leaves
    local: bool = False  # packets as the host's own processes sent them: all leave, from a place of their own
    own: U64 = field(default_factory=lambda: np.zeros(0, np.uint64))  # hashes of the namespace's addresses: the same without MAC addresses

    @property
    def link(self) -> Link:
        """How its frames' headers are read."""
        return LINKS[self.linktype]

    def places_of(self, head: U64) -> U64:
        """The place of each frame, as if none left; 0 where the snapshot does not know the interface."""
        if self.place:
            return np.full(len(head), self.place << 1, np.uint64)
        assert self.link.ifindex is not None
        table = np.zeros(int(self.known[-1]) + 2 if len(self.known) else 1, np.uint64)
        table[self.known] = self.places.astype(np.uint64) << _u(1)
        index = self.link.ifindex(head).astype("<u4").byteswap()
        found: U64 = table[np.minimum(index, len(table) - 1)]
        return found


class Taps:
    """The taps of a host's captures, and the numbers of its interfaces."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.interfaces = [("", ""), *((name, one) for name, namespace in host.namespaces.items() for one in ("", *namespace.interfaces))]
        self._numbers = {pair: number for number, pair in enumerate(self.interfaces)}
        self._made: dict[tuple[int, int, str | None], Tap] = {}

    def tap(self, index: int, source: Source, linktype: int) -> Tap:
        """The tap of a capture, the `index`th. Raises UnservedError where columns can't read it."""
        key = (index, linktype, source.interface)
        if key not in self._made:
            self._made[key] = self._tap(source, linktype, len(self._made))
        return self._made[key]

    def _tap(self, source: Source, linktype: int, number: int) -> Tap:
        namespace = self._host.namespaces.get(source.netns)
        if linktype not in LINKS or namespace is None or (source.local and (source.interface is not None or LINKS[linktype].ifindex is not None)):
            raise UnservedError
        if source.local:
            return Tap(number, linktype, self._numbers[source.netns, ""], local=True)
        if source.interface is None:
            return self._any(source.netns, namespace, linktype, number)
        interface = namespace.interfaces.get(source.interface)
        if interface is None:
            raise UnservedError
        mac = int.from_bytes(bytes.fromhex(interface.mac.replace(":", "")), "little") if interface.mac is not None else None
        return Tap(number, linktype, self._numbers[source.netns, source.interface], mac=mac, own=_addresses(namespace))

    def _any(self, netns: str, namespace: Namespace, linktype: int, number: int) -> Tap:
        """A capture whose frames tell the interface by its index."""
        held = sorted((one.index, self._numbers[netns, one.name]) for one in namespace.interfaces.values() if one.index is not None)
        if LINKS[linktype].ifindex is None or any(index >= _MOST_KNOWN for index, _ in held):
            raise UnservedError
        return Tap(number, linktype, known=np.array([index for index, _ in held], np.int64),
                   places=np.array([place for _, place in held], np.int64))


def _addresses(namespace: Namespace) -> U64:
    """Hashes of a namespace's own addresses."""
    held = [one.local for interface in namespace.interfaces.values() for one in interface.addresses]
    words = np.frombuffer(b"".join(one.packed.ljust(16, b"\0") for one in held), "<u8").reshape(-1, 2)
    return mix(words[:, 0], words[:, 1], np.array([one.version == 6 for one in held], bool))
