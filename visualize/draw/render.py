"""Runs Graphviz. `graphviz-pure` (a PyPI wheel) draws SVG and PNG the same everywhere; the system's `dot` stands in where it is missing, run by
the `graphviz` package.

PDF is made from the SVG by `vl-convert-python` (the extra `packetpath[pdf]`, pip alone), or by the system's `dot`.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from visualize.draw.pdf import ordered

_TIMEOUT = 120
_ANCHOR = re.compile(rb'(<g id="a_[^"]*_)(\d+)("><a xlink:href=)')  # a link in a table: Graphviz counts them, on from picture to picture


class RenderError(Exception):
    """The picture can't be drawn; the message says what to install or what Graphviz said."""


def _pure() -> str | None:
    name = "graphviz-pure.exe" if sys.platform == "win32" else "graphviz-pure"
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        if folder and (Path(folder) / name).exists():
            return str(Path(folder) / name)
    return shutil.which("graphviz-pure")


def program() -> str:
    """The program that lays out and draws. Raises RenderError where there is none."""
    found = _pure() or shutil.which("dot")
    if found is None:
        raise RenderError("no Graphviz was found: pip install graphviz-pure (or install the system package graphviz)")
    return found


def render(text: str, kind: str, command: str | None = None) -> bytes:
    """Draw DOT text as svg, png or json0 (a layout), with this program or the best one. Raises RenderError."""
    command = command or program()
    if command == shutil.which("dot"):
        return _by_system(text, kind)
    try:
        done = subprocess.run([command, *_options(kind)], input=text.encode(), capture_output=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise RenderError(f"Graphviz took longer than {_TIMEOUT} s for one picture") from None
    except OSError as error:
        raise RenderError(f"Graphviz can't be run: {error}") from None
    if done.returncode or not done.stdout:
        raise RenderError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    return done.stdout


def render_all(texts: Sequence[str], kind: str) -> list[bytes]:
    """Draw many as svg or png, with one start of the program, where that goes well; else one by one, which tells what is wrong with which.

    Raises RenderError.
    """
    command = program()
    drawn = _together(command, texts, kind) if len(texts) > 1 and command != shutil.which("dot") else []
    return drawn or [render(text, kind, command) for text in texts]


def _together(command: str, texts: Sequence[str], kind: str) -> list[bytes]:
    """All pictures by one process, each the same as by a process of its own; none where it failed."""
    with TemporaryDirectory(prefix="packetpath-") as folder:
        names = [f"{number}.dot" for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            (Path(folder) / name).write_bytes(text.encode())
        try:
            done = subprocess.run([command, *_options(kind), "-O", *names], cwd=folder, capture_output=True, timeout=_TIMEOUT, check=False)
            drawn = [(Path(folder) / f"{name}.{kind}").read_bytes() for name in names]
        except (subprocess.TimeoutExpired, OSError):
            return []
    if done.returncode or not all(drawn):
        return []
    return list(map(_counted_anew, drawn)) if kind == "svg" else drawn


def _counted_anew(picture: bytes) -> bytes:
    """A picture whose links are counted from 0."""
    first = _ANCHOR.search(picture)
    if first is None or first[2] == b"0":
        return picture
    start = int(first[2])
    return _ANCHOR.sub(lambda found: b"%b%d%b" % (found[1], int(found[2]) - start, found[3]), picture)


def _options(kind: str) -> list[str]:
    return [f"-T{kind}", *(["-Gdpi=110"] if kind == "png" else [])]


def _by_system(text: str, kind: str) -> bytes:
    """Draw with the system's own Graphviz, by the `graphviz` package."""
    import graphviz
    text = text.replace("{", "{ graph [dpi=110]", 1) if kind == "png" else text
    try:
        return bytes(graphviz.pipe("dot", kind, text.encode(), quiet=True))
    except graphviz.CalledProcessError as error:
        raise RenderError(f"Graphviz failed: {(error.stderr or b'').decode(errors='replace').strip()[:300]}") from None
    except graphviz.ExecutableNotFound as error:
        raise RenderError(f"Graphviz can't be run: {error}") from None


def svg_to_pdf(draw: Callable[[], bytes], text: str) -> bytes:
    """A PDF of the finished SVG that `draw` makes, or of the DOT `text`. Raises RenderError."""
    try:
        import vl_convert
    except ImportError:
        system = shutil.which("dot")
        if system is None:
            raise RenderError("PDF needs one thing more: pip install 'packetpath[pdf]' (or install the system package graphviz)") from None
        return render(text, "pdf", system)
    try:
        return ordered(bytes(vl_convert.svg_to_pdf(draw().decode())))
    except ValueError as error:
        raise RenderError(f"the PDF can't be made: {error}") from None
