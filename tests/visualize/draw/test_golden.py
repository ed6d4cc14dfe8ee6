"""The DOT of telling pictures of every sample, as it was looked at and found good: a change of it is a change that a person should see.

After a change that is meant: PACKETPATH_GOLDEN=write pytest tests/visualize/draw/test_golden.py, look at the pictures, commit the files.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualize.draw.compare import compare_scene
from visualize.draw.dot import to_dot
from visualize.draw.scene import Scene
from visualize.draw.topology import topology_scene

from .pictured import NAMES, flow, sample, scene

GOLDEN = Path(__file__).parent.parent.parent / "golden"
# sample -> source ports of its telling flows
FLOWS = {"default-bridge": (40001, 40005, 40006, 40008), "default-bridge-legacy": (40002,), "docker-user": (40002, 40004), "hairpin": (40002,),
         "hairpin-noproxy": (40001, 40004), "modes": (40005,), "publish": (40001,), "user-networks": (40002, 40005)}


def golden(name: str) -> Iterator[tuple[str, Scene]]:
    """A sample's telling pictures, by the names of their files."""
    host, _ = sample(name)
    yield "topology", topology_scene(host)
    for port in FLOWS.get(name, ()):
        yield f"flow-{port}", scene(name, port)
    if name == "default-bridge":
        yield "compare", compare_scene(host, flow(name, 40005), flow(name, 40006))
        yield "summary", scene(name, 40005, "summary")


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_as_they_were(name: str) -> None:
    """Byte by byte."""
    for what, picture_of in golden(name):
        path = GOLDEN / name / f"{what}.dot"
        text = to_dot(picture_of)
        if os.environ.get("PACKETPATH_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{path} differs: see the top of {Path(__file__).name}"
