"""From a scene to a file's bytes, in every format that there is. Many pictures are drawn side by side, and each only once."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

from visualize.draw.dot import to_dot
from visualize.draw.palette import Theme
from visualize.draw.render import render, svg_to_pdf
from visualize.draw.scene import Scene
from visualize.draw.svg import finish

# format -> what a file's name ends in
SUFFIXES = {"svg": "svg", "png": "png", "pdf": "pdf", "dot": "dot", "mermaid": "mmd", "text": "txt", "markdown": "md", "drawio": "drawio"}


@dataclass(frozen=True, slots=True)
class Style:
    """How pictures are drawn. Without a theme an SVG follows its reader's preference, and all else is light.

    `link` stands before `#rule=FILE:LINE` where a picture quotes a rule: the address of a report, or nothing.
    """

    theme: Theme | None = None
    link: str = ""


def picture(scene: Scene, form: str, style: Style | None = None) -> bytes:
    """The scene as bytes of one format of `SUFFIXES`. Raises RenderError where a program or library is missing."""
    style = style or Style()
    match form:
        case "mermaid":
            from visualize.draw.mermaid import to_mermaid
            return to_mermaid(scene).encode()
        case "text":
            from visualize.draw.plain import to_text
            return to_text(scene).encode()
        case "markdown":
            from visualize.draw.plain import to_markdown
            return to_markdown(scene).encode()
        case "drawio":
            from visualize.draw.drawio import to_drawio
            return to_drawio(scene)
        case _:
            return _graphviz(scene, form, style)


def _graphviz(scene: Scene, form: str, style: Style) -> bytes:
    text = to_dot(scene, style.theme or Theme.LIGHT, link=style.link)
    if form == "dot":
        return text.encode()
    if form == "png":
        return render(text, form)
    if form == "pdf":
        return svg_to_pdf(lambda: finish(render(text, "svg"), scene.title, scene.caption), text)
    return finish(render(text, form), scene.title, scene.caption, follow_reader=style.theme is None)


def pictures(scenes: Mapping[str, Scene], draw: Callable[[Scene], bytes]) -> Iterator[tuple[str, bytes]]:
    """Draw many, side by side, in their order; a scene that occurs twice is drawn once."""
    with ThreadPoolExecutor(max_workers=cpu_count() or 2) as pool:
        drawn = {scene: pool.submit(draw, scene) for scene in dict.fromkeys(scenes.values())}
        for name, scene in scenes.items():
            yield name, drawn[scene].result()
