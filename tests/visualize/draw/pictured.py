"""What the tests of pictures share: a sample's host and flows, scenes by a flow's port, everything that a scene says."""

from functools import cache
from pathlib import Path

from snapshot.host import Host
from visualize.draw.flow_scene import path_scene
from visualize.draw.scene import Scene
from visualize.flow import Flow
from visualize.flows import gather
from visualize.load import load, replay, sources

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/expected.json"))


@cache
def sample(name: str) -> tuple[Host, tuple[Flow, ...]]:
    """A sample's host and flows."""
    loaded = load(str(SAMPLES / name / "snapshot.tar.gz"))
    return loaded.built.host, tuple(gather(replay(loaded, sources(loaded, ())[0], {})))


def flow(name: str, port: int) -> Flow:
    """The flow that begins with this source port."""
    return next(f for f in sample(name)[1] if f.first.start.sport == port)


def scene(name: str, port: int, detail: str = "rules") -> Scene:
    """The picture of the flow that begins with this source port."""
    return path_scene(sample(name)[0], flow(name, port), detail)


def words(picture_of: Scene) -> str:
    """Everything that a picture says, a line for each row."""
    lines = [picture_of.title, picture_of.caption, *(c.title for c in picture_of.clusters)]
    for node in picture_of.all_nodes():
        lines += [f"{node.title} {node.gloss}", *(f"{row.label} {row.old} {row.text}".strip() for row in node.rows)]
    return "\n".join(lines)
