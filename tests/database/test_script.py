"""The output of `rekindle sql` runs unchanged in psql and gives the engine's result."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from conftest import one_server
from database.test_plan_and_run import CONFIG, history, planned, written
from rekindle import Engine
from rekindle.errors import BadArgument, UnknownScenario
from rekindle.scenario import Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme, wanted

server = one_server


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


def engine_of(programme: Programme, config: Config | None = None) -> Engine:
    return Engine(programme.database, config or Config(), ScriptedDispatcher())


async def ran(url: str, script: str) -> list[dict[str, Any]]:
    """The rows of the last statement that returns rows. All statements are sent together, as
    psql sends a file."""
    rows: list[dict[str, Any]] = []
    async with await AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as connection:
        cursor = await connection.execute(script.encode())
        more: bool | None = True
        while more:
            if cursor.description is not None:
                rows = await cursor.fetchall()
            more = cursor.nextset()
    return rows


async def test_the_claim_and_the_plan_of_every_kind_give_what_the_engine_plans(database_url: str) -> None:
    async with history(database_url) as (programme, engine):
        before = await written(programme)
        for name in CONFIG.scenario:
            previews, verdicts = await planned(engine, [name])
            said = Counter(verdicts.values())
            script = await engine.sql("claim", scenario=name)
            assert {row["verdict"]: row["people"] for row in await ran(database_url, script)} == said
            assert said["claimed"] == previews[name].would_claim > 0
            rows = await ran(database_url, await engine.sql("plan", scenario=name))
            assert {(name, row["user_id"]): row["refusal"] or "claimed" for row in rows} == verdicts
            for secret in ("token-", "Hello", "There"):
                assert secret not in script
        assert await written(programme) == before


async def test_the_plan_of_one_person_or_organisation_is_that_of_the_engine(database_url: str) -> None:
    async with history(database_url) as (_, engine):
        _, verdicts = await planned(engine, ["inactivity"])
        users = [user_id for _, user_id in verdicts][:5]
        for user_id in users:
            rows = await ran(database_url, await engine.sql("plan", scenario="inactivity", user_id=user_id))
            assert [row["refusal"] or "claimed" for row in rows] == [verdicts["inactivity", user_id]]
            [row] = await ran(database_url, await engine.sql("explain", scenario="inactivity", user_id=user_id))
            [one] = (await engine.explain(user_id, scenarios=["inactivity"])).scenarios
            conditions = {condition.reason: condition.blocks for condition in one.conditions}
            assert {reason: bool(true) for reason, true in row["refusals"].items()}.items() <= conditions.items()
        organisation = await engine.sql("plan", scenario="inactivity", organisations=[users[0]])
        assert await ran(database_url, organisation) == []


async def test_the_views_that_are_absent_are_left_out(database_url: str, programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user)
    engine = engine_of(programme, Config.model_validate({"scenario": {"nudge": wanted().model_dump(mode="json")}}))
    await engine.apply()
    assert "rekindle_source.chapter" in await engine.sql("claim", scenario="nudge")
    await programme.sql.execute("drop view rekindle_source.chapter, rekindle_source.preference")
    script = await engine.sql("claim", scenario="nudge")
    assert "rekindle_source.chapter" not in script
    assert "rekindle_source.preference" not in script
    assert [(row["verdict"], row["people"]) for row in await ran(database_url, script)] == [("claimed", 1)]


async def test_arming_and_recording_is_for_the_units_of_the_run_and_prints_only_their_ids(
    database_url: str, programme: Programme
) -> None:
    users = await programme.people(3)
    engine = engine_of(programme)
    run_id, units = await programme.claimed_units(wanted())
    arm = await engine.sql("arm", run_id=run_id)
    assert [row["verdict"] for row in await ran(database_url, arm)] == ["armed"] * 3
    assert await ran(database_url, await engine.sql("record", run_id=run_id)) == []
    await programme.store.arm(units, lease_seconds=30)
    record = await engine.sql("record", run_id=run_id)
    assert [row["verdict"] for row in await ran(database_url, record)] == ["recorded"] * 3
    assert {await programme.state(unit) for unit in units} == {"dispatching"}, "the script was rolled back"
    for script in (arm, record):
        assert "WARNING" in script
        assert not any(f"token-{user}" in script for user in users)
    for nobody in (await engine.sql("arm"), await engine.sql("record")):
        assert await ran(database_url, nobody) == []


async def test_arming_says_whose_query_of_still_due_the_script_leaves_out(programme: Programme) -> None:
    await programme.people(1)
    one = wanted(still_due="select user_id from team.wanted where false")
    config = Config.model_validate({"scenario": {"nudge": one.model_dump(mode="json")}})
    engine = engine_of(programme, config)
    await engine.apply()
    run_id, _ = await programme.claimed_units(one)
    arm = await engine.sql("arm", run_id=run_id)
    assert "-- A run first asks the query `still_due` of nudge," in arm
    assert "still_due" not in await engine.sql("arm")
    assert "`still_due`" not in await engine.sql("record", run_id=run_id)


async def test_explained_it_shows_times_and_buffers_and_leaves_nothing(database_url: str, programme: Programme) -> None:
    await programme.people(3)
    engine = engine_of(programme, Config.model_validate({"scenario": {"nudge": wanted().model_dump(mode="json")}}))
    await engine.apply()
    script = await engine.sql("claim", scenario="nudge", explained=True)
    lines = [next(iter(row.values())) for row in await ran(database_url, script)]
    assert lines[-1].startswith("Execution Time")
    assert any("Buffers" in line for line in lines)
    assert script.endswith("rollback;\n")
    assert await programme.value("select count(*) from rekindle.outbox") == 0


async def test_it_reports_what_is_missing(programme: Programme) -> None:
    engine = engine_of(programme, Config.model_validate({"scenario": {"nudge": wanted().model_dump(mode="json")}}))
    await engine.apply()
    with pytest.raises(UnknownScenario, match="no scenario other is applied"):
        await engine.sql("claim", scenario="other")
    for name in ("claim", "plan", "explain"):
        with pytest.raises(BadArgument, match="needs one scenario"):
            await engine.sql(cast("Any", name))
    with pytest.raises(BadArgument, match="needs one person"):
        await engine.sql("explain", scenario="nudge")
