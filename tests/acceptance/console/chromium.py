"""Chromium for the tests of the console, if this machine has it, and what every page must be."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
playwright.expect.set_options(timeout=60_000)  # A loaded machine is no fault of the page.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
"""The file of axe-core (npm)."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BROKEN = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]})
  .then(found => found.violations.map(one => [one.id, one.nodes[0].html]))"""
"""The rules that a page breaks. The rest of what axe answers is long, and is read slowly."""
LOOKS = [(1280, "light", True), (360, "light", False), (360, "dark", True), (1280, "dark", False)]
"""The width, the colours, and whether axe looks: it sees both widths and both colours."""


@contextmanager
def started(*arguments: str) -> Iterator[Any]:
    """A browser with these arguments. It needs no display."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])
        yield browser
        browser.close()


class Window:
    """One reader's window, in which a page is looked at in each size and in both colours."""

    def __init__(self, browser: Any, url: str, *, script: bool = True, zone: str = "UTC") -> None:
        self.script = script
        self.context = browser.new_context(base_url=url, java_script_enabled=script, timezone_id=zone)
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self._said: list[str] = []
        self.page.on("console", lambda message: self._said.append(message.text))
        self.page.on("pageerror", lambda fault: self._said.append(str(fault)))

    def sign_in(self, key: str) -> None:
        """Open the console, and sign in."""
        self.page.goto("/")
        self.page.fill("#key", key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def look(self) -> None:
        """Check the page that is open, as it looks in each way: nothing breaks its policy, nothing
        scrolls sideways, and axe finds nothing, if the machine has it."""
        # After a click the title of the next page is there before the rest of it.
        self.page.wait_for_load_state()
        page, name = self.page, re.sub(r"[^a-z]+", "-", self.page.title().lower()).strip("-")
        for width, scheme, axe in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            size = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert size[0] <= size[1], (page.url, size)
            if axe and self.script and AXE.exists():
                if not page.evaluate("'axe' in window"):
                    page.evaluate(AXE.read_text(encoding="utf-8"))
                wrong = page.evaluate(BROKEN, RULES)
                assert wrong == [], (page.url, width, scheme)
            if self.script and (folder := os.environ.get("CONSOLE_SHOTS")):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
        # The browser itself says that a page answered with an error.
        own = [line for line in self._said if not line.startswith("Failed to load resource: the server responded")]
        self._said.clear()
        assert own == [], page.url
