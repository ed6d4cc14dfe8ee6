"""Whole processes, each beside its peers in the same run. Ratios are what counts.  `make bench`.

    python tests/bench/bench.py [--frames 1000000] [--connections 20000] [--large]

Below 1.00 in the last column, packetpath takes less time than the peer named. Everything is printed into /dev/null. `--large` adds ten
times the frames, and few and very many connections. No time is asserted anywhere.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Column, Table

sys.path.insert(0, str(Path(__file__).parent))
from make_rules import make as made_rules
from make_tables import make as made_table

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "samples" / "default-bridge" / "snapshot.tar.gz"
AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # pip compiles what it installs
# By a process that is small itself: a child's peak begins with what its parent had.
MEASURE = """import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - started, usage.ru_maxrss, status)"""
PACKETPATH = [sys.executable, "-m", "visualize.cli"]
READ = "import sys; from visualize.packet.pcap import open_capture; print(sum(1 for f in open_capture(sys.argv[1]).frames))"
DECODE = ("import sys; from visualize.packet.pcap import open_capture; from visualize.packet.decode import decode; "
          "print(sum(1 for f in open_capture(sys.argv[1]).frames if decode(f)))")
RAW_SCAPY = "import sys; from scapy.utils import RawPcapReader; print(sum(1 for _ in RawPcapReader(sys.argv[1])))"
SCAPY = "import sys; from scapy.all import PcapReader; print(sum(1 for _ in PcapReader(sys.argv[1])))"
SCAPY_SHARE = 100  # scapy's full dissection gets a 100th of the frames, and its time beyond the start is multiplied


class Took(NamedTuple):
    """What a whole process took."""

    seconds: float
    peak: int  # KiB of memory, of the process itself


def run(command: list[str], runs: int = 1) -> Took:
    """The median of several runs. A process that fails ends everything."""
    found = []
    for _ in range(runs):
        told = subprocess.run([sys.executable, "-S", "-c", MEASURE, *command], capture_output=True, text=True, cwd=ROOT, env=AS_INSTALLED, check=True)
        took, peak, status = told.stdout.split()
        if int(status):
            raise SystemExit(f"{' '.join(command)} failed")
        found.append(Took(float(took), int(peak)))
    return sorted(found)[len(found) // 2]


def seconds(command: list[str]) -> float:
    """The time of one run."""
    return run(command).seconds


class Figures:
    """The table: our figures, and below each its peers with the ratio ours / theirs."""

    def __init__(self) -> None:
        self.table = Table("what", *(Column(name, justify="right") for name in ("seconds", "peak MiB", "frames/s", "ours / this")))

    def add(self, what: str, took: Took, frames: int = 0, ours: float = 0.0) -> float:
        """A row; returns the time. `ours` marks it as a peer of a figure of ours."""
        print(f"{what}: {took.seconds:.2f} s", file=sys.stderr)  # the table comes only at the end
        rate = f"{frames / took.seconds:,.0f}" if frames else ""
        self.table.add_row(f"  {what}" if ours else what, f"{took.seconds:.2f}", f"{took.peak / 1024:.0f}" if took.peak else "", rate,
                           f"{ours / took.seconds:.2f}" if ours else "", style="dim" if ours else None)
        return took.seconds


def processes(figures: Figures) -> None:
    """The time until an answer stands there."""
    ours = figures.add("packetpath --help", run([*PACKETPATH, "--help"], 5))
    figures.add("python -c 'import click'", run([sys.executable, "-c", "import click"], 5), ours=ours)
    figures.add("packetpath trace, on a sample", run([*PACKETPATH, "trace", str(SAMPLE), "--from", "web", "--dst", "198.51.100.80:80"], 5))


def rulesets(figures: Figures, folder: Path, services: int) -> None:
    """A packet through a ruleset of Kubernetes' size, beside what it takes to check that ruleset only."""
    rules = made_rules(services, folder / "kube")
    question = ["trace", str(folder / "kube"), "--in", "eth0", "--src", "192.0.2.77:40000", "--dst", "10.96.0.1:443"]
    ours = figures.add(f"packetpath trace, {rules.read_text().count('-A '):,} rules", run([*PACKETPATH, *question], 3))
    if shutil.which("iptables-legacy-restore"):
        check = ["unshare", "-n", "sh", "-c", f"iptables-legacy-restore --test < {rules}"]
        figures.add("iptables-legacy-restore --test", run(check, 3), ours=ours)
    capture = few_frames(folder / "few.pcap")
    for what, command in (("show", []), ("flows, 60 packets", ["--pcap", f"{capture}@eth0"]),
                          ("report, 60 packets", ["--pcap", f"{capture}@eth0", "-o", str(folder / "report.html")])):
        figures.add(f"packetpath {what}, the same rules", run([*PACKETPATH, what.split(",")[0], str(folder / "kube"), *command], 3))


def tables(figures: Figures, folder: Path) -> None:
    """Tables of other kinds, as large as hosts have them: opened, and one packet traced."""
    for name, count in (("ip-route", 500_000), ("conntrack", 500_000), ("ipset", 100_000), ("neighbours", 50_000), ("nft", 100_000)):
        snapshot = made_table(name, count, folder / name)
        question = ["trace", str(snapshot), "--in", "eth0", "--src", "192.0.2.77:40000", "--dst", "10.96.0.1:443"]
        figures.add(f"packetpath trace, {name}: {count:,}", run([*PACKETPATH, *question]))


