"""A run that the guard held back is confirmed in two steps: look, then type the number."""

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command, engine_over
from acceptance.console.browsing import FORM, Reader, reading, text
from conftest import shift_clock
from rekindle.configuration import load_config
from rekindle.ports import Grant
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, UNGUARDED, Team, name_organisations, write_config

GUARDED = TEAM_CONFIG.replace(UNGUARDED, "[run]\nguard_floor = 10\n")
HERE, THERE = UUID(int=1), UUID(int=2)
GRANTS = {
    "ida": Grant("ida", "operate"),
    "jonas": Grant("jonas", "operate"),
    "reader": Grant("reader", "read"),
    "here": Grant("here", "operate", (HERE,)),
    "there": Grant("there", "operate", (THERE,)),
}


@pytest.fixture
def keys(rekindle: Command, team: Team, fcm: Sandbox) -> dict[str, str]:
    """Twelve people are due, and the guard allows three. Two more are not due. A key of each
    kind."""
    write_config(rekindle.folder, GUARDED)
    name_organisations(team)
    team.execute("update team.organisation set name = 'Granvik' where organisation_id = %s", HERE)
    ids = team.people(14)
    team.execute("delete from team.wanted where user_id = any (%s)", ids[12:])
    team.execute("update team.person set organisation_id = %s", HERE)
    config = load_config(rekindle.folder / "rekindle.toml")

    async def created() -> dict[str, str]:
        async with engine_over(team.url, fcm, config) as engine:
            await engine.apply()
            return {name: (await engine.create_key(grant)).secret for name, grant in GRANTS.items()}

    return asyncio.run(created())


@pytest.fixture
def api(keys: dict[str, str], rekindle: Command) -> Iterator[Served]:
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as served:
        yield served


def halted(api: Served, **body: object) -> str:
    report = api.post(body, wait=30).json()
    assert (report["status"], report["halted_by"][:5]) == ("halted", "RK502")
    return f"/runs/{report['run_id']}"


def sent(reader: Reader, path: str, people: object, *, page: httpx.Response | None = None) -> httpx.Response:
    """Send the form of the confirmation as the page has it, with this number typed."""
    shown = page or reader.get(f"{path}/confirm")
    form = {"form": FORM.findall(shown.text)[0], "shown": re.findall(r'name="shown" value="(\d+)"', shown.text)[0]}
    return reader.post(f"{path}/confirm", data={**form, "people": str(people)})


def test_a_held_run_is_looked_at_and_its_number_typed_before_anybody_is_reached(
    api: Served, keys: dict[str, str], team: Team, fcm: Sandbox
) -> None:
    path = halted(api)
    with reading(api, keys["ida"]) as ida:
        look = ida.get(path)
        words = text(look)
        assert "Step 1 of 2 · look" in words
        assert "nudge was held back with 12 people: unusually many were due" in words
        assert look.text.index("/plan?scenario=nudge") < look.text.index(f"{path}/confirm"), "look first"
        ask = text(ida.get(f"{path}/confirm"))
        assert "Reach 12 people now?" in ask
        assert "nudge: 12 people" in ask
        figures = "nudge 12 86 % 12 3 21 % of 14 active people, with all scenarios"
        assert (figures in words, figures in ask) == (True, True)
        [held] = api.run(path.removeprefix("/runs/"))["held"]
        assert (held["people"], held["recipients"], held["total"], held["share_allows"]) == (12, 14, 12, 3)
        listed = text(ida.get("/runs"))
        assert "nudge Halted Held back by the guard: nudge, 12 people" in listed
        for typed, said in (
            ("21", "Type 12, the number of people. You typed 21."),
            ("twelve", "Type 12, the"),
            ("", "Ty"),
        ):
            answer = sent(ida, path, typed)
            assert (answer.status_code, said in text(answer)) == (422, True)
            assert f'value="{typed}"' in answer.text
        assert fcm.messages() == []
        done = sent(ida, path, "12")
        assert (done.status_code, done.headers["location"][:6]) == (303, "/runs/")
        new = done.headers["location"].removeprefix("/runs/")
        report = api.run(new, wait=30)
        assert (report["scenarios"][0]["recorded"], report["started_by"]) == (12, "key ida")
        assert len(fcm.messages()) == 12
        assert f'"/runs/{new}"' in ida.get(path).text
        again = ida.get(f"{path}/confirm")
        assert "You have confirmed this run" in text(again)
        assert not re.search(r'name="people"', again.text)
    rows = team.rows(
        "select actor, subject, details->>'confirms', details->>'confirmed' from rekindle.audit "
        "where action = 'run.confirmed'"
    )
    assert rows == [("key ida", new, path.removeprefix("/runs/"), "12")]


