"""Every match and target against the kernel: sheets of rules and packets (see sheet.py). Recorded ones need no root."""

import os
import random
import shutil
import struct
from pathlib import Path

import pytest

from . import sheet, sheet_lab

RECORDED = Path(__file__).parent / "recorded-sheets"
VECTORS = sorted(path.parent for path in RECORDED.glob("*/shots.ndjson.gz"))


@pytest.mark.parametrize("folder", VECTORS, ids=lambda folder: str(folder.name))
def test_the_replay_agrees_with_the_recorded_kernel(folder: Path) -> None:
    """Each packet matches exactly the rules that the kernel matched, in their order, and leaves as it left, or a doubt names the rule."""
    found = sheet_lab.compare(folder)
    assert found.packets > 0
    assert not found.wrong, "\n" + "\n".join(sheet_lab.summary(found.first()))


@pytest.mark.parametrize(("folder", "length"), [(folder, 68 if folder.name.endswith("legacy") else 94) for folder in VECTORS],
                         ids=lambda value: getattr(value, "name", str(value)))
def test_a_cut_capture_is_never_certain_and_wrong(folder: Path, length: int, tmp_path: Path) -> None:
    """With only the first bytes of each frame (`tcpdump -s`), what can't be told is a doubt. (What left is compared by whole packets only.)"""
    shutil.copytree(folder, tmp_path / "cut")
    capture = tmp_path / "cut" / "any.pcap"
    if capture.exists():
        capture.write_bytes(_cut(capture.read_bytes(), length))
    wrong = [one for one in sheet_lab.compare(tmp_path / "cut").wrong if one.path_certain and one.what != "what left"]
    assert not wrong, "\n" + "\n".join(sheet_lab.summary(wrong))


def _cut(data: bytes, length: int) -> bytes:
    """A capture file with at most so many bytes of each frame."""
    out, at = [data[:24]], 24
    while at < len(data):
        seconds, nanoseconds, held, whole = struct.unpack("<IIII", data[at:at + 16])
        frame = data[at + 16:at + 16 + held][:length]
        out += [struct.pack("<IIII", seconds, nanoseconds, len(frame), whole), frame]
        at += 16 + held
    return b"".join(out)


def test_every_sheet_is_recorded() -> None:
    """Plain `make test` holds every sheet, for each of its back-ends (python -m tests.kernel.sheet_lab -o tests/kernel/recorded-sheets)."""
    wanted = {f"{name}-{backend}" for name in sheet.names() for backend in sheet.read(name).backends}
    assert wanted <= {folder.name for folder in VECTORS}


def test_a_place_is_filled_from_its_choices() -> None:
    """`{a|b}`, `{!}`, `{0..9}` and `{0..9:}`, by a seed that can be given again."""
    dice = random.Random(1)
    seen = {sheet.fill("{!}--dport {5..7:} {x|y} {0..0}", dice) for _ in range(200)}
    assert {text.split()[-2] for text in seen} == {"x", "y"}
    assert {text.startswith("! ") for text in seen} == {True, False}
    assert {part for text in seen for part in text.split() if ":" in part} <= {"5:5", "5:6", "5:7", "6:7", "6:6", "7:7", "5:", "6:", "7:", ":5", ":6", ":7"}


@pytest.mark.kernel
@pytest.mark.parametrize("name", sheet.names())
def test_a_sheet_agrees_with_this_kernel(name: str, tmp_path: Path) -> None:
    """The same on this machine's kernel, with places filled by a fresh seed, which is printed."""
    seed = int(os.environ.get("PACKETPATH_SEED", "0")) or random.randrange(1, 10**6)
    for backend in sheet.read(name, seed).backends:
        sheet_lab.run(sheet.read(name, seed), backend, tmp_path / backend)
        found = sheet_lab.compare(tmp_path / backend)
        assert not found.wrong, f"python -m tests.kernel.sheet_lab {name} --seed {seed} --backend {backend}\n" + "\n".join(
            sheet_lab.summary(found.first()))
