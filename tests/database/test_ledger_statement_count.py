"""The number of statements per stage: the same for ten people as for five hundred."""

import math
from collections import Counter

import pytest

from database.statement_counter import counting
from rekindle.engine.record import BATCH
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.model import Selection
from rekindle.policy import UNGUARDED, Guard
from rekindle.postgres.reports import Reports
from rekindle.scenario import AnyScenario, Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted

KINDS = {
    "inactivity": scenario("inactivity", after=["14d", "30d"]),
    "milestone": scenario("milestone", at=[1]),
    "expiry": scenario("expiry", before=["30d", "7d"]),
    "sql": wanted(),
    "every policy": scenario(
        "milestone", at=[1], quiet_hours="21:00-08:00", weekdays=["mon", "wed"], caps=["1 per 1d", "3 per 7d"]
    ),
}
NOON = "2026-05-06 12:00:00+00"  # a Wednesday


async def fill(programme: Programme, count: int, devices: int = 1) -> None:
    await programme.people(count, devices=devices)
    await programme.sql.execute(
        "insert into team.activity select user_id, rekindle.clock() - interval '20 days' from team.person"
    )
    await programme.sql.execute(
        "insert into team.certificate select gen_random_uuid(), user_id, 'First aid', rekindle.clock()::date + 3"
        " from team.person"
    )


async def claim_of(database_url: str, one: AnyScenario, people: int) -> Counter[str]:
    async with (
        counting(database_url) as counter,
        open_programme(database_url, ledger_url=counter.url) as programme,
    ):
        await programme.at(NOON)
        await fill(programme, people)
        run_id = await programme.run()
        counter.statements.clear()
        watching = Guard(floor=people)
        assert (await programme.claim(one, run_id=run_id, guard=watching)).claimed == people
        statements = Counter(counter.statements)
        await programme.sql.execute("drop schema team cascade; drop schema rekindle_source cascade")
        await programme.sql.execute(
            "truncate rekindle.outbox, rekindle.cap, rekindle.gate, rekindle.run_scenario, rekindle.run"
        )
        return statements


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_evaluating_and_claiming_takes_the_same_statements_whatever_the_number_of_people(
    database_url: str, kind: str
) -> None:
    few = await claim_of(database_url, KINDS[kind], 10)
    many = await claim_of(database_url, KINDS[kind], 500)
    assert few == many
    assert sum("rekindle:claim */" in text for text in many) == 1
    assert many.total() <= (23 if kind == "sql" else 11), sorted(many)


async def whole_run(database_url: str, people: int, devices: int) -> Counter[str]:
    async with (
        counting(database_url) as counter,
        open_programme(database_url, ledger_url=counter.url, connections=8) as programme,
    ):
        await fill(programme, people, devices)
        # For rendering, the run looks up the version in force.
        config = Config(scenario={"milestone": KINDS["milestone"].model_dump(exclude_none=True)})
        await Reports(programme.database).store_config(config)
        counter.statements.clear()
        dispatcher = ScriptedDispatcher()
        report = await run_cycle(
            Deps(dispatcher, programme.store, programme.store),
            [applied(KINDS["milestone"], "milestone")],
            Selection(),
            Limits(guard=UNGUARDED),
        )
        assert report.status == "done"
        assert len(dispatcher.sent) == people * devices
        statements = Counter(counter.statements)
        await programme.sql.execute("drop schema team cascade; drop schema rekindle_source cascade")
        tables = ("outbox", "gate", "run_scenario", "run", "delivery", "came_back", "scenario_notification", "scenario")
        await programme.sql.execute(f"truncate {', '.join(f'rekindle.{table}' for table in tables)}".encode())
        return statements


def named(statements: Counter[str], name: str) -> int:
    return sum(count for text, count in statements.items() if f"/* rekindle:{name} */" in text)


async def test_the_statements_of_a_whole_run_grow_with_the_batches_and_not_with_the_people(database_url: str) -> None:
    few = await whole_run(database_url, 10, 1)
    many = await whole_run(database_url, 1_000, 3)
    assert named(many, "claim") == named(few, "claim") == 1
    batches = math.ceil(3_000 / BATCH)
    for name in ("leased", "arm", "record"):
        assert named(few, name) >= 1, name
        # A batch takes all units that are ready. Twice the least number of batches allows for
        # batches that are not full.
        assert named(many, name) <= 4 * batches, (name, named(many, name))
    assert many.total() <= few.total() + 12 * batches, (few.total(), many.total())
