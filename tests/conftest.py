"""Tests that need more than Python run where they are asked for, and there they fail, not skip, when they can't run.

`kernel` tests (PACKETPATH_KERNEL=1) ask a real kernel. `browser` tests (PACKETPATH_BROWSER=1, or wherever Chromium is found) open reports
in a headless Chromium.
"""

import os
import secrets
import shutil

import pytest


def _wanted(item: pytest.Item) -> bool:
    if item.get_closest_marker("kernel") is not None and os.environ.get("PACKETPATH_KERNEL") != "1":
        return False
    return item.get_closest_marker("browser") is None or os.environ.get("PACKETPATH_BROWSER") == "1" or (
        shutil.which("chromium") is not None and shutil.which("chromedriver") is not None)


def pytest_configure(config: pytest.Config) -> None:
    """Draw a seed for the kernel worlds once: pytest-xdist's workers inherit it."""
    os.environ.setdefault("PACKETPATH_FRESH_SEED", str(secrets.randbelow(10**6)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the seed, so that a world of it can be made again."""
    if os.environ.get("PACKETPATH_KERNEL") == "1":
        terminalreporter.write_line(f"kernel worlds: the fresh seed was {os.environ['PACKETPATH_FRESH_SEED']}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what was not asked for."""
    config.hook.pytest_deselected(items=[item for item in items if not _wanted(item)])
    items[:] = [item for item in items if _wanted(item)]
