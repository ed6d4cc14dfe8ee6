"""Transport checksums of many packets at once: which are surely right (`packet.checksum` says what a wrong one is).

The sum of RFC 1071 does not depend on byte order, so the words are added as they lie in memory; and 2**16 is 1 in it, so words of
any length may be added.
"""

from collections.abc import Iterable
from functools import reduce

import numpy as np

from visualize.columns.frames import I64, Bools, Frames, gather
from visualize.columns.mix import U64

_LARGEST = 9000  # bytes; longer ones were put together on receive
_WIDTHS = (24, 48, 96, 256, 768, 1536, _LARGEST // 8 * 8 + 8)  # bytes gathered for a packet of at most so many
_AT_ONCE = 1 << 19  # bytes: what stays in the processor's cache
_STORED = {6: (2, 0), 17: (0, 48), 1: (0, 16), 58: (0, 16)}  # where the sum stands: the word, and how far up in it
_HALF, _SHORT = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
_FIRST = np.array([(1 << 8 * count) - 1 for count in range(8)], np.uint64)  # the first so many bytes of a word


def bad_checksums(frames: Frames, rows: I64, length: I64, protocol: I64, came: Bools) -> Bools:
    """Of packets (of `length` bytes) that came in and were captured whole: whose sum can't be told to be right."""
    six = frames.six[rows]
    header = np.where(six, 40, 20)
    whole = (frames.size[rows] >= length) & (length <= _LARGEST) & came
    start, size = frames.at[rows] + header, length - header
    pseudo = _pseudo(frames.ip, rows, six, protocol, size)
    total, stored = pseudo.copy(), np.zeros(len(rows), np.uint64)
    low = 0
    for width in _WIDTHS:
        which = np.flatnonzero(whole & (size > low) & (size <= width))
        for part in range(0, len(which), _AT_ONCE // width):
            some = which[part:part + _AT_ONCE // width]
            words = gather(frames.chunk.data, start[some], width)
            stored[some] = _stored(words, protocol[some])
            total[some] += _sum(words, size[some])
        low = width
    none = (protocol == 17) & (stored == 0)
    bad: Bools = whole & ~none & (_fold(total) != _SHORT) & (stored != _fold(pseudo))
    return bad


def _stored(words: U64, protocol: I64) -> U64:
    """The sum that each packet carries."""
    found = np.zeros(len(words), np.uint64)
    for number, (word, shift) in _STORED.items():
        mine = protocol == number
        found[mine] = words[mine, word] >> np.uint64(shift) & _SHORT
    return found


def _sum(words: U64, size: I64) -> U64:
    """The sum over the first `size` bytes of each row, as 32-bit words: 2**16 is 1 modulo 2**16 - 1. What stands behind is overwritten."""
    last = size >> 3
    inside = np.flatnonzero(last < words.shape[1])
    words[inside, last[inside]] &= _FIRST[size[inside] & 7]
    if int(last.min(initial=words.shape[1])) < words.shape[1] - 1:
        words *= np.arange(words.shape[1]) <= last[:, None]
    if words.shape[1] > 6:
        found: U64 = (words & _HALF).sum(axis=1) + (words >> np.uint64(32)).sum(axis=1)
        return found
    return _added((column & _HALF) + (column >> np.uint64(32)) for column in words.T)


def _fold(total: U64) -> U64:
    for _ in range(4):
        total = (total >> np.uint64(16)) + (total & _SHORT)
    return total


def _pseudo(ip: U64, rows: I64, six: Bools, protocol: I64, size: I64) -> U64:
    """The sum over addresses, length and protocol; nothing for ICMP of IPv4."""
    total = (ip[rows, 1] >> np.uint64(32)) + (ip[rows, 2] & _HALF)
    if six.any():
        words = [ip[rows, number] for number in (1, 2, 3, 4)]
        total = np.where(six, _added((word >> np.uint64(32)) + (word & _HALF) for word in words), total)
    total += size.astype("<u2").byteswap().astype(np.uint64) + (protocol.astype(np.uint64) << np.uint64(8))
    total[(protocol == 1) & ~six] = 0
    return _fold(total)


def _added(columns: Iterable[U64]) -> U64:
    return reduce(np.add, columns)