def few_frames(path: Path) -> Path:
    """A small Ethernet capture: 60 connections to services are opened."""
    from scapy.all import IP, TCP, Ether, wrpcap
    link = Ether(src="02:00:00:00:00:99", dst="02:00:00:00:00:01")
    wrpcap(str(path), [link / IP(src="192.0.2.77", dst=f"10.96.0.{number + 1}") / TCP(sport=40000 + number, dport=80) for number in range(60)])
    return path


def captures(figures: Figures, folder: Path, frames: int, connections: int) -> None:
    """Frames per second: read, decoded, replayed; beside what people use to print or count them."""
    part = made(folder / "part.pcap", frames // SCAPY_SHARE, connections)
    start = seconds([sys.executable, "-c", "import scapy.all"])
    scapy = Took(start + (seconds([sys.executable, "-c", SCAPY, part]) - start) * SCAPY_SHARE, 0)
    whole = made(folder / "any.pcap", frames, connections)
    ours = figures.add("our plain reader: frames", run([sys.executable, "-c", READ, whole]), frames)
    figures.add("scapy RawPcapReader", run([sys.executable, "-c", RAW_SCAPY, whole]), frames, ours)
    ours = figures.add("our plain decoder: packets", run([sys.executable, "-c", DECODE, whole]), frames)
    figures.add("scapy PcapReader (of a part)", scapy, frames, ours)
    ours = figures.add(f"packetpath flows, {connections:,} connections, one thread", flows(whole, 3, "--jobs", "1"), frames)
    printers(figures, whole, frames, ours)
    figures.add("scapy PcapReader (of a part)", scapy, frames, ours)
    figures.add(f"the same, --jobs {os.cpu_count()}", flows(whole, 3, "--jobs", str(os.cpu_count())), frames)
    mixed = made(folder / "mixed.pcap", frames, connections, "--mixed")
    printers(figures, mixed, frames, figures.add("packetpath flows, records of several sizes, one thread", flows(mixed, 3, "--jobs", "1"), frames))
    if shutil.which("editcap"):
        blocks = str(folder / "any.pcapng")
        subprocess.run(["editcap", "-F", "pcapng", whole, blocks], check=True)
        printers(figures, blocks, frames, figures.add("packetpath flows, pcapng, one thread", flows(blocks, 3, "--jobs", "1"), frames))
    long = made(folder / "long.pcap", frames, 20, "--mixed")
    printers(figures, long, frames, figures.add("packetpath flows, 20 long connections, one thread", flows(long, 1, "--jobs", "1"), frames))


def printers(figures: Figures, capture: str, frames: int, ours: float) -> None:
    """What prints or sums up the same capture."""
    for command in (["tcpdump", "-nn", "-r", capture], ["tshark", "-q", "-z", "conv,tcp", "-r", capture]):
        if shutil.which(command[0]):
            name = " ".join(command[:-2] if command[0] == "tshark" else command[:-1])
            figures.add(name, run(command, 3 if command[0] == "tcpdump" else 1), frames, ours)


def diagrams(figures: Figures, folder: Path, number: int) -> None:
    """So many different pictures, the replay that finds them included; beside Graphviz alone on the same sources."""
    whole, sources = made(folder / "few.pcap", 12 * number, number), folder / "sources"
    command = [*PACKETPATH, "draw", str(SAMPLE), "--pcap", whole, "--each", "-o"]
    run([*command, str(sources), "--format", "dot"])
    files = sorted(map(str, sources.glob("flow-*.dot")))
    for form in ("svg", "png"):
        ours = figures.add(f"packetpath draw, {len(files):,} diagrams as {form}", run([*command, str(folder / "drawn"), "--format", form]))
        for program, name in ((shutil.which("dot"), "dot"), (shutil.which("graphviz-pure", path=str(Path(sys.executable).parent)), "graphviz-pure")):
            if program is not None:
                each = ["sh", "-c", f'for file; do "{program}" -T{form} "$file"; done', "sh", *files]
                figures.add(f"{name} -T{form} FILE, for each", run(each), ours=ours)
                figures.add(f"{name} -T{form} -O FILE...", run([program, f"-T{form}", "-O", *files]), ours=ours)


def large(figures: Figures, folder: Path, frames: int, connections: int) -> None:
    """What grows with what."""
    whole = made(folder / "large.pcap", 10 * frames, connections)
    figures.add(f"packetpath flows, {10 * frames:,} frames", flows(whole), 10 * frames)
    for number in (1_000, 100_000, 1_000_000):
        whole = made(folder / "large.pcap", 6 * frames, number)
        figures.add(f"packetpath flows, {6 * frames:,} frames, {number:,} connections", flows(whole), 6 * frames)


def flows(capture: str, runs: int = 1, *options: str) -> Took:
    """The flow table of a capture."""
    return run([*PACKETPATH, "flows", str(SAMPLE), "--pcap", capture, "--format", "csv", *options], runs)


def made(path: Path, frames: int, connections: int, *options: str) -> str:
    """A generated capture."""
    subprocess.run([sys.executable, str(ROOT / "tests/bench/make_capture.py"), str(SAMPLE), str(path), "--frames", str(frames),
                    "--connections", str(connections), *options], check=True)
    return str(path)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--diagrams", type=int, default=1_000)
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    figures = Figures()
    processes(figures)
    with tempfile.TemporaryDirectory() as folder:
        rulesets(figures, Path(folder), given.services)
        tables(figures, Path(folder))
        captures(figures, Path(folder), given.frames, given.connections)
        diagrams(figures, Path(folder), given.diagrams)
        if given.large:
            large(figures, Path(folder), given.frames, given.connections)
    Console(width=110).print(figures.table)


if __name__ == "__main__":
    main()
