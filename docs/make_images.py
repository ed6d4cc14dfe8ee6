"""Makes docs/images anew from the samples: python docs/make_images.py (it needs Pillow, to make the files small)."""

import tempfile
from pathlib import Path

from click.testing import CliRunner

from visualize.cli import main

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
VECTOR = HERE.parent / "tests" / "kernel" / "recorded" / "no-hairpin"
# image -> what is drawn, and which of the pictures it is
IMAGES = {
    "published-port": (["default-bridge", "--flow", "9"], "flow-009"),
    "masquerade": (["default-bridge", "--flow", "5"], "flow-005"),
    "dropped": (["default-bridge", "--flow", "10"], "flow-010"),
    "summary": (["default-bridge", "--flow", "9", "--detail", "summary"], "flow-009"),
    "dark": (["default-bridge", "--flow", "9", "--theme", "dark"], "flow-009"),
    "compare": (["default-bridge", "--compare", "9", "11"], "compare-009-011"),
    "rejected": (["docker-user", "--flow", "6"], "flow-006"),
    "hairpin": (["hairpin-noproxy", "--flow", "7"], "flow-007"),
    "topology": (["user-networks", "--highlight", "6"], "topology"),
    "rules": (["default-bridge"], "rules"),
    "not-certain": ([str(VECTOR / "snapshot.tar.gz"), "--pcap", str(VECTOR / "any.pcap"), "--flow", "1"], "flow-001")}


def make(name: str, arguments: list[str], picture: str) -> int:
    """Draw one image; returns its size in bytes."""
    from PIL import Image
    snapshot, *options = arguments
    path = snapshot if "/" in snapshot else str(SAMPLES / snapshot / "snapshot.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        done = CliRunner().invoke(main, ["draw", path, "-o", folder, "--format", "png", *options])
        if done.exit_code:
            raise SystemExit(done.output)
        image = Image.open(Path(folder) / f"{picture}.png").convert("RGB")
    small = image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    target = HERE / "images" / f"{name}.png"
    small.save(target, optimize=True)
    return target.stat().st_size


if __name__ == "__main__":
    for name, (arguments, picture) in IMAGES.items():
        print(f"{name}.png: {make(name, arguments, picture) // 1024} KB")
