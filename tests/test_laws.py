"""Who may import whom: read from the sources, so that the layout stays what docs/architecture.md says."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# package -> what it may never import
FORBIDDEN = {
    "snapshot": ("visualize",),
    "snapshot/parse": ("snapshot.archive", "snapshot.build", "snapshot.raw", "pathlib", "os", "io"),
    "snapshot/host": ("snapshot.parse", "snapshot.build", "snapshot.raw", "snapshot.archive"),
    "visualize/packet": ("visualize.datapath", "visualize.netfilter", "visualize.draw"),
    "visualize/netfilter": ("visualize.datapath", "visualize.draw", "visualize.replay"),
    "visualize/datapath": ("visualize.draw", "visualize.replay", "visualize.cli", "time", "random", "subprocess", "os", "pathlib"),
    "visualize/draw": ("visualize.datapath", "visualize.replay"),
}
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


def test_heavy_libraries_load_only_where_used() -> None:
    """Starting the command line imports neither pandas, scapy, NumPy nor rich."""
    import subprocess
    code = "import sys, visualize.cli; print([m for m in ('pandas', 'scapy', 'numpy', 'rich', 'drawpyo', 'vl_convert') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"
