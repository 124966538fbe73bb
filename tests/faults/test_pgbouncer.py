"""Behind a transaction pooler: each statement may use another connection, and the promises are
kept."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString, cast
from urllib.parse import urlsplit

import psycopg
import pytest

from acceptance.audit import audit
from acceptance.command import engine_over
from acceptance.pooler import PGBOUNCER, pooled
from rekindle.model import Candidate
from rekindle.postgres.pool import Database
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import Team

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def pooled_url(team_worker_url: str, tmp_path: Path) -> Iterator[str]:
    """The team's database as rekindle_worker, through a pgbouncer in transaction mode with three
    connections."""
    with pooled(team_worker_url, tmp_path) as url:
        yield url


async def test_eight_runs_at_once_give_everyone_who_is_due_one_push(
    pooled_url: str, team: Team, team_config: Config, fcm: Sandbox
) -> None:
    team.people(120, devices=2)

    async def run() -> int:
        async with engine_over(pooled_url, fcm, team_config) as engine:
            report = await engine.run(budget_seconds=60)
            assert report.status == "done", report
            return sum(one.pushes for one in report.scenarios)

    pushes = await asyncio.gather(*(run() for _ in range(8)))
    assert sum(pushes) == 240
    assert len(fcm.messages()) == 240
    assert (team.counts()["scenario_notification"], team.counts()["outbox"]) == (120, 0)
    audit(team, fcm)


async def test_the_settings_of_a_transaction_are_ours_and_end_with_it_on_a_shared_connection(
    pooled_url: str, team: Team
) -> None:
    name = urlsplit(pooled_url).path[1:]
    for setting in ("timezone = 'Asia/Tokyo'", "datestyle = 'German'", "synchronous_commit = off"):
        await asyncio.to_thread(team.execute, cast("LiteralString", f"alter database {name} set {setting}"))
    ask = "select current_setting('timezone') || current_setting('datestyle') || current_setting('synchronous_commit')"
    database = Database(pooled_url)
    await database.open()
    try:
        answers = await asyncio.gather(*(database.row(f"{ask} as ours") for _ in range(12)))
    finally:
        await database.close()
    assert {answer["ours"] for answer in answers} == {"UTCISO, MDYon"}
    async with await psycopg.AsyncConnection.connect(pooled_url, autocommit=True, prepare_threshold=None) as other:
        row = await (await other.execute("show synchronous_commit")).fetchone()
    assert row == ("off",)


async def test_plans_checks_and_history_work_through_it_too(
    pooled_url: str, team: Team, team_config: Config, fcm: Sandbox
) -> None:
    team.people(30)
    async with engine_over(pooled_url, fcm, team_config) as engine:
        assert [finding for finding in await engine.check() if finding.fault] == []
        assert await engine.apply() == []
        listed = [step async for step in engine.plan() if isinstance(step, Candidate)]
        assert len(listed) == 30
        (preview,) = await engine.dry_run()
        assert preview.checks == {"valid": 30}
        assert (await engine.run(budget_seconds=60)).status == "done"
        assert [report.status for report in await engine.runs()] == ["done"]
        assert [status.latest.recorded for status in await engine.scenarios() if status.latest] == [30]
    audit(team, fcm)
