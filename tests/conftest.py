"""Kernel tests run only where they are asked for (PACKETPATH_KERNEL=1); there they fail, not skip, when they can't run."""

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect `kernel` tests unless they were asked for."""
    if os.environ.get("PACKETPATH_KERNEL") == "1":
        return
    kept = [item for item in items if item.get_closest_marker("kernel") is None]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("kernel") is not None])
    items[:] = kept
