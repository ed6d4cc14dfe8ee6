"""Opening snapshots: whatever the input, one clear line or a finding, and nothing outside the archive is read or written."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from snapshot.archive import open_snapshot
from snapshot.build import build
from snapshot.bundle.bundle import BundleKind
from snapshot.finding import Kind
from snapshot.raw import SnapshotError


def tarball(path: Path, members: dict[str, bytes], mode: str = "w:gz", special: list[tarfile.TarInfo] | None = None) -> Path:
    """Write a tarball with these members."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in special or []:
            archive.addfile(info)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_every_compression_is_told_by_content(tmp_path: Path, mode: str) -> None:
    """The name's ending does not matter; the one top folder is taken off."""
    raw = open_snapshot(tarball(tmp_path / "x.bin", {"top/netns/host/ip-addr.txt": b"hello", "top/manifest.json": b"{}"}, mode))
    assert list(raw.files) == ["manifest.json", "netns/host/ip-addr.txt"]
    assert raw.files["netns/host/ip-addr.txt"].text == "hello"


@pytest.mark.parametrize("name", ["../evil", "top/../../evil", "/etc/passwd", "C:/evil"])
def test_names_that_lead_outside_are_left_out(tmp_path: Path, name: str) -> None:
    """`../`, absolute names and drive letters become findings; the rest is used."""
    raw = open_snapshot(tarball(tmp_path / "t.tar.gz", {name: b"x", "netns/host/a.txt": b"y"}))
    assert [file.data for file in raw.files.values()] == [b"y"]
    assert "leads outside" in raw.findings[0].why


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_left_out(tmp_path: Path, kind: bytes) -> None:
    """A link is never followed."""
    info = tarfile.TarInfo("netns/host/link")
    info.type, info.linkname = kind, "/etc/passwd"
    raw = open_snapshot(tarball(tmp_path / "t.tar.gz", {"netns/host/a.txt": b"y"}, special=[info]))
    assert list(raw.files) == ["netns/host/a.txt"]
    assert "not a file" in raw.findings[0].why


def test_a_truncated_tarball_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    """What could be read is used, and a finding says where the damage begins."""
    import random
    noise = random.Random(1).randbytes(200_000)
    whole = tarball(tmp_path / "t.tar.gz", {"netns/host/ip-addr.txt": b"first", "netns/host/noise.txt": noise})
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[:100_000])
    raw = open_snapshot(cut)
    assert raw.files["netns/host/ip-addr.txt"].data == b"first" if "netns/host/ip-addr.txt" in raw.files else raw.files
    assert any(finding.kind is Kind.TRUNCATED for finding in raw.findings)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    """Kilobytes that unpack to hundreds of megabytes are refused, in one line."""
    path = tarball(tmp_path / "bomb.tar.gz", {f"netns/host/{n}.txt": b"\0" * (40 << 20) for n in range(3)})
    with pytest.raises(SnapshotError, match="bomb"):
        open_snapshot(path)


@pytest.mark.parametrize(("data", "says"), [(b"", "empty"), (b"\x1f\x8b\x08garbage", "tarball"),
                                            (b"\x28\xb5\x2f\xfd\0\0\0\0", "tarball"), (b"\xd4\xc3\xb2\xa1" + b"\0" * 20, "--pcap")])
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, data: bytes, says: str) -> None:
    """The message names the file and what to do; it has no line end in it."""
    path = tmp_path / "wrong"
    path.write_bytes(data)
    with pytest.raises(SnapshotError, match=says) as caught:
        open_snapshot(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_does_not_follow_links(tmp_path: Path) -> None:
    """A symlink in a directory is left out, and told."""
    (tmp_path / "netns" / "host").mkdir(parents=True)
    (tmp_path / "netns" / "host" / "ip-addr.txt").write_text("x")
    (tmp_path / "netns" / "host" / "secret.txt").symlink_to("/etc/passwd")
    raw = open_snapshot(tmp_path)
    assert list(raw.files) == ["netns/host/ip-addr.txt"]
    assert raw.findings[0].file == "netns/host/secret.txt"


def test_a_lone_iptables_save_is_a_snapshot(tmp_path: Path) -> None:
    """One file of rules is enough to open."""
    path = tmp_path / "rules.v4"
    path.write_text("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    built = build(open_snapshot(path))
    assert built.kind is BundleKind.LONE
    assert [table.name for table in built.host.namespaces["host"].tables4 or ()] == ["filter"]


FILES = {"top/netns/host/ip-addr.txt": b"hello", "top/manifest.json": b"{}"}


def test_zstd_and_zip_are_archives_too(tmp_path: Path) -> None:
    """What newer hosts and Windows pack."""
    plain = tarball(tmp_path / "x.tar", FILES, "w")
    (tmp_path / "x.tar.zst").write_bytes(zstandard.compress(plain.read_bytes()))
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    for name in ("x.tar.zst", "x.zip"):
        assert list(open_snapshot(tmp_path / name).files) == ["manifest.json", "netns/host/ip-addr.txt"]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, zstandard.compress])
