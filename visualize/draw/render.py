"""Runs Graphviz. `graphviz-pure` (a PyPI wheel) draws SVG and PNG the same everywhere; PDF needs a system `dot`."""

import shutil
import subprocess
import sys
import sysconfig
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


def program(kind: str) -> str:
    """The program that draws this format. Raises RenderError where there is none."""
    system = shutil.which("dot")
    pure = _pure()
    if kind == "pdf":
        if system is None:
            raise RenderError("PDF needs Graphviz' own `dot`: install the system package graphviz, or choose --format svg")
        return system
    found = pure or system
    if found is None:
        raise RenderError("no Graphviz was found: pip install graphviz-pure (or install the system package graphviz)")
    return found


def render(text: str, kind: str) -> bytes:
    """Draw DOT text as svg, png or pdf; `dot` gives the text back. Raises RenderError."""
    if kind == "dot":
        return text.encode()
    if program(kind) == shutil.which("dot"):
        return _by_system(text, kind)
    try:
        done = subprocess.run([program(kind), f"-T{kind}", *(["-Gdpi=110"] if kind == "png" else [])], input=text.encode(),
                              capture_output=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise RenderError(f"Graphviz took longer than {_TIMEOUT} s for one picture") from None
    except OSError as error:
        raise RenderError(f"Graphviz can't be run: {error}") from None
    if done.returncode or not done.stdout:
        raise RenderError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    return done.stdout


def _by_system(text: str, kind: str) -> bytes:
    """Draw with the system's own Graphviz."""
    import graphviz
    try:
        return bytes(graphviz.pipe("dot", kind, text.encode(), quiet=True))
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError) as error:
        raise RenderError(f"Graphviz failed: {error}") from None
