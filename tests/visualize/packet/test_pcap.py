"""Classic pcap and pcapng, byte by byte: every file here is built from its blocks."""

import random
from pathlib import Path
from struct import pack

import pytest

from snapshot.finding import Kind
from snapshot.raw import SnapshotError
from visualize.packet.pcap import Frame, open_capture, read_frames

MAGIC = {"micro": 0xA1B2C3D4, "nano": 0xA1B23C4D, "modified": 0xA1B2CD34}


def classic(frames: list[bytes], order: str = "<", magic: str = "micro", linktype: int = 1, snaplen: int = 262144) -> bytes:
    """A capture whose frame n (from 0) was taken at n seconds and 7 units, and was 10 bytes longer on the wire."""
    out = pack(order + "IHHiIII", MAGIC[magic], 2, 4, 0, 0, snaplen, linktype)
    for number, frame in enumerate(frames):
        out += pack(order + "IIII", number, 7, len(frame), len(frame) + 10)
        out += pack(order + "IHBB", 3, 0x0800, 4 * (number % 2), 0) if magic == "modified" else b""
        out += frame
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block around a body, padded."""
    body += bytes(-len(body) % 4)
    return pack(order + "II", kind, len(body) + 12) + body + pack(order + "I", len(body) + 12)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """A pcapng option, padded."""
    return pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", major: int = 1) -> bytes:
    """A section header block."""
    return block(0x0A0D0D0A, pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1), order)


def interface(linktype: int = 1, order: str = "<", options: bytes = b"", snaplen: int = 0) -> bytes:
    """An interface description block."""
    return block(1, pack(order + "HHI", linktype, 0, snaplen) + options, order)


def enhanced(which: int, ticks: int, data: bytes, order: str = "<", options: bytes = b"") -> bytes:
    """An enhanced packet block."""
    head = pack(order + "IIIII", which, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data) + 10)
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def frames_of(data: bytes) -> list[Frame]:
    """All frames of a capture, their bytes copied."""
    return [frame._replace(data=bytes(frame.data)) for frame in read_frames(data, "x.pcap").frames]


# -- classic ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "fraction"), [("micro", 7000), ("nano", 7), ("modified", 7000)])
def test_every_classic_magic(order: str, magic: str, fraction: int) -> None:
    """Byte order and resolution come from the magic; the modified format also tells the direction."""
    ways = ("in", "out") if magic == "modified" else (None, None)
    assert frames_of(classic([b"one", b"three"], order, magic)) == [
        Frame(1, fraction, 1, b"one", 13, None, ways[0]), Frame(2, 1_000_000_000 + fraction, 1, b"three", 15, None, ways[1])]


def test_a_capture_can_be_read_twice() -> None:
    """`frames` starts anew each time, and findings are not told twice."""
    capture = read_frames(classic([b"one", b"two"])[:-1], "x.pcap")
    assert [[f.number for f in capture.frames] for _ in range(2)] == [[1], [1]]
    assert len(capture.findings) == 1
    assert len(list(capture)) == 1


def test_the_link_type_stands_in_16_bits() -> None:
    """The upper bits tell of a frame check sequence (draft-ietf-opsawg-pcap)."""
    assert frames_of(classic([b"a"], linktype=0x14000071))[0].linktype == 113


@pytest.mark.parametrize(("data", "said"), [
    (b"", "x.pcap: empty (0 bytes), not a capture"),
    (b"\xd4\xc3", "x.pcap: cut off after 2 bytes, not a capture"),
    (b"hello, world", "x.pcap: not a pcap or pcapng capture (byte 0: 68 65 6c 6c)"),
    (b"\x1f\x8b\x08\x00", "x.pcap: compressed with gzip (byte 0: 1f 8b 08 00): unpack it first"),
    (classic([])[:23], "x.pcap: cut off in the file header (byte 23 of 24)"),
    (b"\xd4\xc3\xb2\xa1\x09\x00\x09\x00" + bytes(16), "x.pcap: version 9.9 of the pcap format is not known (byte 4)"),
    (classic([], linktype=147), "x.pcap: link type 147 (USER0) is not read (byte 20; only NULL, Ethernet, RAW, LOOP, SLL, IPV4, IPV6, SLL2)"),
    (classic([], linktype=4242), "x.pcap: link type 4242 is not read"),
    (section()[:27], "x.pcap: cut off in the section header (byte 27 of 28)"),
    (section(major=2), "x.pcap: byte 0: version 2.0 of the pcapng format is not known"),
    (b"\x0a\x0d\x0d\x0a" + bytes(40), "x.pcap: byte 0: a section header without its byte-order mark"),
    (section() + interface(147) + enhanced(0, 0, b"a"), "x.pcap: frame 1: link type 147 (USER0) of interface 0 is not read"),
])
def test_what_is_no_capture_is_refused_in_one_line(data: bytes, said: str) -> None:
    """The line names the file and the place."""
    with pytest.raises(SnapshotError) as caught:
        read_frames(data, "x.pcap")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("data", "frames", "kind", "said"), [
    (classic([b"one", b"two"])[:-1], 1, Kind.TRUNCATED,
     "frame 2, byte 43: the file ends inside the frame (2 of 3 bytes); the frame before it is used"),
    (classic([b"one"]) + b"12345", 1, Kind.TRUNCATED, "frame 2, byte 43: the file ends in the record's header (5 of 16 bytes)"),
    (classic([b"a", b"b"]) + pack("<IIII", 0, 0, 0x7FFFFFFF, 1) + b"x", 2, Kind.SYNTAX,
     "frame 3, byte 58: a record of 2147483647 bytes can't be (more than 262144); the 2 frames before it are used"),
    (section() + interface() + enhanced(0, 1, b"a")[:-2], 0, Kind.TRUNCATED,
     "frame 1, byte 48: the file ends inside the block (34 of 36 bytes); no frame stands before it"),
    (section() + interface() + enhanced(0, 1, b"a") + b"\6\0\0", 1, Kind.TRUNCATED, "frame 2, byte 84: the file ends in a block's header"),
    (section() + interface() + pack("<III", 6, 8, 8), 0, Kind.SYNTAX, "frame 1, byte 48: a block of 8 bytes can't be"),
    (section() + interface() + pack("<IIII", 9, 16, 0, 20), 0, Kind.SYNTAX, "frame 1, byte 48: a block's two lengths differ (16 and 20)"),
    (section() + interface() + enhanced(3, 1, b"a"), 0, Kind.SYNTAX, "frame 1, byte 48: the packet names interface 3, and 1 were described"),
    (section() + block(3, pack("<I", 1) + b"a"), 0, Kind.SYNTAX, "frame 1, byte 28: a simple packet block before any interface"),
    (section() + interface() + block(6, pack("<IIIII", 0, 0, 0, 99, 99)), 0, Kind.SYNTAX, "frame 1, byte 48: a packet of 99 bytes can't be"),
    (section() + block(1, b"ab"), 0, Kind.SYNTAX, "frame 1, byte 28: an interface description of 4 bytes can't be"),
    (section() + interface() + enhanced(0, 1, b"a") + block(0x0A0D0D0A, bytes(16)), 1, Kind.SYNTAX,
     "frame 2, byte 84: a section header without its byte-order mark"),
])
def test_a_damage_is_a_finding_and_what_stands_before_it_is_used(data: bytes, frames: int, kind: Kind, said: str) -> None:
    """It names the frame's number and the byte."""
    capture = read_frames(data, "x.pcap")
    assert len(list(capture.frames)) == frames
    [finding] = capture.findings
    assert finding.kind is kind
    assert finding.file == "x.pcap"
    assert finding.why.startswith(said)


