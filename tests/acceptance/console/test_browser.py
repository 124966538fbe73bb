"""The console in a real browser: wide and narrow, light and dark, with and without script. Nothing
breaks its policy, nothing scrolls sideways, and axe finds nothing, if the machine has it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from acceptance.api.world import OURS, SCENARIO, THEIRS, World, two_organisations
from acceptance.console.browsing import reading
from acceptance.console.chromium import CHROMIUM, Window, playwright, started
from acceptance.console.pages import PAGES, Visit
from acceptance.console.trials import begin_trial
from conftest import Server
from rekindle.sandbox import Sandbox

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

ZONE = "America/St_Johns"


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test of this module changes anything in them."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        begin_trial(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        for key in ("read", "limited read"):
            with reading(world.api, world.keys[key]) as reader:
                reader.get("/helps")
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
        windows[visit.key, script] = Window(browser, world.api.url, script=script, zone=ZONE)
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
    window = Window(browser, world.api.url, script=script, zone=ZONE)
    page, expect = window.page, playwright.expect
    page.goto("/runs")
    expect(page).to_have_title("Sign in · Rekindle")
    window.look()
    page.fill("#key", "not-a-key-of-this-server")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Error: Sign in · Rekindle")
    window.look()
    page.fill("#key", world.keys["limited read"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs")
    page.select_option("#scenario", "inactivity")
    page.click("text=Show")
    page.wait_for_url("**/runs?*scenario=inactivity*")
    page.click("tbody a")
    page.wait_for_url("**/runs/*")
    page.goto("/runs")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.goto("/runs")
    expect(page).to_have_title("Sign in · Rekindle")
    window.context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_switch_of_the_colours_outlives_the_page_and_the_zone_is_the_readers_if_it_is_known(
    world: World, browser: Any, script: bool
) -> None:
    window = Window(browser, world.api.url, script=script, zone=ZONE)
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
    expect(page.locator("button[value=auto]")).to_have_attribute("aria-pressed", "true")
    page.goto("/runs")
    assert page.locator("html").get_attribute("data-theme") is None
    zone = f"your zone, {ZONE}" if script else "the zone of the server, UTC"
    expect(page.locator("footer")).to_contain_text(f"Times are in {zone}.")
    window.context.close()
