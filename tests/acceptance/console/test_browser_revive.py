"""A dead token is used again in a real browser, with and without script."""

import pytest

from acceptance.api.served import KEY, Served
from acceptance.command import Command
from acceptance.console.test_browser import CHROMIUM, Window, playwright, pytestmark
from team.team import Team

__all__ = ["pytestmark"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_dead_token_is_used_again_by_two_clicks(rekindle: Command, api: Served, team: Team, script: bool) -> None:
    team.people(1)
    team.execute(
        "insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)"
        " select rekindle.device_id(d.target_kind, rekindle.trimmed(d.token::text)), d.user_id, 'unregistered', now()"
        " from rekindle_source.device_token d"
    )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        window = Window(browser, api.url, script=script)
        window.sign_in(KEY)
        window.page.goto("/dead-tokens")
        window.look()
        window.page.get_by_role("link", name="Use again").click()
        playwright.expect(window.page).to_have_title("Use a token again · Rekindle")
        window.look()
        window.page.get_by_role("button", name="Use it again").click()
        playwright.expect(window.page.locator("main")).to_contain_text("No token is dead")
        browser.close()
    assert team.rows("select from rekindle.disabled_token") == []
