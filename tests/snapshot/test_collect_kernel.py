"""The collector in namespaces of a real kernel: nothing is different after it ran, and captures obey their limits."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.snapshot.collecting import SCRIPT, collect, entry, fakes, manifest_of
from visualize.packet.pcap import read_frames

pytestmark = pytest.mark.kernel
NAME = f"ppcol{os.getpid()}"


def inside(command: str, name: str = NAME) -> str:
    """What a command prints in the namespace."""
    return subprocess.run(["nsenter", f"--net=/run/netns/{name}", "sh", "-c", command], capture_output=True, text=True, check=True).stdout


def mounts_and_modules() -> list[str]:
    """What is mounted (but for other tests' namespaces) and which modules are loaded."""
    held = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if " nsfs " not in line]
    modules = Path("/proc/modules")
    return held + (modules.read_text().splitlines() if modules.exists() else [])


def traffic(count: int, size: int, pause: float) -> str:
    """A command that sends UDP datagrams over lo."""
    return (f"{sys.executable} -c 'import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"for n in range({count}): s.sendto(bytes({size}), (\"127.0.0.1\", 9)); time.sleep({pause})'")


@pytest.fixture
def netns() -> Iterator[list[str]]:
    """A namespace with a dummy-free link pair and lo; the words that lead into it."""
    subprocess.run(["ip", "netns", "add", NAME], check=True)
    try:
        inside("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 10.9.0.1/24 dev v0")
        yield ["nsenter", f"--net=/run/netns/{NAME}"]
    finally:
        subprocess.run(["ip", "netns", "del", NAME], check=True)


MARKS = {
    "legacy tables": "cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/net/arp_tables_names | sort",
    "nft": "nft -j list ruleset",
    "legacy rules and counters": "cat /proc/net/ip_tables_names | grep -q nat && iptables-legacy-save -t nat -c | grep -v ^#",
    "connections": "cat /proc/sys/net/netfilter/nf_conntrack_count; conntrack -L 2>/dev/null | wc -l",
    "sysctls": "sysctl -a 2>/dev/null | grep ^net | grep -v -e nf_conntrack_count -e fib_sync -e net.netfilter.nf_conntrack_buckets",
    "links": "ip -d link | sed 's/\\(HZ\\|tx_queue\\).*//'", "addresses": "ip addr", "routes": "ip route show table all",
    "qdiscs": "tc qdisc", "sets": "ipset save",
}


def test_nothing_is_different_afterwards(netns: list[str], tmp_path: Path) -> None:
    """Tables, rules, counters, connections, sysctls, links, mounts and modules are as they were; and a legacy table that was not there is
    not there now."""
    inside("iptables-legacy -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080; nft add table ip native")
    before = {name: inside(f"{command}; true") for name, command in MARKS.items()}
    whole = mounts_and_modules()
    _, files = collect(tmp_path / "s.tar.gz", prefix=netns)
    assert b"REDIRECT" in files["netns/host/iptables-legacy-save.txt"]
    assert {name: inside(f"{command}; true") for name, command in MARKS.items()} == before
    assert mounts_and_modules() == whole
    assert before["legacy tables"].split() == ["nat"]


def test_reading_an_absent_table_would_have_left_a_mark(netns: list[str]) -> None:
    """What the collector avoids is real: asking for a legacy table registers it (so the test above can fail)."""
    assert inside("cat /proc/net/ip_tables_names") == ""
    inside("iptables-legacy-save -t filter")
    assert inside("cat /proc/net/ip_tables_names") == "filter\n"


def test_no_connection_tracking_is_opened(netns: list[str], tmp_path: Path) -> None:
    """In a namespace without rules, packets are untracked before and after."""
    collect(tmp_path / "s.tar.gz", prefix=netns)
    inside(traffic(1, 10, 0))
    assert inside("cat /proc/sys/net/netfilter/nf_conntrack_count") == "0\n"


def test_every_namespace_is_visited_without_a_mount(netns: list[str], tmp_path: Path) -> None:
    """Other namespaces are entered by nsenter; where that is missing and mounts are not allowed, they are told as missing."""
    out = tmp_path / "s.tar.gz"
    subprocess.run(["sh", str(SCRIPT), "-o", str(out)], check=True, capture_output=True, timeout=300)
    manifest, files = manifest_of(out)
    assert b"10.9.0.1/24" in files[f"netns/{NAME}/ip-addr.txt"]
    environment = fakes(tmp_path / "bin", nsenter="exit 1", busybox="exit 1")
    subprocess.run(["sh", str(SCRIPT), "-o", str(out)], check=True, capture_output=True, timeout=300, env=environment)
    manifest, files = manifest_of(out)
    assert f"netns/{NAME}/ip-addr.txt" not in files
    assert entry(manifest, f"netns/{NAME}", "missing")["why"]


def capturing(out: Path, prefix: list[str], *options: str, sent: str = "") -> tuple[dict, dict]:  # type: ignore[type-arg]
    """Collect with a capture while packets flow over lo."""
    return watched(out, [*prefix, "sh", str(SCRIPT), "--netns", "this", "-o", str(out), *options], sent or traffic(8, 400, 0.1))


def watched(out: Path, command: list[str], sent: str, env: dict[str, str] | None = None) -> tuple[dict, dict]:  # type: ignore[type-arg]
    """Run the collector; once it captures, send."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "capturing" in line:
                inside(sent)
    assert process.returncode == 0
    return manifest_of(out)


def test_a_capture_holds_headers_only(netns: list[str], tmp_path: Path) -> None:
    """By default 128 bytes of each packet, which the manifest says; --payload for all; link type SLL2, so that interfaces are known."""
    manifest, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "3")
    frames = list(read_frames(files["captures/host-any.pcap"], "c").frames)
    assert {frame.linktype for frame in frames} == {276}
    assert max(len(frame.data) for frame in frames) == 128
    assert max(frame.original_length for frame in frames) > 400
    assert "cut" in manifest["captures"][0]["payload"]
    assert manifest["clock"]["capture_end"] - manifest["clock"]["capture_start"] >= 3
    assert {"netns/host/before-nstat.txt", "netns/host/after-nstat.txt", "netns/host/after-conntrack-4.txt"} <= set(files)
    _, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "3", "--payload")
    assert max(len(frame.data) for frame in read_frames(files["captures/host-any.pcap"], "c").frames) > 400


def test_a_capture_has_a_filter_and_limits(netns: list[str], tmp_path: Path) -> None:
    """Only what the filter lets through; after N packets it ends early; a filter that can't be is told in tcpdump's words."""
    manifest, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "30", "--pcap-filter", "udp", "--pcap-packets", "2")
    frames = list(read_frames(files["captures/host-any.pcap"], "c").frames)
    assert len(frames) == 2
    assert manifest["captures"][0]["ended"].startswith("tcpdump ended")
    assert manifest["ended"] - manifest["started"] < 25
    manifest, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "2", "--pcap-filter", "no such filter")
    assert "syntax error" in entry(manifest, "captures/host-any.pcap", "missing")["why"]


def test_a_capture_stops_at_its_size(netns: list[str], tmp_path: Path) -> None:
    """--pcap-size ends it, and the file is whole."""
    manifest, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "20", "--pcap-size", "1", "--payload",
                                sent=traffic(1500, 1400, 0.001))
    assert manifest["captures"][0]["ended"] == "at 1 MiB"
    assert not read_frames(files["captures/host-any.pcap"], "c").findings


def test_a_ring_keeps_the_newest(netns: list[str], tmp_path: Path) -> None:
    """--pcap-ring: some whole files, the last packet in one of them."""
    manifest, files = capturing(tmp_path / "s.tar.gz", netns, "--pcap", "8", "--pcap-size", "2", "--pcap-ring", "2", "--payload",
                                sent=traffic(2000, 1400, 0.001))
    names = [path for path in files if path.startswith("captures/")]
    assert len(names) == 2
    assert sum(len(files[name]) for name in names) < 2_200_000
    assert {item["file"] for item in manifest["captures"]} == set(names)


def test_without_sll2_each_interface_is_captured_apart(netns: list[str], tmp_path: Path) -> None:
    """An old libpcap: `any` could not tell interfaces apart, so there is a file for each one that is up."""
    real = shutil.which("tcpdump")
    environment = fakes(tmp_path / "bin", tcpdump=f'case "$*" in *-L*) echo LINUX_SLL; exit 0;; esac; exec {real} "$@"')
    out = tmp_path / "s.tar.gz"
    manifest, files = watched(out, [*netns, "sh", str(SCRIPT), "--netns", "this", "-o", str(out), "--pcap", "2"], traffic(1, 10, 0), environment)
    assert {item["interface"] for item in manifest["captures"]} == {"lo", "v0", "v1"}
    assert list(read_frames(files["captures/host-lo.pcap"], "c").frames)


def test_a_full_disk_leaves_nothing_behind(netns: list[str], tmp_path: Path) -> None:
    """The temporary folder or the target's file system is full: exit code 1, no tarball, no partial file."""
    for variable, folder in (("TMPDIR", "tmp"), ("OUT", "out")):
        small = tmp_path / folder
        small.mkdir()
        out = (small if variable == "OUT" else tmp_path) / "s.tar.gz"
        size = "40k" if variable == "TMPDIR" else "4k"
        script = f"mount -t tmpfs -o size={size} none {small} && TMPDIR={small if variable == 'TMPDIR' else tmp_path} sh {SCRIPT} --netns this -o {out}; " \
                 f"code=$?; ls -A {small}; exit $code"
        done = subprocess.run([*netns, "unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 1, done.stderr
        assert "nothing was left behind" in done.stderr
        assert done.stdout == ""
        assert not out.exists()
