"""A headless Chromium that opens a report from a file, with its console, its network log and axe at hand."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

_SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900")
_WAIT = 30.0  # seconds until something that should happen has not


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile. Fails where Chromium or its driver is not installed: these tests must not pass by not running."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "the browser tests need Debian's chromium and chromium-driver"
    assert driver, "the browser tests need Debian's chromium and chromium-driver"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = binary
        for switch in (*_SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        found = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield found
        finally:
            found.quit()


@dataclass(frozen=True)
class Page:
    """One report in the browser."""

    driver: webdriver.Chrome
    file: Path

    def open(self, fragment: str = "") -> None:
        """Load the file anew, at this fragment."""
        self.driver.get("about:blank")
        self.logs()
        self.driver.get(self.file.as_uri() + fragment)

    def go(self, fragment: str) -> None:
        """Change the fragment, as a link does."""
        self.js("location.hash = arguments[0]", fragment)
        self.wait("location.hash === arguments[0]", fragment)
        time.sleep(0.05)

    def js(self, code: str, *arguments: object) -> Any:
        """Run a script and answer what it returns."""
        return self.driver.execute_script(code, *arguments)

    def wait(self, condition: str, *arguments: object) -> None:
        """Until a JavaScript expression is true."""
        until = time.monotonic() + _WAIT
        while not self.js(f"return Boolean({condition})", *arguments):
            assert time.monotonic() < until, f"never came true: {condition}"
            time.sleep(0.03)

    def one(self, selector: str) -> WebElement:
        """The first element that a CSS selector finds."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements that a CSS selector finds."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a selector finds."""
        found: list[str] = self.js("return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector)
        return found

    def shown(self) -> str:
        """The name of the view that is shown."""
        return str(self.js("return document.querySelector('.view:not([hidden])').dataset.view"))

    def logs(self) -> list[str]:
        """Console messages and errors since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses of all requests since the last call that the page's policy did not stop."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        stopped = {event["params"]["requestId"] for event in events if event["params"].get("blockedReason") == "csp"}
        sent = [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent" and event["params"]["requestId"] not in stopped]
        return [url for url in sent if not url.startswith(("chrome:", "data:"))]  # icons of the browser itself

    def size(self, width: int, height: int) -> None:
        """The window, in CSS pixels."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def colours(self, scheme: str) -> None:
        """What the system is said to prefer: light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def cpu(self) -> float:
        """Seconds of CPU that the page's main thread has used."""
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime"))

    def pdf(self) -> bytes:
        """The page as it prints."""
        return base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])

    def faults(self) -> list[str]:
        """What axe finds that is serious or critical, a line each. PACKETPATH_AXE names another axe.min.js than PyPI's."""
        import axe_core_python
        script = Path(os.environ.get("PACKETPATH_AXE", Path(str(axe_core_python.__path__[0])) / "axe.min.js"))
        self.js(script.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[0])")
        return [f"{fault['id']} ({fault['impact']}): {node['target']} {node['failureSummary']}" for fault in found["violations"]
                if fault["impact"] in ("serious", "critical") for node in fault["nodes"][:3]]
