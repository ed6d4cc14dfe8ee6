"""First figures: whole processes, each beside a peer in the same run. Ratios are what counts.  `make bench`.

    python tests/bench/bench.py [--frames 1000000]
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


def seconds(command: list[str], runs: int = 3) -> float:
    """The median time of a whole process."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd=ROOT)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    frames = parser.parse_args().frames
    table = Table("what", "seconds", "frames/s", "against", "ratio")

    def row(what: str, took: float, count: int = 0, against: str = "", other: float = 0.0) -> None:
        table.add_row(what, f"{took:.2f}", f"{count / took:,.0f}" if count else "", against, f"{took / other:.2f}" if other else "")

    base = seconds([sys.executable, "-c", "import click"])
    row("packetpath --help", seconds([*PACKETPATH, "--help"]), against="python -c 'import click'", other=base)
    row("packetpath trace, on a sample", seconds([*PACKETPATH, "trace", str(SAMPLE), "--from", "web", "--dst", "198.51.100.80:80"]))
    with tempfile.TemporaryDirectory() as folder:
        capture = str(Path(folder) / "any.pcap")
        subprocess.run([sys.executable, str(ROOT / "tests/bench/make_capture.py"), str(SAMPLE), capture, "--frames", str(frames)], check=True)
        flows = seconds([*PACKETPATH, "flows", str(SAMPLE), "--pcap", capture, "--format", "csv"], 1)
        peers = {"tcpdump -nn -r": ["tcpdump", "-nn", "-r", capture], "tshark -q -z conv,tcp": ["tshark", "-q", "-z", "conv,tcp", "-r", capture]}
        row(f"packetpath flows, {frames:,} frames", flows, frames)
        for name, command in peers.items():
            if shutil.which(command[0]):
                took = seconds(command, 1)
                row(name, took, frames, "packetpath flows / this", 0)
                table.rows[-1].style = "dim"
                row("", flows, 0, f"flows against {name}", took)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
