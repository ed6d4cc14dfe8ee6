"""The captures that the repository holds: those in the samples, and those of what a real kernel did with random worlds."""

from pathlib import Path

import pytest

from visualize.load import Loaded, load, sources
from visualize.replay import Source

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(ROOT.glob("samples/*/snapshot.tar.gz"))
WORLDS = sorted(path for path in ROOT.glob("tests/kernel/recorded/*/*.pcap") if path.name != "local.pcap")

every_capture = pytest.mark.parametrize("path", [*SAMPLES, *WORLDS], ids=lambda path: path.parent.name)


def captures(path: Path) -> tuple[Loaded, list[Source]]:
    """A host, and the captures in a sample or the one of a world."""
    if path in SAMPLES:
        loaded = load(str(path))
        return loaded, sources(loaded, ())[0]
    loaded = load(str(path.with_name("snapshot.tar.gz")))
    return loaded, sources(loaded, (str(path),))[0]
