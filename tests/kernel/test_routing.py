"""Routing decisions: the kernel's own answers (ip route get), recorded and live, against the datapath's."""

from pathlib import Path

import pytest

from . import routing

FILES = sorted((Path(__file__).parent / "routes").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_routing_agrees_with_recorded_answers(path: Path) -> None:
    """Type, interface, gateway and source of every answer are the kernel's, or the answer says that it is not certain."""
    recording = routing.Recording.load(path)
    wrong, uncertain = routing.differences(recording)
    assert len(recording.asked) >= 100
    assert uncertain < len(recording.asked) // 5
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.kernel
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", range(1, 11))
def test_routing_agrees_with_this_kernel(seed: int, family: int) -> None:
    """The same, asked of this machine's kernel: random tables, rules and settings."""
    wrong, _ = routing.differences(routing.record(seed, family, 200))
    assert not wrong, f"python -m tests.kernel.routing --seed {seed} --family {family} -o FILE\n" + "\n".join(wrong)
