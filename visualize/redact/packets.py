"""Frames with their addresses mapped, in place: lengths stay, payload goes, checksums are as right or wrong as before.

A checksum is changed by what the bytes it covers changed (RFC 1624), so a broken one stays broken; one that holds only the sum of the
pseudo-header (left to hardware) goes on doing so. Payload becomes zeros behind an eight-byte keyed digest of its beginning, so that
equal payloads stay equal: that is how a packet without an IP id is known again on another interface.
"""

import hashlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from struct import pack_into, unpack_from

from visualize.redact.tree import AddressMap

_VLAN = frozenset({0x8100, 0x88A8, 0x9100})
_ICMP_ERRORS = frozenset({3, 4, 5, 11, 12})
_EXTENSIONS = frozenset({0, 43, 44, 60, 51})
_DIGEST, _BEGINNING = 8, 48


def ones(data: bytes | bytearray | memoryview) -> int:
    """The ones' complement sum (RFC 1071), modulo 0xFFFF; an odd byte counts as the high one."""
    even = bytes(data) + b"\0" * (len(data) & 1)
    total: int = sum(unpack_from(f">{len(even) // 2}H", even))
    return total % 0xFFFF


class Packets:
    """Rewrites frames. `seen` collects every address that was read of them."""

    def __init__(self, addresses: AddressMap) -> None:
        self._map = addresses
        self.seen: set[IPv4Address | IPv6Address] = set()
        self.macs: set[bytes] = set()

    # -- link layers ---------------------------------------------------------------------------------------------------------

    def frame(self, data: bytearray, linktype: int) -> None:
        """Rewrite one frame. What can't be understood is blanked."""
        match linktype:
            case 1:
                self._ethernet(data)
            case 113 if len(data) >= 16:
                self._link_address(data, 4, 6)
                self._network(data, 16, unpack_from(">H", data, 14)[0])
            case 276 if len(data) >= 20:
                self._link_address(data, 11, 12)
                self._network(data, 20, unpack_from(">H", data, 0)[0])
            case 0 | 108 if len(data) >= 4:
                self._by_version(data, 4)
            case 12 | 14 | 101 | 228 | 229:
                self._by_version(data, 0)
            case _:
                self._blank(data, 0, len(data))

    def _ethernet(self, data: bytearray) -> None:
        if len(data) < 14:
            return self._blank(data, 0, len(data))
        self._mac(data, 0)
        self._mac(data, 6)
        self._network(data, 14, unpack_from(">H", data, 12)[0])
        return None

    def _link_address(self, data: bytearray, length_at: int, at: int) -> None:
        """The eight bytes of a cooked header's address; its length stands before it."""
        length = data[length_at] if length_at == 11 else unpack_from(">H", data, length_at)[0]
        if length == 6:
            self._mac(data, at)
            data[at + 6:at + 8] = bytes(2)
        elif length == 4:
            self._four(data, at)
        elif length:
            self._blank(data, at, at + 8)

    def _network(self, data: bytearray, start: int, protocol: int) -> None:
        while protocol in _VLAN and len(data) >= start + 4:
            protocol, start = unpack_from(">H", data, start + 2)[0], start + 4
        if protocol == 0x0800:
            self._ipv4(data, start)
        elif protocol == 0x86DD:
            self._ipv6(data, start)
        elif protocol in (0x0806, 0x8035):
            self._arp(data, start)
        else:
            self._blank(data, start, len(data))

    def _by_version(self, data: bytearray, start: int) -> None:
        version = data[start] >> 4 if len(data) > start else 0
        {4: self._ipv4, 6: self._ipv6}.get(version, lambda d, s: self._blank(d, s, len(d)))(data, start)

    def _arp(self, data: bytearray, start: int) -> None:
        if len(data) < start + 28 or data[start:start + 6] != b"\0\1\x08\0\6\4":
            return self._blank(data, start, len(data))
        for at, change in ((8, self._mac), (14, self._four), (18, self._mac), (24, self._four)):
            change(data, start + at)
        self._blank(data, start + 28, len(data))
        return None

    # -- single addresses ------------------------------------------------------------------------------------------------------

    def _mac(self, data: bytearray, at: int) -> None:
        old = bytes(data[at:at + 6])
        if len(old) == 6:
            self.macs.add(old)
            data[at:at + 6] = self._map.mac(old)

    def _four(self, data: bytearray, at: int) -> None:
        if len(data) >= at + 4:
            old = IPv4Address(bytes(data[at:at + 4]))
            self.seen.add(old)
            data[at:at + 4] = self._map.map(old).packed

    def _six(self, data: bytearray, at: int) -> None:
        if len(data) >= at + 16:
            old = IPv6Address(bytes(data[at:at + 16]))
            self.seen.add(old)
            data[at:at + 16] = self._map.map(old).packed

    def _blank(self, data: bytearray, start: int, end: int) -> None:
        """Payload: zeros behind a digest of how it began."""
        if end > start:
            digest = hashlib.blake2b(bytes(data[start:min(end, start + _BEGINNING)]), key=self._map.key, digest_size=_DIGEST).digest()
            data[start:end] = (digest + bytes(end - start))[:end - start] if any(data[start:end]) else bytes(end - start)

    # -- IP ------------------------------------------------------------------------------------------------------------------------

    def _ipv4(self, data: bytearray, start: int, quoted: bool = False) -> None:
        if len(data) < start + 20 or (header := (data[start] & 15) * 4) < 20 or len(data) < start + header:
            return self._blank(data, start, len(data))
        before = bytes(data[start:start + header])
        length = unpack_from(">H", data, start + 2)[0] or len(data) - start
        end = min(len(data), start + max(length, header))
        self._four(data, start + 12)
        self._four(data, start + 16)
        self._options4(data, start + 20, start + header)
        _update(data, start + 10, before, data[start:start + header], skip=10)
        fragment = unpack_from(">H", data, start + 6)[0]
        pseudo = ones(before[12:20]), ones(data[start + 12:start + 20])
        whole = length - header if not fragment & 0x3FFF else None
        self._transport(data, start + header, end, data[start + 9], pseudo, fragment & 0x1FFF != 0, whole, quoted)
        self._blank(data, end, len(data))
        return None

    def _options4(self, data: bytearray, at: int, end: int) -> None:
        """Addresses in record route and source routes."""
        while at < end and data[at] != 0:
            if data[at] == 1:
                at += 1
                continue
            length = data[at + 1] if at + 1 < end else 0
            if length < 2 or at + length > end:
                return
            if data[at] in (7, 131, 137):
                for slot in range(at + 3, at + length - 3, 4):
                    if any(data[slot:slot + 4]):
                        self._four(data, slot)
            at += length

    def _ipv6(self, data: bytearray, start: int, quoted: bool = False) -> None:
        if len(data) < start + 40:
            return self._blank(data, start, len(data))
        before = ones(data[start + 8:start + 40])
        length = 40 + unpack_from(">H", data, start + 4)[0] if unpack_from(">H", data, start + 4)[0] else len(data) - start
        end = min(len(data), start + length)
        self._six(data, start + 8)
        self._six(data, start + 24)
        following, at, fragment, later = data[start + 6], start + 40, False, False
        while following in _EXTENSIONS and at + 8 <= end:
            size = 8 if following == 44 else (data[at + 1] + 2) * 4 if following == 51 else (data[at + 1] + 1) * 8
            if following == 44:
                offset = unpack_from(">H", data, at + 2)[0]
                fragment, later = offset & 0xFFF9 != 0, offset & 0xFFF8 != 0
            elif following == 43:
                for slot in range(at + 8, min(at + size, end) - 15, 16):
                    self._six(data, slot)
            elif following == 51:
                self._blank(data, at + 12, min(at + size, end))
            following, at = data[at], at + size
            if later:
                break
        pseudo = before, ones(data[start + 8:start + 40])
        self._transport(data, at, end, following, pseudo, later, length - (at - start) if not fragment else None, quoted)
        self._blank(data, end, len(data))
        return None

    # -- transport ------------------------------------------------------------------------------------------------------------------

    def _transport(self, data: bytearray, at: int, end: int, protocol: int, pseudo: tuple[int, int], later: bool, whole: int | None,
                   quoted: bool) -> None:
        """What stands behind the IP header, up to `end`. `whole`: its length on the wire, None in a fragment."""
        if later:
            return self._same_sum(data, at, end)
        keep, offset, covers_addresses = _HEADERS.get(protocol, (0, None, False))
        inner = {4: self._ipv4, 41: self._ipv6}.get(protocol)
        if inner is not None:
            return inner(data, at)
        if protocol == 6 and end >= at + 13:
            keep = max(20, (data[at + 12] >> 4) * 4)
        elif protocol == 17 and end >= at + 10 and 69 in unpack_from(">HH", data, at):
            keep = 10  # TFTP's opcode, which its helper reads
        elif protocol == 33 and end >= at + 5:
            keep = max(12, data[at + 4] * 4)
        before = bytes(data[at:end])
        if protocol == 47:
            self._gre(data, at, end)
        elif protocol in (1, 58):
            self._icmp(data, at, end, protocol, quoted)
        elif protocol == 132:
            self._sctp(data, at, end)
        elif protocol == 2:
            self._igmp(data, at, end)
        elif whole is None:
            self._same_sum(data, at + keep, end)
        else:
            self._blank(data, at + keep, end)
        if offset is not None and end >= at + offset + 2:
            self._checksum(data, at, end, at + offset, before, protocol, pseudo if covers_addresses else (0, 0), whole)
        return None

    @staticmethod
    def _checksum(data: bytearray, at: int, end: int, where: int, before: bytes, protocol: int, pseudo: tuple[int, int], whole: int | None) -> None:
        stored = unpack_from(">H", data, where)[0]
        if stored == 0 and protocol in (17, 136):
            return
        if whole is not None and pseudo != (0, 0):
            fixed = whole % 0xFFFF + protocol
            if stored % 0xFFFF == (pseudo[0] + fixed) % 0xFFFF and stored:  # only the pseudo-header's sum: left to hardware
                new = (pseudo[1] + fixed) % 0xFFFF
                pack_into(">H", data, where, new or 0xFFFF)
                return
        changed = ones(data[at:end]) - ones(before) + pseudo[1] - pseudo[0]
        new = 0xFFFF - (0xFFFF - stored + changed) % 0xFFFF
        pack_into(">H", data, where, new if new != 0 or protocol not in (17, 136) else 0xFFFF)

    def _same_sum(self, data: bytearray, start: int, end: int) -> None:
        """A fragment's payload: gone, but for its sum, which the checksum in the first fragment covers."""
        if end - start < 2:
            return
        total = ones(data[start:end])
        data[start:end] = bytes(end - start)
        pack_into(">H", data, start, total)

    def _gre(self, data: bytearray, at: int, end: int) -> None:
        """RFC 2784 and 2890: flags tell which of the optional words are there."""
        if end < at + 4:
            return self._blank(data, at, end)
        flags, protocol = unpack_from(">HH", data, at)
        start = at + 4 + 4 * sum(1 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
        if flags & 7 or protocol not in (0x0800, 0x86DD) or start > end:
            return self._blank(data, min(start, end), end)
        return self._network(data, start, protocol)

    def _icmp(self, data: bytearray, at: int, end: int, protocol: int, quoted: bool) -> None:
        if end < at + 8:
            return
        kind = data[at]
        if protocol == 1 and kind == 5:
            self._four(data, at + 4)
        if not quoted and (kind in _ICMP_ERRORS if protocol == 1 else kind < 128):
            quote = bytearray(data[at + 8:end])
            (self._ipv4 if protocol == 1 else self._ipv6)(quote, 0, True)
            data[at + 8:end] = quote
        elif protocol == 58 and kind in (133, 134, 135, 136, 137):
            self._discovery(data, at, end, kind)
        elif protocol == 58 and kind in (130, 131, 132) and end >= at + 24:
            self._six(data, at + 8)
            self._blank(data, at + 24, end)
        elif protocol == 58 and kind == 143:
            self._listeners(data, at, end)
        else:
            self._blank(data, at + 8, end)

    def _discovery(self, data: bytearray, at: int, end: int, kind: int) -> None:
        """Neighbour discovery (RFC 4861): targets, link-layer addresses, prefixes."""
        start = at + {133: 8, 134: 16, 135: 24, 136: 24, 137: 40}[kind]
        for slot in range(at + 8, min(start, end) - 15, 16) if kind != 134 else ():
            self._six(data, slot)
        while start + 8 <= end:
            option, size = data[start], data[start + 1] * 8
            if size == 0 or start + size > end:
                break
            if option in (1, 2) and size == 8:
                self._mac(data, start + 2)
            elif option == 3 and size == 32:
                self._six(data, start + 16)
            elif option == 25:
                for slot in range(start + 8, start + size - 15, 16):
                    self._six(data, slot)
            elif option != 5:
                self._blank(data, start + 2, start + size)
            start += size
        self._blank(data, start, end)

    def _listeners(self, data: bytearray, at: int, end: int) -> None:
        """An MLDv2 report (RFC 3810): groups and sources."""
        self._memberships(data, at + 8, end, 16, self._six)

    def _igmp(self, data: bytearray, at: int, end: int) -> None:
        """IGMPv3 reports (RFC 3376): sources; groups are multicast and stay."""
        if end < at + 8 or data[at] != 0x22:
            self._blank(data, at + 8, end)
        else:
            self._memberships(data, at + 8, end, 4, self._four)

    def _memberships(self, data: bytearray, start: int, end: int, size: int, rewrite: Callable[[bytearray, int], None]) -> None:
        """Group records of both reports: a type, how many sources, the group and the sources, addresses of `size` bytes."""
        while start + 4 + size <= end:
            behind = start + 4 + size + unpack_from(">H", data, start + 2)[0] * size
            for slot in range(start + 4, min(behind, end) - size + 1, size):
                rewrite(data, slot)
            start = behind
        self._blank(data, min(start, end), end)

    def _sctp(self, data: bytearray, at: int, end: int) -> None:
        """Chunks' heads stay (and INIT's fixed part, which holds the tag), their values go; CRC32c is right where it was right."""
        if end < at + 12:
            return
        right = _crc32c_of(data[at:end]) == bytes(data[at + 8:at + 12])
        start = at + 12
        while start + 4 <= end:
            length = unpack_from(">H", data, start + 2)[0]
            if length < 4:
                break
            stop = min(start + length, end)
            self._blank(data, min(start + (20 if data[start] in (1, 2) else 16 if data[start] in (0, 3) else 4), stop), stop)
            start += length + 3 & ~3
        self._blank(data, min(start, end), end)
        if right:
            data[at + 8:at + 12] = _crc32c_of(data[at:end])


# protocol -> (bytes of header that stay, where the checksum stands, whether it covers the addresses)
_HEADERS: dict[int, tuple[int, int | None, bool]] = {
    1: (8, 2, False), 2: (8, 2, False), 6: (20, 16, True), 17: (8, 6, True), 33: (12, 6, True), 58: (8, 2, True), 136: (8, 6, True),
    50: (8, None, False), 51: (12, None, False), 108: (4, None, False), 112: (8, None, False), 132: (12, None, False)}


def _update(data: bytearray, where: int, before: bytes, after: bytes | bytearray, skip: int) -> None:
    """Change an IP header's checksum by what the header changed; `skip` is where it stands in there."""
    stored = unpack_from(">H", data, where)[0]
    changed = ones(after[:skip] + b"\0\0" + after[skip + 2:]) - ones(before[:skip] + b"\0\0" + before[skip + 2:])
    pack_into(">H", data, where, 0xFFFF - (0xFFFF - stored + changed) % 0xFFFF)


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table



_CRC_TABLE = _table()


def _crc32c_of(segment: bytes | bytearray) -> bytes:
    """An SCTP packet's checksum (RFC 9260, appendix A), with the field itself taken as zero."""
    value = 0xFFFFFFFF
    for byte in bytes(segment[:8]) + bytes(4) + bytes(segment[12:]):
        value = value >> 8 ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return (value ^ 0xFFFFFFFF).to_bytes(4, "little")
