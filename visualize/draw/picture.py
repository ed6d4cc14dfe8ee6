"""From a scene to a file's bytes, in every format that there is. Many pictures are drawn side by side, and each only once."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

from visualize.draw.dot import to_dot
from visualize.draw.palette import Theme
from visualize.draw.render import render, render_all, svg_to_pdf
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
        case "dot":
            return _dot(scene, style).encode()
        case _:
            return _batch([scene], form, style)[0]


def _dot(scene: Scene, style: Style) -> str:
    return to_dot(scene, style.theme or Theme.LIGHT, link=style.link)


def _batch(scenes: Sequence[Scene], form: str, style: Style) -> list[bytes]:
    """Some pictures as svg, png or pdf, by one process of Graphviz."""
    texts = [_dot(scene, style) for scene in scenes]
    if form == "pdf":
        return [_pdf(scene, text) for scene, text in zip(scenes, texts, strict=True)]
    drawn = render_all(texts, form)
    if form == "png":
        return drawn
    return [finish(data, scene.title, scene.caption, follow_reader=style.theme is None) for scene, data in zip(scenes, drawn, strict=True)]


def _pdf(scene: Scene, text: str) -> bytes:
    return svg_to_pdf(lambda: finish(render(text, "svg"), scene.title, scene.caption), text)


_BATCH = 16  # pictures that one process of Graphviz draws: its start takes as long as a small one


def pictures(scenes: Mapping[str, Scene], form: str, style: Style | None = None) -> Iterator[tuple[str, bytes]]:
    """Draw many, in their order; a scene that occurs twice is drawn once. Raises RenderError as `picture` does."""
    times = Counter(scenes.values())
    drawn = _side_by_side(list(times), form, style or Style())
    again: dict[Scene, bytes] = {}
    for name, scene in scenes.items():
        data = again[scene] if scene in again else next(drawn)
        if times[scene] > 1:
            again[scene] = data
        yield name, data


def _side_by_side(scenes: Sequence[Scene], form: str, style: Style) -> Iterator[bytes]:
    """Pictures in order. Graphviz runs on all cores, a few batches ahead; what needs no Graphviz is drawn here."""
    if form not in ("svg", "png", "pdf"):
        yield from (picture(scene, form, style) for scene in scenes)
        return
    cores = cpu_count() or 2
    size = max(1, min(_BATCH, len(scenes) // (2 * cores)))
    waiting: deque[Future[list[bytes]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for first in range(0, len(scenes), size):
            waiting.append(pool.submit(_batch, scenes[first:first + size], form, style))
            if len(waiting) > 2 * cores:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
