"""A large capture inside a snapshot is not held in memory: it stands in a temporary file, or is read where it is; with the same flows."""

import io
import shutil
import tarfile
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import zstandard

from snapshot import archive
from snapshot.archive import open_snapshot
from snapshot.raw import SnapshotError, Stored
from visualize.flows import gather
from visualize.load import load, replay, sources

SAMPLE = Path(__file__).parents[2] / "samples/default-bridge/snapshot.tar.gz"


def flows(path: Path) -> list[object]:
    """The flows of a snapshot's own captures."""
    loaded = load(str(path))
    captures, findings = sources(loaded, ())
    assert not findings
    return [*gather(replay(loaded, captures, {}))]


def packed(folder: Path, to: Path, kind: str) -> Path:
    """A folder as an archive of some kind."""
    match kind:
        case "folder":
            return folder
        case "zip":
            return Path(shutil.make_archive(str(to), "zip", folder))
        case "zst":
            plain = io.BytesIO()
            with tarfile.open(fileobj=plain, mode="w") as tar:
                tar.add(folder, "top")
            to.write_bytes(zstandard.compress(plain.getvalue()))
        case _:
            with tarfile.open(to, kind) as tar:  # type: ignore[call-overload]
                tar.add(folder, "top")
    return to


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:xz", "zst", "zip", "folder"])
def test_a_large_capture_is_stored(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the archive: the same bytes and flows; other files stay in memory."""
    with tarfile.open(SAMPLE) as tar:
        tar.extractall(tmp_path / "in", filter="data")
    (top,) = (tmp_path / "in").iterdir()
    path = packed(top, tmp_path / "out", kind)
    held, expected = open_snapshot(path), flows(path)
    monkeypatch.setattr(archive, "IN_MEMORY", 1000)
    stored = open_snapshot(path)
    large = [name for name, file in stored.files.items() if isinstance(file.content, Stored)]
    assert large
    assert all(name.endswith(".pcap") for name in large)
    assert {name: file.data for name, file in stored.files.items()} == {name: file.data for name, file in held.files.items()}
    assert all(stored.files[name].head(7) == held.files[name].head(7) == held.files[name].data[:7] for name in large)
    assert flows(path) == expected


def test_memory_does_not_grow_with_it(tmp_path: Path) -> None:
    """32 MiB of capture are opened with a few."""
    path = tmp_path / "large.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("top/captures/any.pcap")
        info.size = 32 << 20
        tar.addfile(info, io.BytesIO(bytes(32 << 20)))
    tracemalloc.start()
    try:
        raw = open_snapshot(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert len(raw.files["captures/any.pcap"].data) == 32 << 20


def test_a_tarball_that_is_cut_off_in_a_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in memory: what stands before the capture is used, and the cut is told."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, size in (("ip-addr.txt", 10), ("any.pcap", 50_000)):
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(b"x" * size))
    (tmp_path / "cut.tar").write_bytes(whole.getvalue()[:30_000])
    found = []
    for limit in (1 << 20, 1000):
        monkeypatch.setattr(archive, "IN_MEMORY", limit)
        raw = open_snapshot(tmp_path / "cut.tar")
        found.append(([(name, file.data) for name, file in raw.files.items()], raw.findings))
    assert found[0] == found[1]
    assert [name for name, _ in found[0][0]] == ["ip-addr.txt"]
    assert "cut off behind ip-addr.txt" in found[0][1][0].why


def test_no_room_for_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, that says where and what to do; it is no damage of the tarball."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("any.pcap", b"x" * 5000)
    monkeypatch.setattr(archive, "IN_MEMORY", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(SnapshotError, match=r"not there: no temporary file can be written there \(No such file or directory\).*TMPDIR"):
        open_snapshot(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while the capture is unpacked."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("any.pcap")
        info.size = 5000
        tar.addfile(info, io.BytesIO(bytes(5000)))
    monkeypatch.setattr(archive, "IN_MEMORY", 1000)
    monkeypatch.setattr(archive, "TemporaryFile", lambda **_: open("/dev/full", "r+b", buffering=0))  # noqa: SIM115
    with pytest.raises(SnapshotError, match=r"\(No space left on device\)"):
        open_snapshot(path)
