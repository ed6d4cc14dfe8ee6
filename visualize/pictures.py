"""Writing the pictures of flows and of the topology into a folder."""

from collections.abc import Sequence
from pathlib import Path as FilePath

from snapshot.host import Host
from snapshot.raw import SnapshotError
from visualize.draw.flow_scene import path_scene
from visualize.draw.palette import Theme
from visualize.draw.picture import picture, pictures
from visualize.draw.render import RenderError
from visualize.draw.topology import topology_scene
from visualize.flow import Flow


def write_pictures(host: Host, flows: list[Flow], folder: str, formats: Sequence[str], detail: str, theme: Theme | None = None) -> int:
    """Draw each flow (`flow-001.svg`) and `topology.svg`; returns how many files were written."""
    target = FilePath(folder)
    target.mkdir(parents=True, exist_ok=True)
    scenes = {"topology": topology_scene(host)} | {f"flow-{flow.number:03d}": path_scene(host, flow, detail) for flow in flows}
    for form in formats:
        try:
            drawn = pictures(scenes, lambda scene, form=form: picture(scene, form, theme))  # type: ignore[misc]
        except RenderError as error:
            raise SnapshotError(str(error)) from error
        for name, data in drawn.items():
            (target / f"{name}.{form}").write_bytes(data)
    return len(scenes) * len(formats)
