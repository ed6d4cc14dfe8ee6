"""Runs Graphviz. `graphviz-pure` (a PyPI wheel) draws SVG and PNG the same everywhere; the system's `dot` stands in where it is missing, run by
the `graphviz` package.

PDF is made from the SVG by `vl-convert-python` (the extra `packetpath[pdf]`, pip alone), or by the system's `dot`.
"""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

_TIMEOUT = 120


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
        done = subprocess.run([command, f"-T{kind}", *(["-Gdpi=110"] if kind == "png" else [])], input=text.encode(),
                              capture_output=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise RenderError(f"Graphviz took longer than {_TIMEOUT} s for one picture") from None
    except OSError as error:
        raise RenderError(f"Graphviz can't be run: {error}") from None
    if done.returncode or not done.stdout:
        raise RenderError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    return done.stdout


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
        return bytes(vl_convert.svg_to_pdf(draw().decode()))
    except ValueError as error:
        raise RenderError(f"the PDF can't be made: {error}") from None
