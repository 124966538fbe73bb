"""People sign in with an issuer in a real browser, with and without script. The issuer is another
site than the console, so the browser applies its rules for cookies, forms and redirects."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from acceptance.api.served import serving
from acceptance.api.test_sign_in import ADMIN
from acceptance.command import Command
from acceptance.console.chromium import CHROMIUM, Window, playwright, started
from acceptance.console.test_issuer import having
from contract.issuer import CLIENT, Issuer, issuing_beside

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

CONSOLE = "http://localhost"
"""How the browser, and nobody else, names the console: the address to return to must be known
before the server has its port."""
SIGN_IN, EXPECT = "text=Sign in with Granvik", playwright.expect


@pytest.fixture
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with issuing_beside(tmp_path_factory.mktemp("issuer")) as issuer:
        issuer.redirects[CLIENT] = f"{CONSOLE}/sign-in/back"
        yield issuer


@pytest.fixture
def browser(rekindle: Command, issuer: Issuer) -> Iterator[Any]:
    """A browser that finds the console under its name."""
    with serving(having(rekindle, issuer)) as api:
        place = api.url.removeprefix("http://")
        with started(f"--host-resolver-rules=MAP localhost:80 {place}") as browser:
            yield browser


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def window(browser: Any, request: pytest.FixtureRequest) -> Iterator[Window]:
    with opened(browser, script=request.param) as window:
        yield window


@contextmanager
def opened(browser: Any, *, script: bool = True) -> Iterator[Window]:
    window = Window(browser, CONSOLE, script=script)
    yield window
    window.context.close()


def answer(page: Any, button: str) -> None:
    """Answer the issuer, which asks who it is."""
    EXPECT(page).to_have_title("Granvik")
    page.click(f"text={button}")


def refused(page: Any, words: str) -> None:
    """The person is not signed in, and reads why."""
    EXPECT(page.locator("[role=alert]")).to_contain_text(words)
    EXPECT(page).to_have_title("Error: Sign in · Rekindle")


def test_a_person_follows_the_link_signs_in_comes_back_to_the_page_and_signs_out(
    window: Window, issuer: Issuer
) -> None:
    issuer.person = {"email": "anna.kristiansen.nordstrand@coordination.granvik.example.org"}
    page = window.page
    page.goto("/runs?scenario=nudge")
    EXPECT(page).to_have_title("Sign in · Rekindle")
    window.look()
    page.click(SIGN_IN)
    answer(page, "Sign in")
    EXPECT(page).to_have_title("Runs · Rekindle")
    EXPECT(page).to_have_url(f"{CONSOLE}/runs?scenario=nudge")
    EXPECT(page.locator(".who")).to_have_text(f"person {issuer.person['email']} operate")
    window.look()
    kept = {one["name"]: one for one in window.context.cookies(f"{CONSOLE}/sign-in")}
    assert set(kept) <= {"rekindle_session", "rekindle_zone"}, "nothing is left of the attempt"
    assert (kept["rekindle_session"]["httpOnly"], kept["rekindle_session"]["secure"]) == (True, True)
    page.click("text=Sign out")
    EXPECT(page).to_have_title("Sign in · Rekindle")
    page.goto("/runs")
    EXPECT(page).to_have_title("Sign in · Rekindle")


def test_a_person_who_signs_out_is_still_signed_in_at_the_issuer_until_they_sign_out_there(
    window: Window, issuer: Issuer
) -> None:
    page = window.page
    page.goto("/runs")
    page.click(SIGN_IN)
    answer(page, "Sign in")
    for _ in range(2):
        EXPECT(page).to_have_title("Runs · Rekindle")
        page.click("text=Sign out")
        EXPECT(page.locator("[role=status]")).to_contain_text("You may still be signed in with Granvik.")
        page.goto("/runs")
        page.click(SIGN_IN)  # and is not asked
    EXPECT(page).to_have_title("Runs · Rekindle")
    page.click("text=Sign out")
    EXPECT(page.locator("[role=status]")).to_contain_text("You are signed out of Rekindle.")
    window.look()
    page.click("text=Sign out of Granvik too")
    EXPECT(page.locator("h1")).to_have_text("Signed out")
    page.goto("/runs")
    page.click(SIGN_IN)
    answer(page, "Sign in")
    EXPECT(page).to_have_title("Runs · Rekindle")


def test_a_sign_in_that_is_denied_and_one_without_a_role_say_so_and_the_next_leads_to_the_page(
    window: Window, issuer: Issuer
) -> None:
    page = window.page
    page.goto("/people")
    page.click(SIGN_IN)
    answer(page, "Cancel")
    refused(page, "the issuer did not sign you in: access_denied")
    window.look()
    issuer.person = {"app_metadata": {}}
    page.click(SIGN_IN)
    answer(page, "Sign in")
    refused(page, "the token gives no role here")
    window.look()
    issuer.person = {"app_metadata": {"rekindle_role": "read"}}
    page.click(SIGN_IN)
    refused(page, "the token names no organisation")
    assert "rekindle_session" not in {one["name"] for one in window.context.cookies()}
    issuer.person = {}
    page.click(SIGN_IN)
    EXPECT(page).to_have_title("People · Rekindle")
    EXPECT(page).to_have_url(f"{CONSOLE}/people")


def test_a_page_whose_session_has_ended_leads_to_the_sign_in_and_on_to_where_the_person_went(
    browser: Any, issuer: Issuer
) -> None:
    with opened(browser) as window:
        page, ends = window.page, 0.0
        for seconds in (5, 20, 80):  # a busy machine may not show the page before the session ends
            ends = int(time.time()) + seconds
            issuer.asks, issuer.person = False, {"exp": ends}
            page.goto("/runs")
            page.click(SIGN_IN)
            page.wait_for_load_state()
            if page.title() == "Runs · Rekindle":
                break
        EXPECT(page).to_have_title("Runs · Rekindle")
        page.wait_for_timeout(max(0.0, ends - time.time() + 0.1) * 1_000)
        issuer.person = {}
        page.click("text=People")
        EXPECT(page).to_have_title("Sign in · Rekindle")
        page.click(SIGN_IN)
        EXPECT(page).to_have_title("People · Rekindle")
        EXPECT(page).to_have_url(f"{CONSOLE}/people")


def test_each_tab_goes_on_to_its_page_in_whatever_order_a_person_signs_in(browser: Any, issuer: Issuer) -> None:
    with opened(browser) as window:
        tabs = {"Runs": window.page, "People": window.context.new_page()}
        for name, page in tabs.items():
            page.goto(f"/{name.lower()}")
            page.click(SIGN_IN)
            EXPECT(page).to_have_title("Granvik")
        for name, page in reversed(tabs.items()):
            answer(page, "Sign in")
            EXPECT(page).to_have_title(f"{name} · Rekindle")


def test_a_long_name_fits_on_every_page_that_says_who_did_something(browser: Any, issuer: Issuer) -> None:
    issuer.asks, issuer.person = False, {**ADMIN, "email": f"{'a' * 60}@{'granvik' * 5}.org"}
    key = "k" * 60
    with opened(browser, script=False) as window:  # axe has seen these pages
        page = window.page
        page.goto("/keys")
        page.click(SIGN_IN)
        page.fill("#name", key)
        page.click("text=Create the key")
        EXPECT(page.locator("h1")).to_have_text(f"The key {key} is created")
        window.look()
        page.goto(f"/keys/{key}/revoke")
        page.click("button:has-text('Revoke')")
        EXPECT(page).to_have_title("Keys · Rekindle")
        window.look()
        page.goto("/scenarios/nudge/switch")
        page.fill("#reason", "https://granvik.example.org/" + "r" * 400)
        page.click("button:has-text('Switch off')")
        EXPECT(page.locator(".notice")).to_contain_text("Switched off")
        window.look()
        for path in (f"/keys/{key}/revoke", "/audit", "/scenarios/nudge/switch"):
            page.goto(path)
            window.look()
