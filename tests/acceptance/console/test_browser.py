"""The console in a real browser: wide and narrow, light and dark, with and without script. Nothing
breaks its policy, nothing scrolls sideways, and axe finds nothing, if the machine has it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.api.world import OURS, SCENARIO, THEIRS, World, two_organisations
from acceptance.console.browsing import reading
from acceptance.console.chromium import CHROMIUM, playwright, started
from acceptance.console.pages import PAGES, Visit
from acceptance.console.trials import begin_trial
from conftest import Server
from rekindle.sandbox import Sandbox

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
"""The file of axe-core (npm)."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [(1280, "light", True), (360, "light", False), (360, "dark", True), (1280, "dark", False)]
"""The width, the colours, and whether axe looks: it sees both widths and both colours."""
ZONE = "America/St_Johns"


class Window:
    """One reader's window, in which a page is looked at in each size and in both colours."""

    def __init__(self, browser: Any, url: str, *, script: bool) -> None:
        self.script = script
        self.context = browser.new_context(base_url=url, java_script_enabled=script, timezone_id=ZONE)
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
        """Check the page that is open, as it looks in each way."""
        page, name = self.page, re.sub(r"[^a-z]+", "-", self.page.title().lower()).strip("-")
        for width, scheme, axe in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            size = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert size[0] <= size[1], (page.url, size)
            if axe and self.script and AXE.exists():
                page.evaluate(AXE.read_text(encoding="utf-8"))
                found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
                wrong = [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
                assert wrong == [], (page.url, width, scheme)
            if self.script and (folder := os.environ.get("CONSOLE_SHOTS")):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
        # The browser itself says that a page answered with an error.
        own = [line for line in self._said if not line.startswith("Failed to load resource: the server responded")]
        self._said.clear()
        assert own == [], page.url


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test of this module changes anything in them."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        begin_trial(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        for key in ("read", "limited read"):
            with reading(world.api, world.keys[key]) as reader:
                reader.counted("/helps")
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all pages."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def windows(world: World, browser: Any) -> dict[tuple[str, bool], Window]:
    """The window of each key, with and without script. Each is opened once."""
    return {}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("visit", PAGES, ids=lambda one: f"{one.key} {one.path}")
def test_every_page_fits_and_can_be_used(
    world: World, browser: Any, windows: dict[tuple[str, bool], Window], visit: Visit, script: bool
) -> None:
    if (visit.key, script) not in windows:
        windows[visit.key, script] = Window(browser, world.api.url, script=script)
        windows[visit.key, script].sign_in(world.keys[visit.key])
    window = windows[visit.key, script]
    answer = window.page.goto(visit.path.format_map(world.ours.named))
    assert answer.status == visit.status
    playwright.expect(window.page).to_have_title(re.compile(f"^{visit.title}.* · Rekindle$"))
    window.look()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_signing_in_and_out_filtering_and_opening_work_by_keys_and_clicks(
    world: World, browser: Any, script: bool
) -> None:
    window = Window(browser, world.api.url, script=script)
    page = window.page
    page.goto("/runs")
    playwright.expect(page).to_have_title("Sign in · Rekindle")
    window.look()
    page.fill("#key", "not-a-key-of-this-server")
    page.keyboard.press("Enter")
    playwright.expect(page).to_have_title("Error: Sign in · Rekindle")
    window.look()
    page.fill("#key", world.keys["limited read"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs")
    page.select_option("#scenario", "inactivity")
    page.click("text=Show")
    page.click("tbody a")
    page.wait_for_url("**/runs/*")
    page.goto("/runs")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.goto("/runs")
    assert "/sign-in" in page.url
    window.context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_switch_of_the_colours_outlives_the_page_and_the_zone_is_the_readers_if_it_is_known(
    world: World, browser: Any, script: bool
) -> None:
    window = Window(browser, world.api.url, script=script)
    page, expect = window.page, playwright.expect
    page.emulate_media(color_scheme="light")
    window.sign_in(world.keys["read"])
    page.goto("/runs?scenario=inactivity")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("text=Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("button[value=dark]")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("/runs?scenario=inactivity")
    page.goto("/runs")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    page.click("text=System")
    page.goto("/runs")
    assert page.locator("html").get_attribute("data-theme") is None
    zone = f"your zone, {ZONE}" if script else "the zone of the server, UTC"
    expect(page.locator("footer")).to_contain_text(f"Times are in {zone}.")
    window.context.close()
