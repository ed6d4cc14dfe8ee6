"""The outputs of real hosts in corpus/, as snapshots of one file each."""

import tarfile
from functools import cache
from pathlib import Path

from snapshot.raw import RawFile, RawSnapshot

ARCHIVE = Path(__file__).parent / "corpus" / "texts.tar.xz"


@cache
def corpus() -> dict[str, bytes]:
    """Every text by its name in the archive (`ip-route/chef-ohai/ohai.ip_route`)."""
    with tarfile.open(ARCHIVE) as archive:
        found = {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}  # type: ignore[union-attr]
    return {name: data for name, data in found.items() if name != "SOURCES.tsv"}


def alone(name: str, data: bytes) -> RawSnapshot:
    """A file as somebody sends it: by itself."""
    leaf = name.rpartition("/")[2]
    return RawSnapshot(leaf, {leaf: RawFile(leaf, data)})