def test_findings_need_no_reading_of_frames() -> None:
    """Asked first, they are found."""
    assert [f.kind for f in read_frames(classic([b"one"])[:-1], "x.pcap").findings] == [Kind.TRUNCATED]


def test_a_large_snap_length_is_believed_up_to_a_limit() -> None:
    """Frames longer than libpcap's usual 256 KiB exist where the file says so."""
    assert len(frames_of(classic([bytes(300_000)], snaplen=400_000))[0].data) == 300_000
    assert frames_of(classic([bytes(300_000)])) == []


# -- pcapng -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_packet_block(order: str) -> None:
    """Enhanced, simple and obsolete packet blocks, with blocks of no interest between them."""
    obsolete = block(2, pack(order + "HHIIII", 0, 0, 0, 5, 3, 3) + b"old\0", order)
    simple = block(3, pack(order + "I", 6) + b"simple", order)
    data = section(order) + interface(1, order, option(2, b"eth0", order)) + enhanced(0, 5, b"new", order) + block(
        0x0BAD, b"whatever", order) + simple + obsolete + block(5, bytes(12), order)
    assert frames_of(data) == [Frame(1, 5000, 1, b"new", 13, "eth0"), Frame(2, 5000, 1, b"simple", 6, "eth0"),
                               Frame(3, 5000, 1, b"old", 3, "eth0")]


def test_a_simple_packet_is_cut_at_the_snap_length() -> None:
    """Its own length is that on the wire."""
    data = section() + interface(snaplen=4) + block(3, pack("<I", 100) + b"abcd")
    assert frames_of(data) == [Frame(1, 0, 1, b"abcd", 100)]


