"""Transport checksums of many packets at once: which are surely right (`packet.checksum` says what a wrong one is).

The sum of RFC 1071 does not depend on byte order, so the words are added as they lie in memory.
"""

import numpy as np

from visualize.columns.frames import I64, Bools, Frames, gather, packet_lengths, protocols
from visualize.columns.mix import U64

_LARGEST = 9000  # bytes; longer ones were put together on receive
_SIZES = (24, 48, 96, 256, 768, 1536, _LARGEST // 8 * 8 + 8)
_AT_ONCE = 1 << 24  # bytes
_STORED = {6: 16, 17: 6, 1: 2, 58: 2}  # where the sum stands


def bad_checksums(frames: Frames, rows: I64, came: Bools) -> Bools:
    """Of packets that came in and were captured whole: whose sum can't be told to be right."""
    ip, six = frames.ip[rows], frames.six[rows]
    length, protocol = packet_lengths(frames, rows), protocols(ip, six)
    header = np.where(six, 40, 20)
    whole = (frames.size[rows] >= length) & (length <= _LARGEST) & came
    start, size = frames.at[rows] + header, length - header
    pseudo = _pseudo(ip, six, protocol, size)
    total, stored = pseudo.copy(), np.zeros(len(rows), np.uint64)
    low = 0
    for width in _SIZES:
        which = np.flatnonzero(whole & (size > low) & (size <= width))
        for part in range(0, len(which), _AT_ONCE // width):
            some = which[part:part + _AT_ONCE // width]
            octets = gather(frames.chunk.data, start[some], width).view(np.uint8).reshape(len(some), width)
            for number, at in _STORED.items():
                mine = protocol[some] == number
                stored[some[mine]] = octets[mine, at].astype(np.uint64) | octets[mine, at + 1].astype(np.uint64) << np.uint64(8)
            if not bool((size[some] == width).all()):
                octets *= np.arange(width) < size[some][:, None]
            total[some] += octets.view("<u2").sum(axis=1, dtype=np.uint64)
        low = width
    none = (protocol == 17) & (stored == 0)
    bad: Bools = whole & ~none & (_fold(total) != 0xFFFF) & (stored != _fold(pseudo))
    return bad


def _fold(total: U64) -> U64:
    for _ in range(4):
        total = (total >> np.uint64(16)) + (total & np.uint64(0xFFFF))
    return total


def _pseudo(ip: U64, six: Bools, protocol: I64, size: I64) -> U64:
    """The sum over addresses, length and protocol; nothing for ICMP of IPv4."""
    half, low = np.uint64(0xFFFFFFFF), np.uint64(0)
    source, target = ip[:, 1] >> np.uint64(32), ip[:, 2] & half
    words = [np.where(six, ip[:, 1], source), np.where(six, ip[:, 2], low), np.where(six, ip[:, 3], target), np.where(six, ip[:, 4], low)]
    total = np.zeros(len(ip), np.uint64)
    for word in words:
        for shift in (0, 16, 32, 48):
            total += word >> np.uint64(shift) & np.uint64(0xFFFF)
    lengths = size.astype("<u2").byteswap().astype(np.uint64)
    total += lengths + (protocol.astype(np.uint64) << np.uint64(8))
    total[(protocol == 1) & ~six] = 0
    return _fold(total)
