"""Worlds of random rules and packets on this machine's kernel, compared with the replay packet by packet. Needs root."""

import os
from pathlib import Path

import pytest

from . import compare, record, replaying
from .rulesets import random_case
from .scenarios import SCENARIOS

pytestmark = pytest.mark.kernel

SEEDS = {"router": (1, 3, 4, 6), "router6": (1, 2, 6), "bridge": (3, 4, 5), "bridge-off": (1, 3), "bridge6": (2, 5), "local": (1, 2, 5),
         "local6": (1, 2, 3), "policy": (1, 2, 3)}
FIXED = ("dnat-and-reply", "masquerade-and-reply", "docker-published", "reject", "hairpin", "ttl-and-rpfilter")


def test_the_kernel_can_be_asked() -> None:
    """The kernel tests were asked for: without root they fail, they do not skip."""
    assert os.geteuid() == 0, "the kernel tests need root (network namespaces, iptables)"


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind, seeds in SEEDS.items() for seed in seeds])
def test_a_random_world_agrees(kind: str, seed: int, tmp_path: Path) -> None:
    """No packet of a random world is certain and wrong. The case is printed, and can be kept with --case."""
    case = random_case(kind, seed)
    record.record(case, tmp_path).save(tmp_path)
    verdict = compare.compare(compare.load(tmp_path), replaying.replay(tmp_path))
    assert not verdict.wrong, f"python -m tests.kernel.record --world {kind} --seed {seed} -o FOLDER\n{verdict.report()}"


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_world_agrees(name: str, tmp_path: Path) -> None:
    """The same for worlds that were thought out."""
    record.record(SCENARIOS[name], tmp_path).save(tmp_path)
    verdict = compare.compare(compare.load(tmp_path), replaying.replay(tmp_path))
    assert not verdict.wrong, verdict.report()
