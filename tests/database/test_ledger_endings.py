"""The statements that end units share one rule for gates and one list of an outcome's columns,
and change no other person's gate."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from database.test_statements import numbered, raw
from rekindle.model import Acceptance, Ending, Unit
from rekindle.policy import HOLD_SECONDS
from rekindle.postgres.settle import settle
from rekindle.postgres.sql import names, statement
from team.programme import Programme, open_programme

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def finish(programme: Programme, run_id: UUID, unit: Unit) -> None:
    assert await programme.store.finish(run_id, [Ending(unit, "dead", "x")]) == 1


async def record(programme: Programme, run_id: UUID, unit: Unit) -> None:
    assert await programme.store.record(run_id, [Acceptance(unit, "n")]) == ["recorded"]


async def hold_until_the_sweep(programme: Programme, _: UUID, unit: Unit) -> None:
    await programme.store.hold([(unit, "timeout")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 60))
    assert (await programme.store.sweep())["unknown"] == 1


async def wait_until_stale(programme: Programme, _: UUID, unit: Unit) -> None:
    await programme.sql.execute(
        "update rekindle.outbox set state = 'retry', uncertain = true, owner = null, lease_until = null,"
        " give_up_at = %s where claim_id = %s",
        [NOW, unit.claim_id],
    )
    assert (await programme.store.sweep())["stale"] == 1


async def lose_the_unit(programme: Programme, _: UUID, unit: Unit) -> None:
    await programme.sql.execute("delete from rekindle.outbox where claim_id = %s", [unit.claim_id])
    assert (await programme.store.sweep())["gates"] == 1


async def settle_as_not_sent(programme: Programme, _: UUID, unit: Unit) -> None:
    await programme.store.hold([(unit, "timeout")])
    assert await settle(programme.database, unit.claim_id, provider_name=None) == 1


ENDINGS: list[Callable[[Programme, UUID, Unit], Awaitable[None]]] = [
    finish, record, hold_until_the_sweep, wait_until_stale, lose_the_unit, settle_as_not_sent,
]  # fmt: skip
OTHERS = "select * from rekindle.gate where (user_id, scenario_type) <> (%s, %s) order by user_id, scenario_type"


@pytest.mark.parametrize("others", ["in flight", "open"])
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
async def test_an_ending_moves_the_gate_of_its_person_and_scenario_and_no_other(
    programme: Programme, end: Callable[[Programme, UUID, Unit], Awaitable[None]], others: str
) -> None:
    """The other gates: the same person in another scenario, and another person in both."""
    person, _ = await programme.people(2)
    await programme.armed_units(scenario_type="other")
    run_id, units = await programme.armed_units()
    (unit,) = (one for one in units if one.user_id == person)
    if others == "in flight":
        await programme.sql.execute(
            "update rekindle.outbox set lease_until = 'infinity' where claim_id <> %s", [unit.claim_id]
        )
    else:
        await programme.sql.execute("delete from rekindle.outbox where claim_id <> %s", [unit.claim_id])
        await programme.sql.execute("update rekindle.gate set inflight = null where inflight <> %s", [unit.claim_id])
    await programme.sql.execute("update rekindle.gate set next_at = %s", [NOW + timedelta(hours=12)])
    before = await programme.rows(OTHERS, person, "nudge")
    assert len(before) == 3
    await programme.at(NOW + timedelta(seconds=1))
    await end(programme, run_id, unit)
    assert await programme.rows(OTHERS, person, "nudge") == before
    gate = await programme.gate(person)
    assert gate is not None
    assert gate["inflight"] is None
    assert gate["next_at"] != NOW + timedelta(hours=12)


SHARED = ("ended", "reached", "next_at")
ENDING = ["finish", "record", "settle_not_sent", "sweep_gates", "sweep_stale", "sweep_unknown"]


@pytest.mark.usefixtures("database_url")
@pytest.mark.parametrize("name", ENDING)
async def test_the_planner_inlines_the_shared_functions(sql: psycopg.AsyncConnection, name: str) -> None:
    """A call that is not inlined would run for each unit, and its queries would be planned
    separately."""
    text = statement(name)
    calls = [one for one in SHARED if f"rekindle.{one}(" in text]
    assert calls
    await sql.execute("set plan_cache_mode = force_generic_plan")
    await sql.execute(f"prepare ending as {numbered(text)}".encode())
    count = len(set(re.findall(r"%\((\w+)\)s", text)))
    given = f"({', '.join(['null'] * count)})" if count else ""
    cursor = await sql.execute(f"explain (verbose, costs off) execute ending{given}".encode())
    plan = "\n".join(row["QUERY PLAN"] for row in await cursor.fetchall())
    assert "outcome" in plan or "gate" in plan
    for one in SHARED:
        assert not re.search(rf"\b{one}\(", plan), plan
        assert f"Function Scan on rekindle.{one}" not in plan, plan


def test_outcomes_are_written_in_one_way_only_and_their_columns_are_listed_once() -> None:
    inserts = {name: re.findall(r"insert into rekindle\.outcome\s+(\S+)", raw(f"{name}.sql")) for name in names()}
    assert {name: found for name, found in inserts.items() if found} == {
        name: ["select"] for name in ENDING if name != "sweep_gates"
    }


def test_a_gate_is_opened_by_the_rule_and_otherwise_only_by_the_claim_that_shut_it() -> None:
    own = {
        name
        for name in names()
        if "update rekindle.gate" in raw(f"{name}.sql") and "rekindle.next_at(" not in raw(f"{name}.sql")
    }
    assert own == {"claim_undo"}
