"""From a scene to a file's bytes: DOT, then Graphviz, then the finishing touches. Many pictures are drawn side by side."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

from visualize.draw.dot import to_dot
from visualize.draw.palette import Theme
from visualize.draw.render import render
from visualize.draw.scene import Scene
from visualize.draw.svg import finish


def picture(scene: Scene, form: str, theme: Theme | None = None, link: str = "") -> bytes:
    """The scene as svg, png, pdf or dot. Without a theme an SVG follows its reader's preference, and all else is light.

    Raises RenderError.
    """
    text = to_dot(scene, theme or Theme.LIGHT, link=link)
    if form == "dot":
        return text.encode()
    drawn = render(text, form)
    return finish(drawn, scene.title, scene.caption, follow_reader=theme is None) if form == "svg" else drawn


def pictures(scenes: Mapping[str, Scene], draw: Callable[[Scene], bytes]) -> dict[str, bytes]:
    """Draw many, side by side; a scene that occurs twice is drawn once. Names keep their order."""
    distinct = list(dict.fromkeys(scenes.values()))
    with ThreadPoolExecutor(max_workers=cpu_count() or 2) as pool:
        drawn = dict(zip(distinct, pool.map(draw, distinct), strict=True))
    return {name: drawn[scene] for name, scene in scenes.items()}
