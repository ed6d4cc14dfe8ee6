"""A test that takes `case` runs once for each line of its module's CASES (and sees its module's SETS as ipsets)."""

import pytest

from snapshot.parse.ipset_save import parse as parse_sets

from .case import World, cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each line."""
    if "case" in metafunc.fixturenames:
        sets, _ = parse_sets(getattr(metafunc.module, "SETS", ""))
        found = cases(metafunc.module.CASES, World({one.name: one for one in sets}))
        metafunc.parametrize("case", found, ids=[f"{one.rule} ; {one.packet}" for one in found])
