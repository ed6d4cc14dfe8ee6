"""Records by columns are the frames of the plain reader."""

from random import Random
from struct import pack

import pytest

from visualize.columns.records import Classic, Records
from visualize.columns.taps import Tap
from visualize.packet.pcap import ClassicHeader, classic_header, read_frames


def capture(sizes: list[int], order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    """A classic capture with frames of these sizes."""
    found = pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
    return found + b"".join(pack(order + "IIII", 1000 + n, n, size, size) + bytes([n % 256]) * size for n, size in enumerate(sizes))


def offsets(data: bytes, block: int, frames: int) -> list[int]:
    """Every record's offset in the file, chunk by chunk."""
    header = classic_header(data)
    assert header is not None
    records, at, first, found = Records(lambda offset, size: data[offset:offset + size], Classic(header, Tap(0, 1, 1)), frames, block), 24, 0, []
    while True:
        chunk = records.chunk(at, first)
        assert chunk.first == len(found)
        found += (chunk.starts + at).tolist()
        if chunk.last:
            return found
        at, first = found[-1] + 16 + int.from_bytes(data[found[-1] + 8:found[-1] + 12], "little" if header.order == "<" else "big"), len(found)


SIZES = {"alike": [60] * 500, "all kinds": [Random(7).randrange(1, 1600) for _ in range(300)],
         "runs": [60] * 100 + [61] * 40 + [60, 70] * 50 + [70] * 90, "a long one": [60] * 10 + [60_000] + [60] * 50, "none": []}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("cut", [0, 1, 30])
def test_records_are_the_frames(sizes: list[int], order: str, cut: int) -> None:
    """Whatever the block, also where the file ends inside a record."""
    data = capture(sizes, order)
    data = data[:max(24, len(data) - cut)]
    places, at = [], 24
    for frame in read_frames(data, "x.pcap"):
        places.append(at)
        at += 16 + len(frame.data)
    for block, frames in ((1 << 20, 1 << 19), (2000, 7), (100, 1000)):
        assert offsets(data, block, frames) == places


def test_a_damage_ends_the_records() -> None:
    """A record that claims more than any frame may have is where reading stops."""
    data = capture([60] * 100)
    broken = data[:24 + 76 * 50 + 8] + pack("<I", 1 << 30) + data[24 + 76 * 50 + 12:]
    assert len(offsets(broken, 1 << 20, 1 << 19)) == 50


@pytest.mark.parametrize(("magic", "scale"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_the_head_tells_the_clock(magic: int, scale: int) -> None:
    """Microseconds or nanoseconds, by the magic."""
    assert classic_header(capture([], "<", magic)) == ClassicHeader("<", scale, 16, 262144, 1)


def test_other_files_have_no_such_head() -> None:
    """pcapng, or nothing at all."""
    assert classic_header(b"\x0a\x0d\x0d\x0a" + bytes(40)) is None
    assert classic_header(b"") is None
