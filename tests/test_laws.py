"""Who may import whom: read from the sources, so that the layout stays what docs/architecture.md says."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# package -> what it may never import
_SHOWN = ("visualize.draw", "visualize.terminal", "visualize.commands", "visualize.cli")
_REPLAY = ("visualize.replay", "visualize.columns", "visualize.redact", "visualize.load", "visualize.flows", "visualize.rows")
_WORLD = ("time", "random", "subprocess", "os", "pathlib", "socket")
FORBIDDEN = {
    "snapshot": ("visualize",),
    "snapshot/bundle": ("snapshot.archive", "snapshot.build", "snapshot.parse", *_WORLD),
    "snapshot/parse": ("snapshot.archive", "snapshot.build", "snapshot.raw", "snapshot.bundle", "io", *_WORLD),
    "snapshot/host": ("snapshot.parse", "snapshot.build", "snapshot.raw", "snapshot.archive", "snapshot.bundle"),
    "visualize/packet": ("visualize.datapath", "visualize.netfilter", *_SHOWN, *_REPLAY),
    "visualize/netfilter": ("visualize.datapath", *_SHOWN, *_REPLAY, *_WORLD),
    "visualize/datapath": (*_SHOWN, *_REPLAY, *_WORLD),
    "visualize/columns": (*_SHOWN, "visualize.redact", "visualize.load", "time", "random"),
    "visualize/draw": ("visualize.datapath", "visualize.terminal", "visualize.commands", "visualize.cli", *_REPLAY),
    "visualize/terminal": ("visualize.datapath", "visualize.netfilter", "visualize.commands", "visualize.cli"),
    "visualize/redact": (*_SHOWN, "random"),
    "visualize/commands": ("visualize.datapath", "visualize.netfilter", "snapshot.parse"),
}
# library -> the only rooms that use it
ROOMS = {
    "click": ("visualize/cli.py", "visualize/commands", "visualize/terminal"),
    "distributed": ("visualize/columns",),
    "drawpyo": ("visualize/draw",),
    "graphviz": ("visualize/draw",),
    "numpy": ("visualize/columns",),
    "pandas": ("visualize/frame.py",),
    "rich": ("visualize/terminal", "visualize/progress.py"),
    "scapy": ("visualize/packet",),
    "vl_convert": ("visualize/draw",),
    "zstandard": ("snapshot/archive.py",),
}
PACKAGES = {"vl_convert": "vl-convert-python"}  # where the name on PyPI is another
FILES = sorted((*ROOT.glob("snapshot/**/*.py"), *ROOT.glob("visualize/**/*.py")))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_obey_the_layout(package: str) -> None:
    """No file of a package imports what that package must not know."""
    for path in FILES:
        if not path.relative_to(ROOT).as_posix().startswith(package + "/"):
            continue
        for name in imports(path):
            assert not any(name == bad or name.startswith(bad + ".") for bad in FORBIDDEN[package]), f"{path}: imports {name}"


def test_the_model_knows_only_the_standard_library() -> None:
    """`snapshot.host` and `visualize.packet.packet` import nothing that is not Python's own or the model's."""
    for path in [*ROOT.glob("snapshot/host/*.py"), ROOT / "visualize/packet/packet.py"]:
        for name in imports(path):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("snapshot.host"), f"{path}: imports {name}"


def _third_party(path: Path) -> set[str]:
    return {top for name in imports(path) if (top := name.split(".")[0]) not in sys.stdlib_module_names | {"snapshot", "visualize"}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_library_has_its_room(path: Path) -> None:
    """A library is imported in its own rooms only, and only one that is listed here; every module says what it is for."""
    for name in _third_party(path):
        assert any(path.is_relative_to(ROOT / room) for room in ROOMS[name]), f"{path}: imports {name}"
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path}: no docstring"


def test_what_is_imported_is_what_is_declared() -> None:
    """pyproject.toml names each library that is imported, and no library that is not; graphviz-pure is a program, found by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {re.split(r"[><=\[]", text)[0] for text in (*project["dependencies"], *extras["cluster"], *extras["pdf"])}
    imported = {PACKAGES.get(name, name) for path in FILES for name in _third_party(path)}
    assert imported == declared - {"graphviz-pure"}


def test_heavy_libraries_load_only_where_used() -> None:
    """Loading every command, as `--help` does, imports none of the libraries but click."""
    heavy = sorted(ROOMS.keys() - {"click"})
    code = f"""
import sys, click
from visualize.cli import main
context = click.Context(main)
for name in main.list_commands(context):
    main.get_command(context, name).get_help(context)
print([name for name in {heavy} if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"
