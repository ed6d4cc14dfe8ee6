"""Jenkins' hash as the kernel has it (include/linux/jhash.h): NAT picks an address of a range by it, `-m cluster` and `-j HMARK` sort by it."""

from collections.abc import Sequence

_INITIAL, _WORD = 0xDEADBEEF, 0xFFFFFFFF


def words(packed: bytes | bytearray) -> list[int]:
    """An address's bytes as the 32-bit words that a little-endian kernel reads."""
    return [int.from_bytes(packed[at:at + 4], "little") for at in range(0, len(packed), 4)]


def _rotate(word: int, by: int) -> int:
    return (word << by | word >> 32 - by) & _WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    a = (a - c & _WORD) ^ _rotate(c, 4)
    c = c + b & _WORD
    b = (b - a & _WORD) ^ _rotate(a, 6)
    a = a + c & _WORD
    c = (c - b & _WORD) ^ _rotate(b, 8)
    b = b + a & _WORD
    a = (a - c & _WORD) ^ _rotate(c, 16)
    c = c + b & _WORD
    b = (b - a & _WORD) ^ _rotate(a, 19)
    a = a + c & _WORD
    c = (c - b & _WORD) ^ _rotate(b, 4)
    b = b + a & _WORD
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    c = (c ^ b) - _rotate(b, 14) & _WORD
    a = (a ^ c) - _rotate(c, 11) & _WORD
    b = (b ^ a) - _rotate(a, 25) & _WORD
    c = (c ^ b) - _rotate(b, 16) & _WORD
    a = (a ^ c) - _rotate(c, 4) & _WORD
    b = (b ^ a) - _rotate(a, 14) & _WORD
    return (c ^ b) - _rotate(b, 24) & _WORD


def jhash2(key: Sequence[int], initial: int) -> int:
    """jhash2: a hash of 32-bit words."""
    a = b = c = _INITIAL + (len(key) << 2) + initial & _WORD
    rest = list(key)
    while len(rest) > 3:
        a, b, c = _mix(a + rest[0] & _WORD, b + rest[1] & _WORD, c + rest[2] & _WORD)
        rest = rest[3:]
    if not rest:
        return c
    padded = [*rest, 0, 0][:3]
    return _final(a + padded[0] & _WORD, b + padded[1] & _WORD, c + padded[2] & _WORD)


def scaled(value: int, size: int) -> int:
    """reciprocal_scale: a 32-bit hash to 0 .. size - 1."""
    return value * size >> 32
