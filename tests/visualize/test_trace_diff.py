"""Traces in the kernel's words, and beside recorded ones: a Docker host's nft trace, the kernel's log, xtables-monitor."""

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from visualize.cli import main
from visualize.trace_diff import read

SAMPLES = Path(__file__).parents[2] / "samples"
LOG = ("[ 1.2] TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 MAC=aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:08:00 SRC=10.1.0.2 DST=10.2.0.2 LEN=60 TOS=0x00 "
       "PREC=0x00 TTL=63 ID=7 DF PROTO=TCP SPT=1 DPT=2 SEQ=9 ACK=0 WINDOW=1 RES=0x00 SYN URGP=0\n"
       "Nov 24 host kernel: TRACE: nat:POSTROUTING:policy:1 IN= OUT=eth1 SRC=10.1.0.2 DST=10.2.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP "
       "SPT=1 DPT=2 SEQ=9 ACK=0 WINDOW=1 RES=0x00 SYN URGP=0\nsomething else\n")
XTABLES = ("PACKET: 2 0a3b4c5d IN=eth0 MACSRC=2:0:0:0:0:1 MACDST=2:0:0:0:0:2 MACPROTO=0800 SRC=10.1.0.2 DST=10.2.0.2 LEN=28 TOS=0x0 TTL=64 ID=A PROTO=ICMP\n"
           " TRACE: 2 0a3b4c5d filter:FORWARD:rule:0x3:CONTINUE  -4 -t filter -A FORWARD -p icmp\n"
           " TRACE: 2 0a3b4c5d filter:FORWARD:policy:ACCEPT \n")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("name", [path.parent.name for path in sorted(SAMPLES.glob("*/kernel-trace.txt.gz"))])
def test_a_real_docker_hosts_trace_is_what_the_replay_says(name: str, tmp_path: Path) -> None:
    """nft monitor trace of every packet: no difference in tables and chains, in their order."""
    (tmp_path / "trace.txt").write_bytes(gzip.decompress((SAMPLES / name / "kernel-trace.txt.gz").read_bytes()))
    done = _run("replay", str(SAMPLES / name / "snapshot.tar.gz"), "--diff", str(tmp_path / "trace.txt"))
    assert done.exit_code == 0, done.output[-3000:]
    assert "packets compared, 0 differ" in done.output
    assert not done.output.startswith("0 packets")


def test_a_trace_printed_is_read_back_without_a_difference(tmp_path: Path) -> None:
    """`--format trace` is what `--diff` reads; a rule that is another one is shown, and the exit code is 1."""
    snapshot = str(SAMPLES / "default-bridge-legacy" / "snapshot.tar.gz")
    printed = _run("replay", snapshot, "--format", "trace").output
    (tmp_path / "same.txt").write_text(printed)
    assert "0 differ" in _run("replay", snapshot, "--diff", str(tmp_path / "same.txt")).output
    (tmp_path / "other.txt").write_text(printed.replace("filter:FORWARD:rule:2 ", "filter:FORWARD:rule:3 "))
    other = _run("replay", snapshot, "--diff", str(tmp_path / "other.txt"))
    assert other.exit_code == 1
    assert "-filter:FORWARD:3" in other.output
    assert "+filter:FORWARD:2" in other.output


def test_a_file_without_a_trace_is_told(tmp_path: Path) -> None:
    """One line that says what is read."""
    (tmp_path / "x.txt").write_text("hello\n")
    done = _run("replay", str(SAMPLES / "default-bridge-legacy" / "snapshot.tar.gz"), "--diff", str(tmp_path / "x.txt"))
    assert done.exit_code == 3
    assert "no trace in it" in done.output


def test_the_kernels_log_and_xtables_monitor_are_read() -> None:
    """A packet by its id and sequence numbers; a rule of xtables-monitor by its text."""
    (log,) = read(LOG, {})
    assert (log.key, log.events, log.ends) == (("4", "7", "6", "9", "0"), ["filter:FORWARD:3", "nat:POSTROUTING:1"], True)
    (monitored,) = read(XTABLES, {("filter", "FORWARD", "-A FORWARD -p icmp"): 4})
    assert (monitored.key, monitored.events, monitored.ends, monitored.numbered) == (("4", "10", "1"), ["filter:FORWARD:4"], False, True)
