"""How many statements each page asks the database: few, and as many for many people as for few."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from acceptance.api.world import OURS
from database.statement_counter import StatementCounter, counting
from rekindle import Engine
from rekindle.access import LOOPBACK
from rekindle.api.access import Access
from rekindle.api.app import build
from rekindle.api.follow import Following
from rekindle.api.runs import Runs
from rekindle.console import mounted
from rekindle.console.kept import Kept
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team, person

STATEMENTS = {
    "/today": 9,
    "/scenarios": 7,
    "/scenarios/nudge": 9,
    "/plan": 17,
    "/plan?organisation={organisation}": 17,
    "/people": 0,
    "/people/{person}": 17,
    "/runs": 2,
    "/runs/{run}": 1,
    "/helps": 8,
    "/unknown": 2,
    "/unknown?organisation={organisation}": 2,
    "/dead-tokens": 1,
    "/workers": 2,
    "/audit": 1,
    "/keys": 1,
    "/erasures": 1,
}
"""Without those that begin and end a transaction and set its limits of time."""
AROUND = ("begin", "commit", "rollback", "set ", "select set_config", "select pg_catalog.set_config")


@pytest.fixture(params=[2, 40], ids=["a few people", "many people"])
async def counter(request: pytest.FixtureRequest, team: Team) -> AsyncIterator[StatementCounter]:
    team.people(request.param)
    async with counting(team.url) as counter:
        yield counter


async def test_a_page_asks_as_much_for_many_people_as_for_a_few(
    counter: StatementCounter, team_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a loaded machine a count is slow, and a page would take the one that is kept.
    monkeypatch.setattr(Kept, "QUICK_SECONDS", 3_600.0)
    monkeypatch.setattr(Kept, "WAIT_SECONDS", 60.0)
    monkeypatch.setattr("rekindle.console.scenarios.WAIT_SECONDS", 60.0)
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": counter.url})
    async with Engine.open(settings, team_config, dispatcher=ScriptedDispatcher()) as engine:
        run = await engine.run(budget_seconds=60)
        access, runs = Access(without=LOOPBACK), Runs(engine, at_once=1, stop=asyncio.Event())
        app = mounted(build(engine, runs, access, docs=False), engine, access, runs, Following(engine, runs))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
            found: dict[str, int] = {}
            for page in STATEMENTS:
                path = page.format(person=person(1), run=run.run_id, organisation=OURS)
                assert (await client.get(path)).status_code == 200  # what is kept for a process is read now
                counter.statements.clear()
                answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                found[page] = sum(
                    count for text, count in counter.statements.items() if not text.lower().startswith(AROUND)
                )
    assert found == STATEMENTS
