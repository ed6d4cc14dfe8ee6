"""First figures: whole processes, each beside its peers in the same run. Ratios are what counts.  `make bench`.

    python tests/bench/bench.py [--frames 1000000] [--connections 20000]

Below 1.00 in the last column, packetpath takes less time than the peer named. No time is asserted anywhere.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "samples" / "default-bridge" / "snapshot.tar.gz"
PACKETPATH = [sys.executable, "-m", "visualize.cli"]
READ = "import sys; from visualize.packet.pcap import open_capture; print(sum(1 for f in open_capture(sys.argv[1]).frames))"
DECODE = ("import sys; from visualize.packet.pcap import open_capture; from visualize.packet.decode import decode; "
          "print(sum(1 for f in open_capture(sys.argv[1]).frames if decode(f)))")
RAW_SCAPY = "import sys; from scapy.utils import RawPcapReader; print(sum(1 for _ in RawPcapReader(sys.argv[1])))"
SCAPY = "import sys; from scapy.all import PcapReader; print(sum(1 for _ in PcapReader(sys.argv[1])))"
SCAPY_SHARE = 20  # scapy's full dissection gets a 20th of the frames, and its time beyond the start is multiplied


def seconds(command: list[str], runs: int = 1) -> float:
    """The median time of a whole process. A process that fails ends the run."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, cwd=ROOT)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


class Figures:
    """The table: our figures, and below each its peers with the ratio ours / theirs."""

    def __init__(self) -> None:
        self.table = Table("what", "seconds", "frames/s", "ours / this")

    def add(self, what: str, took: float, frames: int = 0, ours: float = 0.0) -> float:
        """A row; returns the time. `ours` marks it as a peer of a figure of ours."""
        rate = f"{frames / took:,.0f}" if frames else ""
        self.table.add_row(f"  {what}" if ours else what, f"{took:.2f}", rate, f"{ours / took:.2f}" if ours else "", style="dim" if ours else None)
        return took


def processes(figures: Figures) -> None:
    """The time until an answer stands there."""
    ours = figures.add("packetpath --help", seconds([*PACKETPATH, "--help"], 5))
    figures.add("python -c 'import click'", seconds([sys.executable, "-c", "import click"], 5), ours=ours)
    figures.add("packetpath trace, on a sample", seconds([*PACKETPATH, "trace", str(SAMPLE), "--from", "web", "--dst", "198.51.100.80:80"], 5))


def captures(figures: Figures, folder: Path, frames: int, connections: int) -> None:
    """Frames per second: read, decoded, replayed; beside what people use to print or count them."""
    whole, part = (made(folder / name, count, connections) for name, count in (("any.pcap", frames), ("part.pcap", frames // SCAPY_SHARE)))
    start = seconds([sys.executable, "-c", "import scapy.all"])
    scapy = start + (seconds([sys.executable, "-c", SCAPY, part]) - start) * SCAPY_SHARE
    ours = figures.add("our reader: frames", seconds([sys.executable, "-c", READ, whole]), frames)
    figures.add("scapy RawPcapReader", seconds([sys.executable, "-c", RAW_SCAPY, whole]), frames, ours)
    ours = figures.add("our decoder: packets", seconds([sys.executable, "-c", DECODE, whole]), frames)
    figures.add("scapy PcapReader (of a part)", scapy, frames, ours)
    ours = figures.add("packetpath flows", seconds([*PACKETPATH, "flows", str(SAMPLE), "--pcap", whole, "--format", "csv"]), frames)
    for command in (["tcpdump", "-nn", "-r", whole], ["tshark", "-q", "-z", "conv,tcp", "-r", whole]):
        if shutil.which(command[0]):
            figures.add(" ".join(command[:-2] if command[0] == "tshark" else command[:-1]), seconds(command), frames, ours)
    figures.add("scapy PcapReader (of a part)", scapy, frames, ours)


def made(path: Path, frames: int, connections: int) -> str:
    """A generated capture."""
    subprocess.run([sys.executable, str(ROOT / "tests/bench/make_capture.py"), str(SAMPLE), str(path), "--frames", str(frames),
                    "--connections", str(connections)], check=True)
    return str(path)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=20_000)
    given = parser.parse_args()
    figures = Figures()
    processes(figures)
    with tempfile.TemporaryDirectory() as folder:
        captures(figures, Path(folder), given.frames, given.connections)
    Console(width=100).print(figures.table)


if __name__ == "__main__":
    main()
