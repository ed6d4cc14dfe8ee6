"""Reports to test with: of a sample, of a snapshot full of hostile names, of ten thousand flows."""

import json
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from visualize.commands.flows import command as flows_command
from visualize.commands.report import command

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/snapshot.tar.gz"))
CONTAINER = "<img src=x onerror=alert(1)>"
COMMENT = "</script><script>alert(1)</script>"
BRIDGE = "<b>dk0</b>"
HOSTNAME = "<u>host</u>"
IMAGE = "--><svg onload=alert(3)>"
CHANCE = "-A DOCKER-USER -m statistic --mode random --probability 0.10000000009 -j DROP"  # whatever is not captured, this is never certain


def write(arguments: list[str], target: Path) -> Path:
    """`packetpath report ... -o target`."""
    done = CliRunner().invoke(command, [*arguments, "-o", str(target)])
    assert done.exit_code == 0, done.output
    return target


@cache
def flows(name: str) -> list[dict[str, Any]]:
    """A sample's flows, as `packetpath flows --format json` tells them."""
    done = CliRunner().invoke(flows_command, [str(SAMPLES / name / "snapshot.tar.gz"), "--format", "json"])
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def sample(name: str, folder: Path) -> Path:
    """The report of a sample."""
    return write([str(SAMPLES / name / "snapshot.tar.gz")], folder / f"{name}.html")


def unpacked(folder: Path) -> Path:
    """The default-bridge sample as a folder."""
    with tarfile.open(SAMPLES / "default-bridge" / "snapshot.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return next(folder.rglob("manifest.json")).parent


def many_rules(folder: Path, rules: int = 20_000) -> Path:
    """The report of a host with so many rules in one chain, and no capture."""
    top = unpacked(folder / "many")
    file = next(top.rglob("netns/host/iptables-nft-save.txt"))
    more = "\n".join(f"-A DOCKER-USER -s 198.18.{number // 250}.{number % 250}/32 -p tcp -m tcp --dport {number + 1} -j DROP" for number in range(rules))
    file.write_text(file.read_text().replace("-A DOCKER-USER -j RETURN", more + "\n-A DOCKER-USER -j RETURN"))
    for capture in top.rglob("*.pcap"):
        capture.unlink()
    return write([str(top)], folder / "many-rules.html")


def hostile(folder: Path) -> Path:
    """The default-bridge sample with markup and script for names (a container, its image, the bridge, the host, a comment) and a rule of chance."""
    top = unpacked(folder / "raw")
    for file in (path for path in top.rglob("*") if path.is_file() and path.suffix in (".txt", ".json")):
        text = file.read_text(encoding="utf-8", errors="surrogateescape").replace("docker0", BRIDGE)
        if file.suffix == ".json":
            text = text.replace('"/web"', f'"/{CONTAINER}"').replace('"web"', f'"{CONTAINER}"').replace("lab/tiny:1", IMAGE)
            text = text.replace('"netns": "' + CONTAINER, '"netns": "web').replace('{"name": "' + CONTAINER + '", "inode"', '{"name": "web", "inode"')
            text = text.replace("dockerhost", HOSTNAME)
        if "iptables" in file.name:
            text = text.replace("-A DOCKER-USER -j RETURN", f"{CHANCE}\n-A DOCKER-USER -j RETURN")
            text = text.replace("--dport 8080 -j", f'--dport 8080 -m comment --comment "{COMMENT}" -j')
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
    return write([str(top)], folder / "hostile.html")


def large(folder: Path, flows: int = 10_000) -> Path:
    """The report of a generated capture of so many flows, four packets each."""
    capture = folder / "large.pcap"
    snapshot = SAMPLES / "default-bridge" / "snapshot.tar.gz"
    subprocess.run([sys.executable, str(ROOT / "tests" / "bench" / "make_capture.py"), str(snapshot), str(capture), "--frames", str(flows * 12),
                    "--connections", str(flows)], check=True, capture_output=True)
    return write([str(snapshot), "--pcap", str(capture)], folder / "large.html")