def test_of_two_readers_at_once_one_confirms_and_the_other_reads_who_did(
    api: Served, keys: dict[str, str], fcm: Sandbox
) -> None:
    path = halted(api)
    barrier = threading.Barrier(2)
    with reading(api, keys["ida"]) as ida, reading(api, keys["jonas"]) as jonas, ThreadPoolExecutor(2) as pool:
        pages = [(one, one.get(f"{path}/confirm")) for one in (ida, jonas)]

        def ask(pair: tuple[Reader, httpx.Response]) -> httpx.Response:
            barrier.wait(timeout=60)
            return sent(pair[0], path, 12, page=pair[1])

        answers = list(pool.map(ask, pages))
    assert sorted(one.status_code for one in answers) == [303, 409]
    won, lost = sorted(answers, key=lambda one: one.status_code)
    winner = ("ida", "jonas")[answers.index(won)]
    words = text(lost)
    assert "Somebody else has confirmed this run" in words
    assert re.search(rf"key {winner} did (today|yesterday) \d\d:\d\d \. Nothing was sent twice\.", words)
    assert won.headers["location"] in lost.text
    api.run(won.headers["location"].removeprefix("/runs/"), wait=30)
    assert len(fcm.messages()) == 12


def test_a_number_that_has_changed_and_a_run_that_is_over_are_explained_and_nobody_is_reached(
    api: Served, keys: dict[str, str], team: Team, fcm: Sandbox
) -> None:
    path = halted(api)
    with reading(api, keys["ida"]) as ida:
        page = ida.get(f"{path}/confirm")
        team.execute(
            "insert into team.wanted select user_id, 'first', '{\"points\": 7}' from team.person "
            "where user_id not in (select user_id from team.wanted)"
        )
        more = sent(ida, path, 12, page=page)
        assert more.status_code == 409
        assert "The number has changed: it was 12, now it is 14" in text(more)
        assert "Nothing was sent. Look again" in text(more)
        team.execute("update rekindle.scenario set retired = true")
        gone = sent(ida, path, 12, page=page)
        assert (gone.status_code, "None of its scenarios is enabled any more" in text(gone)) == (409, True)
        team.execute("update rekindle.scenario set retired = false")
        team.execute("delete from team.wanted")
        assert "There is nothing to confirm" in text(ida.get(f"{path}/confirm"))
        shift_clock(team.url, "25 hours")
        old = ida.get(f"{path}/confirm")
        assert "which is over 24 hours ago" in text(old)
        assert 'name="people"' not in old.text
        assert "cannot be confirmed any more" in text(ida.get(path))
    assert fcm.messages() == []
    assert team.rows("select count(*) from rekindle.run") == [(1,)]


def test_nobody_without_the_scope_the_organisation_or_the_secret_of_a_page_confirms(
    api: Served, keys: dict[str, str], team: Team, fcm: Sandbox
) -> None:
    path = halted(api, organisations=[str(HERE)])
    with reading(api, keys["reader"]) as reader:
        look = reader.get(path)
        assert "Somebody with the scope operate can confirm it" in text(look)
        assert "/confirm" not in look.text
        form = {"form": FORM.findall(look.text)[0], "shown": "12", "people": "12"}
        answers = [reader.get(f"{path}/confirm"), reader.post(f"{path}/confirm", data=form)]
        assert [(one.status_code, "RK712" in one.text) for one in answers] == [(403, True)] * 2
    with reading(api, keys["there"]) as there:
        form["form"] = FORM.findall(there.get("/runs").text)[0]
        answers = [there.get(path), there.get(f"{path}/confirm"), there.post(f"{path}/confirm", data=form)]
        assert [one.status_code for one in answers] == [404] * 3
        assert not any("Granvik" in one.text for one in answers)
    with reading(api, keys["here"]) as here:
        assert "Granvik" in text(here.get(f"{path}/confirm"))
        for wrong in ({}, {"form": form["form"]}):
            answer = here.post(f"{path}/confirm", data={"shown": "12", "people": "12", **wrong})
            assert (answer.status_code, "RK758" in answer.text) == (403, True)
        own = {**form, "form": FORM.findall(here.get(path).text)[0]}
        assert here.post(f"{path}/confirm", data=own, headers={"origin": "https://other.example"}).status_code == 403
        assert fcm.messages() == []
        assert here.post(f"{path}/confirm", data=own).status_code == 303
    assert team.rows("select count(*) from rekindle.run") == [(2,)]


def test_a_run_that_the_guard_did_not_halt_is_not_confirmed(api: Served, keys: dict[str, str], team: Team) -> None:
    team.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, halted_by)"
        " values (%s, 'halted', now(), now(), 1, 'log', 'RK402 the key was refused')",
        HERE,
    )
    with reading(api, keys["ida"]) as ida:
        assert "Step 1" not in text(ida.get(f"/runs/{HERE}"))
        answer = ida.get(f"/runs/{HERE}/confirm")
        assert (answer.status_code, "the guard did not halt this run" in answer.text) == (409, True)
        assert ida.get("/runs/x/confirm").status_code == 404
