"""Blocks by columns are the frames of the plain reader, whatever tool wrote the file and wherever it is damaged."""

import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapshot.host import Host, Namespace
from snapshot.host.link import Interface
from visualize.columns.blocks import Blocks
from visualize.columns.chunk import Giver
from visualize.columns.merged import Merged, giver
from visualize.columns.taps import Taps, UnservedError
from visualize.packet.pcap import Frame, read_frames
from visualize.replay import Replay, Source

sys.path.insert(0, str(Path(__file__).parent))
import files

NAMES = ("eth0", "eth1", "docker0")
HOST = Host({"host": Namespace("host", interfaces={name: Interface(name, 2 + n, mac="02:00:00:00:00:0" + str(n)) for n, name in enumerate(NAMES)})})


def shots(seed: int, count: int) -> list[files.Shot]:
    """Frames of random bytes and sizes, some in runs of one size."""
    draw, found, size = Random(seed), [], 60
    for number in range(count):
        size = size if draw.random() < 0.5 else draw.randrange(0, 200)
        linktype = draw.choice((1, 1, 1, 113, 101))
        found.append(files.Shot(1_700_000_000 * 10**9 + number * 1000, linktype, draw.randbytes(size), size + draw.randrange(2), draw.choice(NAMES), False))
    return found


def plain(data: bytes) -> list[Frame]:
    """As the plain reader has them."""
    return [frame._replace(data=bytes(frame.data)) for frame in read_frames(data, "x.pcap").frames]


def walked(captures: Giver, step: int) -> list[Frame]:
    """All frames, chunk by chunk, of each chunk but the last few; what is told of them is what they are."""
    found: list[Frame] = []
    where, first = captures.start, 0
    while True:
        chunk = captures.chunk(where, first)
        taken = len(chunk.starts) if chunk.last else max(1, len(chunk.starts) - step)
        told, part = chunk.told(), chunk.upto(taken)
        for row in range(taken):
            frame = part.frame(row)
            assert chunk.data[told.start[row]:told.start[row] + told.captured[row]] == frame.data
            assert told.time[row] == frame.time_ns
            assert told.way is None or {0: None, 1: "in", 2: "out"}[int(told.way[row])] == frame.direction
            found.append(frame)
        if chunk.last:
            return found
        where, first = captures.after(chunk, taken), first + taken


def blocks(data: bytes, frames: int, block: int) -> Blocks:
    """A capture in memory."""
    return Blocks(lambda offset, size: data[offset:offset + size], len(data), Taps(HOST), 0, Source("x", ()), frames, block)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 20), count=st.integers(1, 80), flags=st.booleans(), frames=st.integers(1, 100), block=st.integers(40, 3000))
def test_blocks_are_the_frames(seed: int, count: int, flags: bool, frames: int, block: int) -> None:
    """Several sections, byte orders, clocks and link types; options and other blocks between; parts of any size."""
    data = files.pcapng(shots(seed, count), seed, flags)
    captures = blocks(data, frames, block)
    assert walked(captures, seed % 5) == plain(data)
    assert captures.whole == (True,)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 20), at=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans(), block=st.integers(40, 3000))
def test_damage_ends_the_frames(seed: int, at: float, value: int, cut: bool, block: int) -> None:
    """A byte changed, or all behind it lost: the same frames, and it is known whether something was wrong."""
    data = bytearray(files.pcapng(shots(seed, 20), seed, True))
    first = int.from_bytes(data[4:8], "little" if data[8] == 0x4D else "big")  # no capture at all without its first block
    place = first + int(at * (len(data) - first - 1))
    data[place] = value
    spoilt = bytes(data[:place] if cut else data)
    captures = blocks(spoilt, 7, block)
    try:
        found = walked(captures, 2)
    except UnservedError:
        return
    capture = read_frames(spoilt, "x.pcap")
    assert found == plain(spoilt)
    assert captures.whole == (not capture.findings,)


def test_very_many_sections() -> None:
    """Sections of both byte orders without end, of one frame or none each."""
    one = files.Shot(1_700_000_000 * 10**9, 1, bytes(60), 60, "eth0", False)
    data = b"".join(files.pcapng([one] * (number % 2), number, plain=True) for number in range(3000))
    assert walked(blocks(data, 1 << 20, 1 << 20), 0) == plain(data)


@pytest.mark.parametrize("kind", [2, 3])
def test_blocks_without_a_time_are_left_to_the_plain_reader(kind: int) -> None:
    """Simple packet blocks, and those of the first version."""
    data = files.pcapng(shots(1, 3), 1, plain=True)
    data += files.block("<", kind, bytes(40)) if data[8] == 0x4D else files.block(">", kind, bytes(40))
    with pytest.raises(UnservedError):
        walked(blocks(data, 100, 10000), 0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 20), among=st.integers(2, 4), frames=st.integers(1, 90), block=st.integers(300, 3000))
def test_captures_are_merged_as_the_replay_merges_them(seed: int, among: int, frames: int, block: int) -> None:
    """Frames of equal times, and clocks that go back: the order of `Replay.run`."""
    draw = Random(seed)
    parts = files.divided([shot for shot in shots(seed, 60) if shot.linktype == 1 or draw.random() < 0.2], among, seed)
    parts = [[files.replace(one, time=one.time // 4000 * 4000) for one in part] for part in parts]
    data = [files.pcapng(part, seed + number) for number, part in enumerate(parts)]
    sources = [Source(str(number), read_frames(one, "x"), capture=read_frames(one, "x")) for number, one in enumerate(data)]
    taps = Taps(HOST)
    captures = Merged(tuple(Blocks(source.capture.read, source.capture.size, taps, number, source, frames, block)
                            for number, source in enumerate(sources) if source.capture is not None), frames)
    expected: list[tuple[int, Frame]] = []
    replay = Replay(HOST)
    replay.feed = lambda _, merged: iter(expected.extend(merged) or ())  # type: ignore[method-assign, assignment, func-returns-value]
    list(replay.run(sources))
    found = walked(captures, seed % 4)
    assert [(one.time_ns, one.interface, one.data) for one in found] == [(one.time_ns, one.interface, bytes(one.data)) for _, one in expected]
    assert isinstance(giver(sources, taps), Merged)
