"""Opening snapshots: whatever the input, one clear line or a finding, and nothing outside the archive is read or written."""

import io
import tarfile
from pathlib import Path

import pytest

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
