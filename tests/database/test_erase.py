"""A person is erased: nothing about them is left in any table, whatever their pushes were doing,
and nothing comes back. An export has everything that an erasure would delete."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from conftest import one_server
from database.statement_counter import counting
from rekindle.app import Engine
from rekindle.errors import StillRecipient
from rekindle.model import Acceptance, Ending, Unit
from rekindle.ports import Entry, Erased
from rekindle.postgres import people
from rekindle.postgres.people import TABLES
from rekindle.postgres.sql import statement
from rekindle.scenario import Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme, wanted
from team.waiting import WAIT_SECONDS

server = one_server

MARKS = {"user_id", "claim_id", "device_id", "target", "occurrence", "idempotency_key", "provider_name", "variables"}
"""Columns that hold a person, or something that leads to one."""
ENTRY = Entry("person.erased")
_HURRY = """
update rekindle.{0} t set {1} = rekindle.clock()
from (select ctid as place from rekindle.{0} where {2} for update skip locked) free where t.ctid = free.place
"""


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, connections=6) as programme:
        yield programme


def engine_of(programme: Programme) -> Engine:
    return Engine(programme.database, Config(), ScriptedDispatcher())


async def erase(programme: Programme, user_id: UUID, *, force: bool = True) -> Erased:
    return await engine_of(programme).erase(user_id, force=force)


async def exported(programme: Programme, user_id: UUID) -> dict[str, Any]:
    async with aclosing(engine_of(programme).export(user_id)) as pieces:
        return json.loads("".join([piece async for piece in pieces]))


async def dump(programme: Programme) -> dict[str, list[str]]:
    """Every row of every table of the ledger, as text."""
    tables = await programme.rows(
        "select relname from pg_class where relnamespace = 'rekindle'::regnamespace and relkind in ('r', 'p')"
    )
    return {
        table["relname"]: [
            row["row"] for row in await programme.rows(f"select t::text as row from rekindle.{table['relname']} t")
        ]
        for table in tables
    }


async def everywhere(programme: Programme) -> UUID:
    """A person with a row in every table that may hold one, and a unit in every state; and another
    person beside them with the same."""
    config = {"caps": ["9 per 1d"]}
    victim, _ = await programme.people(2)

    async def one_more(scenario_type: str) -> tuple[UUID, list[Unit]]:
        return await programme.claimed_units(wanted(**config), scenario_type=scenario_type)

    await one_more("claimed")
    run_id, units = await one_more("dispatching")
    await programme.store.arm(units, lease_seconds=60)
    for name in ("recorded", "unknown", "gone", "waiting"):
        run_id, units = await one_more(name)
        await programme.store.arm(units, lease_seconds=60)
        match name:
            case "recorded":
                await programme.store.record(run_id, [Acceptance(unit, f"name-{unit.user_id}") for unit in units])
            case "unknown":
                await programme.store.hold([(unit, "timeout") for unit in units])
            case "gone":
                endings = [Ending(unit, "skipped", "unregistered", prune=True) for unit in units]
                await programme.store.finish(run_id, endings)
            case _:
                await programme.store.retry([(unit, "quota_exceeded", 60.0) for unit in units])
        if name == "gone":
            await programme.sql.execute("update team.device set last_registered_at = now() + interval '1 hour'")
    await programme.sql.execute(
        "insert into rekindle.spent select user_id, 'pruned', 'once', now(), now() from team.person"
    )
    await programme.sql.execute(
        "insert into rekindle.came_back (claim_id, scenario_type, dispatched_at, horizon_seconds, opted_out) "
        "select id, scenario_type, dispatched_at, 86400, false from rekindle.scenario_notification"
    )
    await programme.sql.execute(
        "insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, "
        "scenario_version) select gen_random_uuid(), user_id, 'nudged', 1, gen_random_uuid(), now(), 'nudge', 1 "
        "from team.person"
    )
    await programme.sql.execute(
        "insert into rekindle.test_send (test_id, user_id, scenario_type, scenario_version, due, sent_by) "
        "select gen_random_uuid(), user_id, 'nudge', 1, true, 'somebody' from team.person"
    )
    return victim


async def traces(programme: Programme, user_id: UUID) -> list[str]:
    """What leads to the person: their id, and the ids of their devices, claims and keys."""
    rows = await programme.rows(
        "select user_id::text as trace from (select %(user)s::uuid as user_id) me "
        "union select device_id::text from rekindle.outbox where user_id = %(user)s "
        "union select device_id::text from rekindle.disabled_token where user_id = %(user)s "
        "union select claim_id::text from rekindle.outbox where user_id = %(user)s "
        "union select claim_id::text from rekindle.outcome where user_id = %(user)s "
        "union select id::text from rekindle.scenario_notification where user_id = %(user)s "
        "union select idempotency_key from rekindle.scenario_notification where user_id = %(user)s "
        "union select idempotency_key from rekindle.outcome where user_id = %(user)s "
        "union select idempotency_key from rekindle.outbox where user_id = %(user)s "
        "union select target from rekindle.outbox where user_id = %(user)s".replace("%(user)s", f"'{user_id}'")
    )
    return [row["trace"] for row in rows]


def found(tables: dict[str, list[str]], wanted_traces: list[str]) -> set[str]:
    return {table for table, rows in tables.items() if any(trace in row for row in rows for trace in wanted_traces)}


async def waits(programme: Programme, task: asyncio.Task[Any], name: str) -> bool:
    """Whether the task comes to wait for a lock in this statement; False if it ends before."""
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    async with asyncio.timeout(WAIT_SECONDS):
        while not task.done():
            if await programme.value(query, f"/* rekindle:{name} */%"):
                return True
            await asyncio.sleep(0.005)
    return False


async def test_every_table_that_holds_a_person_is_erased_and_exported(programme: Programme) -> None:
    """A new table or column that may hold a person fails here until erase and export know it."""
    marked = await programme.rows(
        "select distinct table_name as name from information_schema.columns "
        "where table_schema = 'rekindle' and column_name = any (%s) order by 1",
        sorted(MARKS),
    )
    assert {row["name"] for row in marked} == set(TABLES)
    victim = await everywhere(programme)
    left_by = await traces(programme, victim)
    assert found(await dump(programme), left_by) == set(TABLES)
    document = await exported(programme, victim)
    assert [table for table, rows in document["tables"].items() if not rows] == []
    erased = await erase(programme, victim)
    assert erased.rows == {table: len(rows) for table, rows in document["tables"].items()}
    assert found(await dump(programme), left_by) == set()


async def test_nobody_else_loses_a_row(programme: Programme) -> None:
    victim = await everywhere(programme)
    before = await dump(programme)
    marks = await traces(programme, victim)
    await erase(programme, victim)
    after = await dump(programme)
    for table in set(after) - {"audit"}:
        assert sorted(after[table]) == sorted(
            row for row in before[table] if table not in TABLES or not any(mark in row for mark in marks)
        )


async def test_what_cannot_be_taken_back_is_counted(programme: Programme) -> None:
    victim = await everywhere(programme)
    erased = await erase(programme, victim)
    # claimed and waiting are withdrawn; dispatching and unknown may be at the provider.
    assert (erased.withdrawn, erased.under_way, erased.still_recipient) == (2, 2, True)
    assert erased.may_arrive_until is not None
    days = (erased.may_arrive_until - await programme.value("select rekindle.clock()")).total_seconds() / 86_400
    assert 27 < days <= 28  # no version of these scenarios is applied: the longest time of a provider


async def test_the_audit_has_the_numbers_and_not_the_person(programme: Programme) -> None:
    victim = await everywhere(programme)
    marks = await traces(programme, victim)
    await exported(programme, victim)
    erased = await erase(programme, victim)
    rows = await programme.rows("select action, subject, organisation_id, details from rekindle.audit order by at")
    rows = [row for row in rows if row["action"].startswith("person.")]
    assert [row["action"] for row in rows] == ["person.exported", "person.erased"]
    exporting, erasing = rows
    assert exporting["details"] == {"rows": erased.rows}
    assert erasing["details"] == {"rows": erased.rows, "withdrawn": 2, "under_way": 2}
    assert not any(mark in str(row) for row in rows for mark in marks)


async def test_an_active_recipient_is_erased_only_by_force(programme: Programme) -> None:
    [user_id] = await programme.people(1)
    await programme.claimed_units()
    with pytest.raises(StillRecipient):
        await erase(programme, user_id, force=False)
    assert await programme.gate(user_id) is not None
    await programme.sql.execute("update team.person set active = false")
    assert (await erase(programme, user_id, force=False)).still_recipient is False
    assert await programme.gate(user_id) is None


async def test_an_unknown_person_is_no_error_and_every_number_is_0(programme: Programme) -> None:
    nobody = uuid4()
    erased = await erase(programme, nobody, force=False)
    assert (erased.total, erased.withdrawn, erased.under_way, erased.may_arrive_until) == (0, 0, 0, None)
    assert (await exported(programme, nobody))["tables"] == {table: [] for table in TABLES}


async def test_a_person_who_is_erased_and_is_still_a_recipient_may_be_claimed_at_once(programme: Programme) -> None:
    [user_id] = await programme.people(1)
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])
    assert (await programme.claim(wanted())).refusals == {"already_notified": 1}
    assert (await erase(programme, user_id)).still_recipient
    assert (await programme.claim(wanted())).claimed == 1


@pytest.mark.parametrize("answer", ["record", "finish", "retry", "hold"])
async def test_an_answer_that_comes_after_the_erasure_changes_nothing(programme: Programme, answer: str) -> None:
    [user_id] = await programme.people(1)
    run_id, units = await programme.armed_units()
    erased = await erase(programme, user_id)
    assert (erased.withdrawn, erased.under_way) == (0, 1)
    match answer:
        case "record":
            assert await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units]) == ["stale"]
        case "finish":
            gone = [Ending(unit, "skipped", "unregistered", prune=True) for unit in units]
            assert await programme.store.finish(run_id, gone) == 0
        case "retry":
            assert await programme.store.retry([(unit, "x", 1.0) for unit in units]) == 0
        case _:
            assert await programme.store.hold([(unit, "x") for unit in units]) == 0
    assert found(await dump(programme), [str(user_id), str(units[0].claim_id), str(units[0].device_id)]) == set()


async def test_a_unit_that_is_erased_before_it_is_armed_is_never_sent(programme: Programme) -> None:
    [user_id] = await programme.people(1)
    _, units = await programme.claimed_units()
    assert (await erase(programme, user_id)).withdrawn == 1
    assert await programme.store.arm(units, lease_seconds=30) == {}


async def test_the_numbers_of_a_run_still_add_up_if_a_person_is_erased_meanwhile(programme: Programme) -> None:
    user_id, _ = await programme.people(2)
    run_id, units = await programme.armed_units()
    await erase(programme, user_id)
    await programme.store.record(run_id, [Acceptance(unit, f"n-{unit.user_id}") for unit in units])
    [numbers] = (await programme.store.count_run(run_id, status="done")).scenarios
    assert (numbers.claimed, numbers.recorded, numbers.handed_over) == (2, 1, 1)


async def test_an_erasure_waits_for_the_claims_under_way(programme: Programme) -> None:
    """The claim decided by the recipients that it saw when it began. It must not write rows of a
    person after their erasure."""
    [user_id] = await programme.people(1)
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        # The claim has taken its locks and waits for the guard, so its rows are not committed.
        await holder.execute("lock table rekindle.run_scenario in exclusive mode")
        claiming = asyncio.create_task(programme.claim(wanted()))
        await programme.blocked("run_scenario_open")
        await programme.sql.execute("update team.person set active = false")
        erasing = asyncio.create_task(erase(programme, user_id))
        assert await waits(programme, erasing, "erasure_begin")
        await holder.rollback()
    assert (await claiming).claimed == 1
    assert (await erasing).withdrawn == 1
    assert found(await dump(programme), [str(user_id)]) == set()


async def test_a_claim_waits_for_the_erasure_under_way(programme: Programme) -> None:
    [user_id] = await programme.people(1)
    await programme.claimed_units()
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("select from rekindle.gate for update")
        erasing = asyncio.create_task(erase(programme, user_id))
        await programme.blocked("erase_gates")
        claiming = asyncio.create_task(programme.claim(wanted()))
        assert await waits(programme, claiming, "erasure_share")
        await programme.sql.execute("update team.person set active = false")
        await holder.rollback()
    await erasing
    assert (await claiming).claimed == 0
    assert found(await dump(programme), [str(user_id)]) == set()


async def test_a_claim_waits_for_an_erasure_that_waits_for_another_claim(programme: Programme) -> None:
    """Otherwise an erasure would not be reached while one claim follows another."""
    await programme.people(1)
    async with await psycopg.AsyncConnection.connect(programme.database.url) as earlier:
        await earlier.execute(statement("erasure_share"))
        erasing = asyncio.create_task(erase(programme, uuid4()))
        assert await waits(programme, erasing, "erasure_begin")
        claiming = asyncio.create_task(programme.claim(wanted()))
        assert await waits(programme, claiming, "erasure_share")
        await earlier.rollback()
    await asyncio.gather(erasing, claiming)


@pytest.mark.parametrize("closed", [False, True], ids=["held", "closed"])
async def test_a_record_that_is_written_at_the_same_moment_is_erased_too(programme: Programme, closed: bool) -> None:
    """The erasure waits for the unit, and then finds the record and not the unit."""
    [user_id] = await programme.people(1)
    run_id, units = await programme.armed_units()
    if closed:
        await programme.store.hold([(unit, "timeout") for unit in units])
        await programme.sql.execute("update rekindle.outbox set lease_until = now() - interval '1 s'")
        await programme.store.sweep()
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("select from rekindle.gate for update")
        recording = asyncio.create_task(programme.store.record(run_id, [Acceptance(unit, "n") for unit in units]))
        await programme.blocked("record")
        erasing = asyncio.create_task(erase(programme, user_id))
        await programme.blocked("erase_outcomes" if closed else "erase_units")
        await holder.rollback()
    assert await recording == ["recorded"]
    assert (await erasing).rows["delivery"] == 1
    assert found(await dump(programme), [str(user_id), str(units[0].claim_id)]) == set()


async def test_an_erasure_locks_units_in_the_order_of_their_key(programme: Programme) -> None:
    [user_id] = await programme.people(1, devices=20)
    _, units = await programme.armed_units()
    first = min((unit.claim_id, unit.device_id) for unit in units)
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("select from rekindle.outbox where (claim_id, device_id) = (%s, %s) for update", first)
        erasing = asyncio.create_task(erase(programme, user_id))
        await programme.blocked("erase_units")
        free = "select count(*) from (select from rekindle.outbox for update skip locked) free"
        assert await programme.value(free) == 19
        await holder.rollback()
    assert (await erasing).rows["outbox"] == 20


async def test_two_erasures_of_one_person_at_once_delete_each_row_once(programme: Programme) -> None:
    victim = await everywhere(programme)
    both = await asyncio.gather(*(erase(programme, victim) for _ in range(2)))
    assert sorted(one.total > 0 for one in both) == [False, True]


async def test_erasures_beside_every_other_write_never_deadlock(programme: Programme) -> None:
    """Claims, arming, answers and sweeps of forty people run while each of them is erased."""
    everybody = await programme.people(40, devices=2)
    done = asyncio.Event()

    async def work(scenario_type: str) -> None:
        while not done.is_set():
            run_id, units = await programme.claimed_units(scenario_type=scenario_type)
            armed = await programme.store.arm(units, lease_seconds=0.01)
            sent = [unit for unit in units if (unit.claim_id, unit.device_id) in armed]
            await programme.store.record(run_id, [Acceptance(unit, f"n-{unit.device_id}") for unit in sent[::3]])
            await programme.store.hold([(unit, "timeout") for unit in sent[1::3]])
            await programme.store.finish(run_id, [Ending(unit, "dead", "x", prune=True) for unit in sent[2::3]])
            await programme.sql.execute(_HURRY.format("gate", "next_at", "inflight is null").encode())

    async def sweep() -> None:
        while not done.is_set():
            await programme.sql.execute(_HURRY.format("outbox", "lease_until", "state = 'unknown'").encode())
            await programme.store.sweep()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in (work("one"), work("two"), sweep())]
        for user_id in everybody:
            await people.erase(programme.database, user_id, ENTRY)
        done.set()
    assert [task.exception() for task in tasks] == [None] * 3


async def test_an_erasure_that_fails_halfway_changes_nothing(programme: Programme) -> None:
    victim = await everywhere(programme)
    before = await dump(programme)
    await programme.sql.execute("alter table rekindle.audit add constraint none check (action <> 'person.erased')")
    with pytest.raises(Exception, match="RK2"):
        await erase(programme, victim)
    after = await dump(programme)
    assert {table: sorted(rows) for table, rows in after.items()} == {
        table: sorted(rows) for table, rows in before.items()
    }


async def test_an_export_of_ten_thousand_deliveries_takes_bounded_memory_and_statements(database_url: str) -> None:
    async with counting(database_url) as counter, open_programme(database_url, ledger_url=counter.url) as programme:
        [user_id] = await programme.people(1)
        await programme.sql.execute(
            "with record as (insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key) "
            "  select gen_random_uuid(), %s, 'nudge', 'key-' || n from generate_series(1, 10000) n returning id) "
            "insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, "
            "  provider_name, attempts) select id, gen_random_uuid(), %s, 'nudge', id, id, 'n', 1 from record",
            [user_id, user_id],
        )
        counter.statements.clear()
        pieces = rows = longest = 0
        async with aclosing(engine_of(programme).export(user_id)) as document:
            async for piece in document:
                pieces += 1
                longest = max(longest, len(piece))
                rows += piece.count('"provider_name"')
        assert (rows, pieces) == (10_000, 20_001)
        assert longest < 2_000
        # Each thousand rows are one FETCH; the rest is the same for every person.
        assert counter.statements.total() <= 21 + 12, counter.statements
        counter.statements.clear()
        erased = await erase(programme, user_id)
        assert (erased.rows["scenario_notification"], erased.rows["delivery"]) == (10_000, 10_000)
        assert counter.statements.total() <= 18, counter.statements


async def test_an_export_has_no_device_token_and_has_the_variables(programme: Programme) -> None:
    user_id = await programme.person(tokens=["secret-token"])
    await programme.want(user_id, variables={"points": 7})
    await programme.claimed_units()
    document = await exported(programme, user_id)
    [unit] = document["tables"]["outbox"]
    assert (unit["variables"]["points"], unit["user_id"], "device_id" in unit) == (7, str(user_id), True)
    assert "secret-token" not in json.dumps(document)


async def test_the_organisations_of_a_person_are_those_of_the_view_and_of_the_ledger(programme: Programme) -> None:
    before, now = uuid4(), uuid4()
    user_id = await programme.person(organisation_id=before)
    await programme.want(user_id)
    await programme.claimed_units()
    await programme.sql.execute("update team.person set organisation_id = %s", [now])
    engine = engine_of(programme)
    assert await engine.organisations_of(user_id) == {before, now}
    await programme.sql.execute("delete from team.person")
    assert await engine.organisations_of(user_id) == {before}
    assert await engine.organisations_of(uuid4()) == frozenset()
