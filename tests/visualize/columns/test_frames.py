"""What columns read of a frame is what `packet.decode` and `replay.identity` read of it."""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from visualize.columns.checks import bad_checksums
from visualize.columns.frames import Frames, ends_of, packet_lengths, protocols, read, same_of
from visualize.columns.records import Classic, Records
from visualize.columns.taps import Tap
from visualize.load import load
from visualize.packet.checksum import broken
from visualize.packet.decode import decode
from visualize.packet.packet import Packet
from visualize.packet.pcap import classic_header
from visualize.sighting import identity

sys.path.insert(0, str(Path(__file__).parent))
import traffic

ROOT = Path(__file__).parents[3]
CAPTURES = sorted(ROOT.glob("tests/kernel/recorded/*/any.pcap"))


def frames_of(data: bytes) -> Frames:
    """A capture's only chunk."""
    header = classic_header(data)
    assert header is not None
    shape = Classic(header, Tap(0, header.linktype, 1))
    return read(Records(lambda offset, size: data[offset:offset + size], shape).chunk(24, 0))


def packets_of(frames: Frames) -> list[Packet | None]:
    """The same, decoded one by one."""
    decoded = [decode(frames.chunk.frame(row)) for row in range(len(frames.time))]
    return [one.packet if one is not None else None for one in decoded]


def data_of(name: str) -> bytes:
    """A recorded capture, or random traffic."""
    if name.isdecimal():
        return traffic.capture(load(str(ROOT / "samples/default-bridge/snapshot.tar.gz")).built.host, int(name), 60, 0.3)
    return (ROOT / "tests/kernel/recorded" / name / "any.pcap").read_bytes()


NAMES = [*(path.parent.name for path in CAPTURES), "1", "2", "3"]


@pytest.mark.parametrize("name", NAMES)
def test_identities_are_equal_where_the_replay_says_so(name: str) -> None:
    """Two packets have one hash exactly where `replay.identity` is the same, whether columns or `same_of` made it."""
    frames = frames_of(data_of(name))
    packets = packets_of(frames)
    known = {row: packet for row, packet in enumerate(packets) if packet is not None and same_of(packet) >= 0}
    for row, packet in known.items():
        if frames.clean[row]:
            assert int(frames.same[row]) == same_of(packet)
    for one, other in combinations(list(known.values())[:120], 2):
        assert (identity(one) == identity(other)) == (same_of(one) == same_of(other))


@pytest.mark.parametrize("name", NAMES)
def test_ends_are_those_of_the_packet(name: str) -> None:
    """Clean frames are packets with ports or an id; what has no packet is neither clean nor odd."""
    frames = frames_of(data_of(name))
    packets = packets_of(frames)
    for row, packet in enumerate(packets):
        assert bool(frames.clean[row]) + bool(frames.odd[row]) == (packet is not None) or (packet is None and frames.odd[row])
    rows = np.flatnonzero(frames.clean)
    ends = ends_of(frames.ip[rows], frames.six[rows])
    for place, row in enumerate(rows.tolist()):
        packet = packets[row]
        assert packet is not None
        raw = ends.source[place].tobytes()
        assert packet.src.packed == raw[:len(packet.src.packed)]
        port = packet.sport if packet.sport is not None else packet.icmp_id
        assert (int(ends.sport[place]), int(ends.protocol[place])) == (port, packet.protocol)


@pytest.mark.parametrize("name", NAMES)
def test_sums_are_bad_where_the_kernel_would_say_so(name: str) -> None:
    """Clean packets: the same answer as `packet.checksum`."""
    frames = frames_of(data_of(name))
    packets = packets_of(frames)
    rows = np.flatnonzero(frames.clean)
    found = bad_checksums(frames, rows, packet_lengths(frames, rows), protocols(frames.ip[rows], frames.six[rows]), np.ones(len(rows), bool))
    assert [broken(packet) for row in rows.tolist() if (packet := packets[row]) is not None] == found.tolist()
