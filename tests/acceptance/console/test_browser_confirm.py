"""A guarded run is confirmed in a real browser, with and without script, by two readers."""

from typing import Any

import pytest

from acceptance.api.served import Served
from acceptance.console.test_browser import CHROMIUM, Window, playwright, pytestmark
from acceptance.console.test_confirm import api, halted, keys

__all__ = ["api", "keys", "pytestmark"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_held_run_is_confirmed_by_clicks_and_the_other_window_reads_it(
    api: Served, keys: dict[str, str], script: bool
) -> None:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        confirmed(api, keys, browser, script=script)
        browser.close()


def confirmed(api: Served, keys: dict[str, str], browser: Any, *, script: bool) -> None:
    path, expect = halted(api), playwright.expect
    ida, jonas = (Window(browser, api.url, script=script) for _ in range(2))
    for window, key in ((ida, "ida"), (jonas, "jonas")):
        window.sign_in(keys[key])
        window.page.goto(path)
    ida.look()
    for window in (ida, jonas):
        window.page.click("text=Continue to confirm")
        expect(window.page).to_have_title("Confirm 12 people · Rekindle")
    ida.look()
    ida.page.fill("#people", "21")
    ida.page.click("text=Reach these people")
    expect(ida.page).to_have_title("Error: Confirm 12 people · Rekindle")
    if script:
        expect(ida.page.locator("[data-focus]")).to_be_focused()
    ida.look()
    ida.page.fill("#people", "12")
    ida.page.click("text=Reach these people")
    ida.page.wait_for_url(lambda url: "/confirm" not in url and path not in url)
    jonas.page.fill("#people", "12")
    jonas.page.keyboard.press("Enter")
    expect(jonas.page.locator("[role=alert]")).to_contain_text("Somebody else has confirmed this run")
    jonas.look()
    jonas.page.click("text=Open the new run")
    expect(jonas.page).to_have_url(ida.page.url)
    for window in (ida, jonas):
        window.context.close()