def test_a_packed_text_is_a_text(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """`iptables-save.txt.gz` is a snapshot of one file."""
    path = tmp_path / "iptables-save.txt.gz"
    path.write_bytes(pack(b"*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"))
    raw = open_snapshot(path)
    assert list(raw.files) == ["iptables-save.txt"]
    assert build(raw).host.namespaces["host"].tables4


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A link for a tarball."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_a_link_to_a_file_inside_is_that_file(tmp_path: Path) -> None:
    """sosreport's `ip_addr` at the top points to sos_commands; a chain of links is followed, a hard link too."""
    special = [link("r/ip_addr", "sos_commands/networking/ip_-o_addr"), link("r/a/b", "../ip_addr"), link("r/hard", "r/sos_commands/networking/ip_-o_addr", tarfile.LNKTYPE)]
    raw = open_snapshot(tarball(tmp_path / "t.tar.xz", {"r/sos_commands/networking/ip_-o_addr": b"x"}, "w:xz", special))
    assert {path: file.data for path, file in raw.files.items()} == dict.fromkeys(("a/b", "hard", "ip_addr", "sos_commands/networking/ip_-o_addr"), b"x")
    assert not raw.findings


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../../../../../etc/passwd", "loop", "gone"])
def test_a_link_that_leads_nowhere_inside_is_left_out(tmp_path: Path, target: str) -> None:
    """Absolute, outside, in a circle, or to a file that is not there: found, never followed."""
    raw = open_snapshot(tarball(tmp_path / "t.tar.gz", {"r/x": b"y"}, special=[link("r/loop", target), link("r/sub/loop", target)]))
    assert list(raw.files) == ["x"]
    assert "nowhere inside" in raw.findings[0].why


def test_a_directory_s_link_to_a_file_inside_is_that_file(tmp_path: Path) -> None:
    """An unpacked sosreport."""
    (tmp_path / "sos_commands").mkdir()
    (tmp_path / "sos_commands" / "x").write_text("y")
    (tmp_path / "ip_addr").symlink_to("sos_commands/x")
    assert open_snapshot(tmp_path).files["ip_addr"].data == b"y"


def test_what_a_whole_host_s_report_holds_besides_is_not_read(tmp_path: Path) -> None:
    """Logs and packages never come into memory."""
    raw = open_snapshot(tarball(tmp_path / "t.tar.gz", {"r/var/log/messages": b"x" * 1000, "r/sos_commands/networking/ip_-o_addr": b"y", "r/usr/lib/x": b"z"}))
    assert list(raw.files) == ["sos_commands/networking/ip_-o_addr"]


def test_zip_bombs_and_locked_zips_are_refused_in_one_line(tmp_path: Path) -> None:
    """As with tarballs."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"netns/host/{number}.txt", b"\0" * (40 << 20))
    with pytest.raises(SnapshotError, match="bomb"):
        open_snapshot(tmp_path / "bomb.zip")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(SnapshotError, match="zip file"):
        open_snapshot(tmp_path / "cut.zip")