@pytest.mark.parametrize(("options", "ticks", "time_ns"), [
    (b"", 1_500_000, 1_500_000_000),
    (option(9, b"\x06"), 1_500_000, 1_500_000_000),
    (option(9, b"\x09"), (1 << 60) + 1, (1 << 60) + 1),
    (option(9, b"\x03"), 1500, 1_500_000_000),
    (option(9, b"\x0c"), 1_500_000_000_123, 1_500_000_000),
    (option(9, b"\x8a"), 1536, 1_500_000_000),
    (option(14, pack("<q", 100)), 1, 100_000_001_000),
    (option(14, pack("<q", -1)) + option(9, b"\x09"), 2_000_000_000, 1_000_000_000),
])
def test_the_resolution_and_the_offset_of_times(options: bytes, ticks: int, time_ns: int) -> None:
    """Integer nanoseconds, whatever the interface counts in (if_tsresol, if_tsoffset)."""
    assert frames_of(section() + interface(options=options) + enhanced(0, ticks, b"a"))[0].time_ns == time_ns


@pytest.mark.parametrize(("flags", "way"), [(0, None), (1, "in"), (2, "out"), (0x1E1, "in"), (3, None)])
def test_the_direction(flags: int, way: str | None) -> None:
    """The low two bits of epb_flags."""
    data = section() + interface() + enhanced(0, 0, b"abc", options=option(1, b"hi") + option(2, pack("<I", flags)) + bytes(4))
    assert frames_of(data)[0].direction == way


def test_a_section_has_its_own_byte_order_and_interfaces() -> None:
    """Interface numbers start again; frame numbers go on."""
    data = section("<") + interface(options=option(2, b"eth0")) + enhanced(0, 1, b"a") + section(">") + interface(
        113, ">", option(2, b"any", ">")) + enhanced(0, 1, b"b", ">")
    assert frames_of(data) == [Frame(1, 1000, 1, b"a", 11, "eth0"), Frame(2, 1000, 113, b"b", 11, "any")]


def test_frames_of_an_unknown_link_type_are_left_out_once() -> None:
    """Only that interface's; one finding for all of them, and the numbers stay those that other tools show."""
    data = section() + interface() + interface(147, options=option(2, b"odd0"))
    data += enhanced(1, 1, b"a") + enhanced(0, 2, b"b") + enhanced(1, 3, b"c") + enhanced(0, 4, b"d")
    capture = read_frames(data, "x.pcapng")
    assert [frame.number for frame in capture.frames] == [2, 4]
    [finding] = capture.findings
    assert finding.kind is Kind.NOT_MODELLED
    assert finding.why.startswith("frame 1: link type 147 (USER0) of interface 1 (odd0) is not read")


def test_an_option_that_overruns_its_block_ends_the_options() -> None:
    """The packet is still used."""
    data = section() + interface(options=pack("<HH", 2, 400) + b"eth0") + enhanced(0, 1, b"a", options=pack("<HH", 2, 9) + bytes(4))
    assert frames_of(data) == [Frame(1, 1000, 1, b"a", 11)]


# -- both -------------------------------------------------------------------------------------------------------------------


def test_a_file_is_mapped(tmp_path: Path) -> None:
    """open_capture reads the same as read_frames."""
    path = tmp_path / "a.pcap"
    path.write_bytes(classic([b"one"]))
    assert [bytes(frame.data) for frame in open_capture(str(path)).frames] == [b"one"]
    path.write_bytes(b"")
    for name, said in ((path, "empty"), (tmp_path / "none.pcap", "can't be read: No such file"), (tmp_path, "can't be read: Is a dir")):
        with pytest.raises(SnapshotError, match=said):
            open_capture(str(name))


@pytest.mark.parametrize("seed", range(60))
def test_damaged_bytes_never_raise_anything_else(seed: int) -> None:
    """Flipped, cut and doubled bytes: frames, findings, or one SnapshotError."""
    dice = random.Random(seed)
    name = option(2, b"eth0") + option(9, b"\x09")
    good = (classic([bytes(n) for n in range(9)]), classic([b"abc"] * 5, ">", "modified"),
            section() + interface(options=name) + b"".join(enhanced(0, n, bytes(n), options=option(2, b"\1\0\0\0")) for n in range(9)))
    for _ in range(50):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(4, len(data))] = dice.choice((0, 1, 4, 255, dice.randrange(256)))
        data = data[:dice.randrange(4, len(data) + 1)]
        try:
            capture = read_frames(bytes(data), "x")
        except SnapshotError:
            continue
        numbers = [frame.number for frame in capture.frames]
        assert numbers == sorted(set(numbers))
        assert all(finding.file == "x" for finding in capture.findings)
