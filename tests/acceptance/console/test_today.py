"""The first page: what needs somebody, what runs, what comes next, and how many were reached."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.api.world import World
from acceptance.command import Command
from acceptance.console.browsing import reading, text
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, UNGUARDED, Team, write_config

SCHEDULED = TEAM_CONFIG.replace('kind = "sql"', 'kind = "sql"\nschedule = "7 9 * * *"\nschedule_timezone = "UTC"')
GUARDED = SCHEDULED.replace(UNGUARDED, "[run]\nguard_floor = 10\n")


@pytest.fixture
def api(rekindle: Command) -> Iterator[Served]:
    write_config(rekindle.folder, GUARDED)
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as served:
        yield served


@pytest.mark.parametrize("key", ["limited read", "limited admin"])
def test_a_limited_reader_sees_their_runs_and_people_and_nothing_of_the_installation(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        for path in ("/today", "/today?days=90"):
            page = reader.get(path)
            assert page.status_code == 200
            assert not any(mark in page.text for mark in world.theirs.marks), path
            shown = text(page)
            assert "Your organisations Reached today 3 Reached in 7 days 3" in shown
            assert "1 send has no known outcome" in shown
            assert f'href="/runs/{world.ours.named["run_id"]}"' in page.text
            assert not any(word in shown for word in ("Workers", "Active people", "Pushes that wait"))
            assert "Inactivity, people".lower() in page.text
            assert "3 in all, at most 3 a day" in page.text


def test_a_reader_without_limits_sees_the_runs_people_and_figures_of_everybody(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        assert reader.get("/").headers["location"] == "/today"
        page = reader.get("/today")
    shown = text(page)
    assert "2 sends have no known outcome" in shown
    assert "Reached today 6" in shown
    assert "6 in all, at most 6 a day" in page.text
    assert "No worker is alive." in shown
    assert "inactivity Tomorrow" in shown or "inactivity Today" in shown


def test_what_the_guard_held_back_comes_first_with_its_figures_until_it_is_confirmed(
    rekindle: Command, api: Served, team: Team, running_sandbox: Sandbox
) -> None:
    with reading(api, KEY) as reader:
        team.execute("truncate rekindle.scenario, rekindle.schedule cascade")
        assert "Nothing is applied yet" in text(reader.get("/today"))
        assert rekindle("apply").code == 0
        shown = text(reader.get("/today"))
        assert "Nothing has run yet nudge runs first, " in shown
        assert "Nobody was reached in the last 30 days." in shown

        team.people(12)
        assert rekindle("run").code == 2
        page = reader.get("/today")
        shown = text(page)
        assert "nudge would claim 12 people at once, so it sent nothing" in shown
        assert "this would be 12 of 12 active people (100 %). The guard allows 3 (25 %)." in shown
        assert "Nobody is lost." in shown
        assert "Held back by the guard 0 Sent counts people" in shown, "also where the scenarios are listed"
        assert page.text.count('class="act"') == 1
        assert "Nothing needs you" not in shown

        team.execute(
            "update rekindle.schedule set last_at = now() - interval '3 days', since = now() - interval '9 days'"
        )
        page = reader.get("/today?days=90")
        assert "nudge is overdue" in text(page)
        assert page.text.count('class="act"') == 1, "one red box at most"
        team.execute("update rekindle.schedule set last_at = now()")

        assert rekindle("run").code == 2
        assert text(reader.get("/today")).count("would claim 12 people") == 1, "the later one takes its place"
        assert rekindle("run", "--confirm", 12).code == 0
        shown = text(reader.get("/today"))
        assert "Nothing needs you" in shown
        assert "done, 12 people reached." in shown
        assert "Active people, last run 12 Reached today 12" in shown
        assert "Done 12" in shown


def test_a_limited_reader_is_not_told_that_nothing_ran(rekindle: Command, api: Served, team: Team) -> None:
    assert rekindle("apply").code == 0
    place = ("--organisation", "00000000-0000-0000-0000-000000000001")
    key = rekindle("key", "create", "marit", "--scope", "read", *place, "--expires", "9d").out.split()[0]
    with reading(api, key) as reader:
        shown = text(reader.get("/today"))
    assert "Nothing has run yet" not in shown
    assert "No run was limited to your organisations." in shown


def test_text_from_outside_stays_text_on_the_first_page(rekindle: Command, api: Served, team: Team) -> None:
    assert rekindle("apply").code == 0
    team.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, halted_by)"
        " values (gen_random_uuid(), 'halted', now(), now(), 1, 'log', %s)",
        "RK205: <script>alert(1)</script> \x1b[31m\u202e{{ 7*7 }}",
    )
    team.execute(
        "insert into rekindle.worker (worker_id, host, release, configuration)"
        " values (gen_random_uuid(), '<b>host', '1', 'x')"
    )
    with reading(api, KEY) as reader:
        page = reader.get("/today")
    assert "&lt;script&gt;alert" in page.text
    assert not any(bad in page.text for bad in ("<script>", "\x1b", "\u202e", "<b>"))
    assert "{{ 7*7 }}" in text(page)
    assert "<b>host seen " in text(page)


@pytest.mark.parametrize("key", ["read", "limited read", "admin"])
def test_every_link_of_the_first_page_leads_to_a_page_that_the_reader_may_see(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        page = reader.get("/today")
        paths = {unescape(path).partition("#")[0] for path in re.findall(r'<a [^>]*href="(/[^"]*)"', page.text)}
        assert any(path.startswith("/runs/") for path in paths)
        for path in sorted(paths):
            answer = reader.get(path)
            assert answer.status_code in (200, 303), path
            assert answer.headers.get("content-type", "text/html").startswith("text/html"), path
