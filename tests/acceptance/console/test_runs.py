"""The pages of runs: what they show, to which reader, and without a database."""

import re
from pathlib import Path

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.api.world import SCENARIO, World
from acceptance.command import Command, environment
from acceptance.console.browsing import reading, text
from conftest import SERVERS, SETTINGS
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, fill_team, write_config
from team.waiting import until


@pytest.mark.parametrize("key", ["limited read", "limited operate", "limited admin"])
def test_a_reader_of_one_organisation_sees_its_runs_and_nothing_of_another(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        pages = [
            reader.get(path) for path in ("/runs", f"/runs?scenario={SCENARIO}", f"/runs/{world.ours.named['run_id']}")
        ]
        assert [one.status_code for one in pages] == [200, 200, 200]
        other = reader.get(f"/runs/{world.theirs.named['run_id']}")
        nothing = reader.get("/runs/00000000-0000-0000-0000-000000000000")
        assert (other.status_code, other.text) == (404, nothing.text)
        for page in [*pages, other]:
            assert not any(mark in page.text for mark in world.theirs.marks), page.url
        assert all("granvik" in one.text for one in pages)
        assert len(re.findall(r'href="/runs/[0-9a-f-]{36}"', pages[0].text)) == 1


@pytest.mark.parametrize("key", ["read", "operate", "admin"])
def test_a_reader_without_limits_sees_every_run(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        runs = re.findall(r'href="(/runs/[0-9a-f-]{36})"', reader.get("/runs").text)
        assert len(runs) == 2
        assert all(reader.get(path).status_code == 200 for path in runs)


def test_the_sums_of_a_run_are_on_its_page_with_reasons_in_words(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        page = text(reader.get(f"/runs/{world.ours.named['run_id']}"))
    assert "4 evaluated = 0 not due + 0 refused + 4 claimed" in page
    assert (
        "4 claimed + 0 carried = 3 recorded + 0 held out + 0 skipped + 0 dead + 1 unknown + 0 pending + 0 handed over"
        in page
    )
    assert "Unknown: it may have arrived, so it is not repeated." in page
    assert "Incomplete" in page
    assert "granvik" in page


def test_an_empty_ledger_an_unknown_scenario_and_a_wrong_cursor_are_explained(api: Served) -> None:
    with reading(api, KEY) as reader:
        assert "Nothing has run yet" in text(reader.get("/runs"))
        assert "No such run of x. Show all runs" in text(reader.get("/runs?scenario=x"))
        assert "No such run of a\ufffdb" in text(reader.get("/runs?scenario=a%00b"))
        assert "RK725" in text(reader.get("/runs?cursor=x"))
        assert "RK704" in text(reader.get("/runs/x"))


def test_the_runs_and_the_unknown_sends_of_a_retired_scenario_are_found(
    rekindle: Command, api: Served, team: Team, fcm: Sandbox
) -> None:
    team.people(1)
    rekindle("apply")
    fcm.faults([{"respond": {"status": 503}, "match": {"path": "send"}}])
    run = api.post(wait=40).json()
    write_config(rekindle.folder, TEAM_CONFIG.replace("scenario.nudge", "scenario.later"))
    assert rekindle("apply", "--retire").code == 0
    with reading(api, KEY) as reader:
        listed = reader.get("/runs?scenario=nudge")
        assert f"/runs/{run['run_id']}" in listed.text
        assert "<option selected>nudge</option>" in listed.text
        listed = reader.get("/unknown?scenario=nudge")
        assert 'href="/unknown/0' in listed.text
        assert "<option selected>nudge</option>" in listed.text


def test_many_runs_are_pages_and_each_appears_once(rekindle: Command, api: Served, team: Team) -> None:
    rekindle("apply")
    team.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)"
        " select gen_random_uuid(), 'done', now() - make_interval(mins => n), now(), 1, 'log'"
        " from generate_series(1, 60) n"
    )
    with reading(api, KEY) as reader:
        path, seen = "/runs", list[str]()
        for expected in (25, 25, 10):
            page = reader.get(path)
            found = re.findall(r'href="/runs/([0-9a-f-]{36})"', page.text)
            assert len(found) == expected
            seen += found
            following = re.search(r'href="(/runs\?cursor=[^"]+)">Older', page.text)
            path = following[1] if following else ""
        assert not path
        assert len(set(seen)) == 60


def test_text_from_outside_stays_text(rekindle: Command, api: Served, team: Team) -> None:
    team.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, halted_by,"
        " started_by) values (gen_random_uuid(), 'halted', now(), now(), 1, 'log', %s, %s)",
        "RK502 <script>alert(1)</script> \x1b[31m\u202e{{ 7*7 }}",
        "key <b>",
    )
    with reading(api, KEY) as reader:
        listed = reader.get("/runs")
        page = reader.get(re.findall(r'href="(/runs/[0-9a-f-]{36})"', listed.text)[0])
    for one in (listed, page):
        assert one.status_code == 200
        assert "&lt;script&gt;" in one.text
        assert not any(bad in one.text for bad in ("<script>", "\x1b", "\u202e", "<b>"))
        assert "{{ 7*7 }}" in text(one)
    assert "It stopped, and somebody must act." in text(page)


def test_without_a_database_a_page_says_so_and_works_again_when_it_is_back(
    running_sandbox: Sandbox, tmp_path: Path
) -> None:
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as postgres:
        fill_team(postgres.url)
        write_config(tmp_path, TEAM_CONFIG)
        command = Command(tmp_path, environment(postgres.url, running_sandbox)).having(REKINDLE_API_KEY=KEY)
        with serving(command) as api, reading(api, KEY) as reader:
            assert reader.get("/runs").status_code == 200
            postgres.crash()
            for path in ("/runs", "/today"):
                answer = reader.get(path)
                assert (answer.status_code, "RK201" in text(answer)) == (503, True)
                assert int(answer.headers["retry-after"]) > 0
            assert reader.get("/sign-in").status_code == 200
            assert reader.get("/console.css").status_code == 200
            postgres.start()
            until(lambda: reader.get("/today").status_code == 200)
