"""A run under way in a real browser: its numbers change by themselves until it ends, and the page
says so if they cannot. Without script it is a page that is loaded again."""

import re
import signal
import time
from collections.abc import Iterator

import pytest

from acceptance.api.served import KEY, Served, sends_slowly, serving
from acceptance.command import Command
from acceptance.console.browsing import reading, text
from acceptance.console.chromium import CHROMIUM, Window, playwright, started
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config

SLOW = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 2")
PEOPLE = 60
HALTED = "RK502: scenario nudge would claim 131 people: that makes 144 people in 24 hours. See `rekindle plan`."
HELD = '[{"scenario_type": "nudge", "people": 131, "recipients": 476, "total": 144, "share_allows": 119}]'


@pytest.fixture
def api(rekindle: Command, team: Team, fcm: Sandbox) -> Iterator[Served]:
    """A server whose runs take a minute for the people who are due, unless the provider gets
    faster."""
    write_config(rekindle.folder, SLOW)
    team.people(PEOPLE)
    fcm.faults(sends_slowly(2))
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as served:
        yield served


@pytest.fixture
def window(api: Served) -> Iterator[Window]:
    """The window of a reader who is signed in."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with started() as browser:
        window = Window(browser, api.url)
        window.sign_in(KEY)
        yield window


def test_a_run_is_seen_to_progress_on_both_pages_and_ends_with_its_final_numbers(
    api: Served, window: Window, team: Team, fcm: Sandbox
) -> None:
    team.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, halted_by,"
        " held, scenario_types) values (gen_random_uuid(), 'halted', now(), now(), 1, 'log', %s, %s, '{nudge}')",
        HALTED,
        HELD,
    )
    page, expect = window.page, playwright.expect
    run_id = api.post({"budget_seconds": 300}).json()["run_id"]
    page.goto("/today")
    now = page.locator("section", has=page.locator("#now"))
    expect(now.locator("progress")).to_have_attribute("max", str(PEOPLE))
    first = int(now.locator("progress").get_attribute("value"))
    page.wait_for_function("first => document.querySelector('progress').value > first", arg=first)
    expect(page.locator(".act h2")).to_contain_text("nudge would claim 131 people at once")
    window.look()
    page.goto(f"/runs/{run_id}")
    expect(page.locator("[aria-current=step]")).to_have_text("Sending")
    page.evaluate("window.same = true")
    shown = [int(page.locator("progress").get_attribute("value"))]
    while page.locator("progress").count() and shown[-1] < PEOPLE:
        value = page.evaluate("document.querySelector('progress')?.value ?? null")
        if value is None:
            break
        shown.append(int(value))
        if len(set(shown)) == 4:  # It was seen to progress. The rest may go quickly.
            fcm.faults([])
        time.sleep(0.05)
    assert shown == sorted(shown)
    assert len(set(shown)) > 2, "it was seen at several moments"
    expect(page.locator("[data-part] .tag.ok")).to_have_text("Done")
    expect(page.locator("[data-part]")).to_contain_text(f"{PEOPLE} people reached, {PEOPLE} pushes.")
    expect(page.locator("[data-said]")).to_have_text(f"The run ended: done, {PEOPLE} people sent.")
    expect(page.locator("[data-log] li").last).to_contain_text("The run ended: done")
    assert page.locator("[data-log] li").count() > 2
    expect(page.locator("[data-stale]")).to_be_hidden()
    assert page.evaluate("window.same") is True, "the page was not loaded again"
    window.look()
    page.reload()
    expect(page.locator("main")).to_contain_text(f"{PEOPLE} people reached, {PEOPLE} pushes.")
    assert page.locator("[data-live]").count() == 0


def test_if_the_server_dies_the_page_says_since_when_its_numbers_are_old(api: Served, window: Window) -> None:
    page, expect = window.page, playwright.expect
    run_id = api.post({"budget_seconds": 300}).json()["run_id"]
    page.goto(f"/runs/{run_id}")
    expect(page.locator("[data-log] li").first).to_be_visible()
    before = page.locator("[data-part]").inner_text()
    api.stop(signal.SIGKILL)
    expect(page.locator("[data-stale]")).to_be_visible()
    expect(page.locator("[role=status]")).to_contain_text(re.compile(r"Not live since \d\d:\d\d:\d\d"))
    expect(page.locator("[data-stale] a")).to_have_text("Load again")
    page.emulate_media(media="print")
    expect(page.locator(".tabs")).to_be_hidden()
    expect(page.locator("main h1")).to_be_visible()
    assert "60 people" in before or "of 60" in before


def test_without_script_a_run_under_way_is_a_page_to_load_again(api: Served, fcm: Sandbox) -> None:
    run_id = api.post({"budget_seconds": 300}).json()["run_id"]
    with reading(api, KEY) as reader:
        page = reader.get(f"/runs/{run_id}")
        assert "These are its numbers so far. Load again" in text(page)
        assert f'href="/runs/{run_id}"' in page.text
        assert "Running now" in text(reader.get("/today"))
        fcm.faults([])
        api.run(run_id, wait=50)
        page = reader.get(f"/runs/{run_id}")
        assert f"{PEOPLE} people reached" in text(page)
        assert "data-live" not in page.text


def test_only_a_reader_who_sees_the_run_may_follow_it(api: Served, rekindle: Command, fcm: Sandbox) -> None:
    fcm.faults([])
    run_id = api.post({"budget_seconds": 300}, wait=30).json()["run_id"]
    key = rekindle("key", "create", "ida", "--scope", "read", "--organisation", "1" * 32, "--json").json()["secret"]
    with reading(api) as nobody:
        assert nobody.get(f"/runs/{run_id}/events").status_code == 303
    with reading(api, key) as other:
        assert other.get(f"/runs/{run_id}/events").status_code == 404
    with reading(api, KEY) as reader:
        answer = reader.get(f"/runs/{run_id}/events")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.text.count("event: ended") == 1
        found = re.findall(r"^id: (\w+)$", answer.text, re.MULTILINE)
        again = reader.get(f"/runs/{run_id}/events", headers={"last-event-id": found[-1]})
        assert again.status_code == 204
