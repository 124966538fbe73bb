"""The console in a real browser: wide and narrow, light and dark, with and without script. Nothing
breaks its policy, nothing scrolls sideways, and axe finds nothing, if the machine has it."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.api.world import World, two_organisations
from conftest import Server
from rekindle.sandbox import Sandbox

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
"""The file of axe-core (npm)."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test of this module changes anything in them."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all pages."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_and_can_be_used(world: World, browser: Any, width: int, scheme: str, script: bool) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=script,
        base_url=world.api.url,
    )
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda fault: said.append(str(fault)))

    def look(status: int) -> None:
        size = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert size[0] <= size[1], (page.url, size)
        # The browser itself says that a page answered with an error.
        own = [line for line in said if not line.startswith("Failed to load resource: the server responded")]
        assert own == [], page.url
        if AXE.exists() and script:
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
            assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], page.url
        if folder := os.environ.get("CONSOLE_SHOTS"):
            name = page.url.rpartition("/")[2].partition("?")[0][:8]
            page.screenshot(path=f"{folder}/{name}-{status}-{width}-{scheme}-{script}.png", full_page=True)

    page.goto("/")
    playwright.expect(page).to_have_title("Sign in · Rekindle")
    look(200)
    page.fill("#key", "not-a-key-of-this-server")
    page.keyboard.press("Enter")
    playwright.expect(page).to_have_title("Error: Sign in · Rekindle")
    look(401)
    page.fill("#key", world.keys["limited read"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs")
    look(200)
    page.select_option("#scenario", "inactivity")
    page.click("text=Show")
    page.click("tbody a")
    page.wait_for_url("**/runs/*")
    playwright.expect(page).to_have_title(re.compile("^Run of "))
    look(200)
    page.goto("/runs/00000000-0000-0000-0000-000000000000")
    playwright.expect(page).to_have_title("Not found · Rekindle")
    look(404)
    page.goto("/runs")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.goto("/runs")
    assert "/sign-in" in page.url
    context.close()
