"""`packetpath export`: the bytes at each hop are those that the kernel put there."""

from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from visualize.cli import main
from visualize.export import export, hops
from visualize.load import load, replay, sources
from visualize.packet.decode import decode
from visualize.packet.pcap import read_frames
from visualize.packet.write import written
from visualize.path import Evidence

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/snapshot.tar.gz"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parent.name)
def test_the_bytes_of_a_hop_are_those_that_were_captured_there(sample: Path) -> None:
    """For each later sighting that agrees: addresses, ports, TTL and checksums, byte for byte as the kernel sent them."""
    loaded = load(str(sample))
    captures, _ = sources(loaded, ())
    frames: dict[int, list[bytes]] = {}
    for source in captures:
        for frame in source.frames:
            decoded = decode(frame)
            if decoded is not None and not decoded.packet.is_fragment:
                frames.setdefault(frame.number, []).append(bytes(decoded.packet.raw))
    compared = 0
    for one in replay(loaded, sources(loaded, ())[0], {}):
        places = {hop.interface: hop for hop in hops(one.path)}
        for sighting in one.sightings:
            hop = places.get(f"{sighting.netns}/{sighting.interface} {'out' if sighting.outgoing else 'in'}")
            if sighting.state is not Evidence.SEEN or hop is None or not one.path.start.raw or sighting.packet is None:
                continue
            candidates = [raw for raw in frames.get(sighting.packet, ()) if len(raw) == len(written(hop.packet))]
            if not candidates:
                continue
            assert written(hop.packet) in candidates, f"frame {sighting.packet}: {hop.packet.describe()}"
            compared += 1
    assert compared > 10


def test_the_file_reads_back(tmp_path: Path) -> None:
    """Every hop is an interface with a name; times have nanoseconds; the comment names the rule that changed the packet."""
    sample = next(path for path in SAMPLES if path.parent.name == "default-bridge")
    loaded = load(str(sample))
    first = list(replay(loaded, sources(loaded, ())[0], {}))
    file = BytesIO()
    count = export(first, file, "test")
    frames = list(read_frames(file.getvalue(), "hops.pcapng").frames)
    assert len(frames) == count
    assert {"host/eth0 in", "host/docker0 out", "web/eth0 in", "web receives"} <= {frame.interface for frame in frames}
    assert frames[0].time_ns == first[0].time_ns
    assert b"by nat DOCKER 2: -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT" in file.getvalue()
    packets = [decoded.packet for frame in frames if (decoded := decode(frame)) is not None]
    assert len(packets) == count


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    """The same input gives the same bytes, and the number of records is told."""
    sample = str(SAMPLES[0])
    for name in ("a", "b"):
        result = CliRunner().invoke(main, ["export", sample, "-o", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        assert "records" in result.output
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
