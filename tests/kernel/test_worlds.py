"""Worlds of random rules and packets on this machine's kernel, compared with the replay packet by packet. Needs root."""

import os
from pathlib import Path

import pytest

from . import hunt, netns
from .native_rules import NATIVE
from .rulesets import KINDS, random_case
from .scenarios import SCENARIOS
from .wide import WIDE

pytestmark = pytest.mark.kernel

PACKETS = 50
SEEDS = (1, 2)
FRESH = int(os.environ.get("PACKETPATH_FRESH_SEED", "0"))  # drawn in tests/conftest.py, and told at the end of the run
FIXED = ("dnat-and-reply", "masquerade-and-reply", "docker-published", "reject", "hairpin", "ttl-and-rpfilter")


def test_the_kernel_can_be_asked() -> None:
    """The kernel tests were asked for: where they can't run they fail, they do not skip."""
    assert not netns.missing(), f"the kernel tests need {', '.join(netns.missing())}"


@pytest.mark.parametrize("seed", [*SEEDS, pytest.param(FRESH, id="fresh")])
@pytest.mark.parametrize("kind", [*KINDS, *WIDE, *NATIVE])
def test_a_random_world_agrees(kind: str, seed: int, tmp_path: Path) -> None:
    """No packet of a random world is certain and wrong. A failure names the command that makes the case small and keeps it."""
    verdict = hunt.ask(random_case(kind, seed, PACKETS), tmp_path)
    assert not verdict.wrong, f"make kernel-test KINDS={kind} FIRST={seed} SEEDS=1 PACKETS={PACKETS}\n{verdict.report()}"


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_world_agrees(name: str, tmp_path: Path) -> None:
    """The same for worlds that were thought out."""
    verdict = hunt.ask(SCENARIOS[name], tmp_path)
    assert not verdict.wrong, verdict.report()
