"""Writing the pictures of flows and of the topology into a folder."""

from collections.abc import Sequence
from pathlib import Path as FilePath

from snapshot.host import Host
from snapshot.raw import SnapshotError
from visualize.draw.dot import to_dot
from visualize.draw.render import RenderError, render_all
from visualize.draw.scene import path_scene, topology_scene
from visualize.flow import Flow


def write_pictures(host: Host, flows: list[Flow], folder: str, formats: Sequence[str], detail: str) -> int:
    """Draw each flow (`flow-001.svg`) and `topology.svg`; returns how many files were written."""
    target = FilePath(folder)
    target.mkdir(parents=True, exist_ok=True)
    dots = {"topology": to_dot(topology_scene(host))}
    for flow in flows:
        dots[f"flow-{flow.number:03d}"] = to_dot(path_scene(host, flow, detail=detail))
    written = 0
    for form in formats:
        try:
            pictures = render_all(dots, form)
        except RenderError as error:
            raise SnapshotError(str(error)) from error
        for name, data in pictures.items():
            (target / f"{name}.{form}").write_bytes(data)
            written += 1
    return written
