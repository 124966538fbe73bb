"""Each instant of a schedule begins one run, whatever happens to the processes and the rows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from conftest import one_server
from rekindle.alert.alerts import HttpAlerts, Sender
from rekindle.engine.cycle import Caller, Deps, Limits
from rekindle.engine.prune import Pruner
from rekindle.errors import CredentialsMissing, KeyTaken
from rekindle.fleet import worker
from rekindle.fleet.tell import Teller
from rekindle.fleet.work import Foreman, Work
from rekindle.fleet.worker import WorkerLoop
from rekindle.model import Asked, Report
from rekindle.policy import LOST_SECONDS, UNGUARDED, Retention
from rekindle.ports import Schedule, Worker
from rekindle.postgres.fleet import PostgresFleet
from rekindle.postgres.pool import Database
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.reports import Reports
from rekindle.scenario import Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme, wanted
from team.waiting import WAIT_SECONDS

server = one_server

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Refusing(ScriptedDispatcher):
    """A dispatcher that cannot be opened while `fault` is set."""

    fault: Exception | None = None

    async def open(self) -> None:
        if self.fault is not None:
            raise self.fault


class _Stale(PostgresFleet):
    def __init__(self, database: Database, schedules: Sequence[Schedule]) -> None:
        super().__init__(database)
        self._stale = schedules

    async def schedules(self) -> Sequence[Schedule]:
        return self._stale


class Fleet:
    """A programme whose scenarios have schedules, and any number of foremen."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.reports = Reports(programme.database)
        self.dispatcher = Refusing()

    async def apply(self, *, timezone: str | None = None, enabled: bool = True, **crons: str | None) -> None:
        scenarios = {
            name: wanted(enabled=enabled, **({} if cron is None else {"schedule": cron}))
            for name, cron in crons.items()
        }
        await self.reports.store_config(
            Config.model_validate(
                {
                    "run": {"timezone": timezone},
                    "scenario": {name: one.model_dump(exclude_none=True) for name, one in scenarios.items()},
                }
            ),
            retire=True,
        )

    def pruner(self) -> Pruner:
        kept = Retention(notification=1, outcome=1, run=1, gate=1, disabled_token=1, audit=1, api_key=1)
        return Pruner(PostgresPruning(self.programme.database), kept)

    def foreman(self) -> Foreman:
        store = self.programme.store
        deps = Deps(dispatcher=self.dispatcher, notifications=store, store=store)
        return Foreman(deps, PostgresFleet(self.programme.database), Limits(guard=UNGUARDED), 6 * 3600.0)

    async def found(self) -> list[Work]:
        async with aclosing(self.foreman().find()) as works:
            return [one async for one in works]

    async def found_by_a_worker_that_read(self, schedules: Sequence[Schedule]) -> list[Work]:
        """What a worker finds that has read the schedules earlier."""
        port = _Stale(self.programme.database, schedules)
        return [one async for one in Foreman(self.foreman().deps, port, Limits(), 6 * 3600.0).find()]

    async def tick(self) -> list[Report]:
        return [await self.foreman().run(one, Caller()) for one in await self.found()]

    async def keys(self) -> list[tuple[str, int, str]]:
        rows = await self.programme.rows("select * from rekindle.run order by due_at, request_key, attempt")
        return [(row["request_key"], row["attempt"], row["status"]) for row in rows]

    async def skipped(self, name: str) -> int:
        return await self.programme.value("select skipped from rekindle.schedule where scenario_type = %s", name)


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    async with open_programme(database_url) as programme:
        await programme.at(NOON)
        yield Fleet(programme)


def keys(works: Sequence[Work]) -> list[str | None]:
    return [one.tick and one.tick.key for one in works]


async def test_an_instant_is_begun_once_among_many_that_look_at_once(fleet: Fleet) -> None:
    await fleet.apply(nudge="* * * * *")
    assert await fleet.found() == []  # no instant from before the schedule was applied
    for minute in range(1, 4):
        await fleet.programme.at(NOON + minute * MINUTE)
        found = [one for works in await asyncio.gather(*(fleet.found() for _ in range(8))) for one in works]
        assert keys(found) == [f"tick:nudge:2026-03-10T12:0{minute}Z"]
        assert (await fleet.foreman().run(found[0], Caller())).status == "done"
    assert await fleet.found() == []


async def test_an_instant_is_not_begun_again_when_the_rows_of_its_runs_are_gone(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 10 3 *")
    await fleet.programme.at(NOON + MINUTE)
    stale = await PostgresFleet(fleet.programme.database).schedules()
    assert len(await fleet.tick()) == 1
    await fleet.programme.rows("delete from rekindle.run")
    assert await fleet.found() == []
    assert await fleet.found_by_a_worker_that_read(stale) == []


async def test_scenarios_with_one_instant_share_one_run(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 13 * * *", other="1 13 * * *", third=None, timezone="Europe/Oslo")
    people = await fleet.programme.people(3)
    await fleet.programme.at(NOON + MINUTE)
    (report,) = await fleet.tick()
    assert report.tick == "tick:nudge+other:2026-03-10T12:01Z"
    assert sorted((one.scenario_type, one.recorded) for one in report.scenarios) == [
        ("nudge", len(people)),
        ("other", len(people)),
    ]


async def test_after_an_outage_the_latest_instant_is_begun_and_the_others_are_counted(
    fleet: Fleet, logged: list[dict[str, Any]], registry: CollectorRegistry
) -> None:
    await fleet.apply(often="* * * * *", daily="0 13 * * *")
    await fleet.programme.at(NOON + timedelta(hours=9, minutes=30))
    assert keys(await fleet.found()) == ["tick:often:2026-03-10T21:30Z"]
    assert (await fleet.skipped("often"), await fleet.skipped("daily")) == (569, 1)
    assert [(one["event"], one["scenario"]) for one in logged] == [("tick.skipped", "daily")]
    assert registry.get_sample_value("rekindle_ticks_skipped_total", {"scenario": "daily"}) == 1
    assert await fleet.found() == []


async def test_an_edited_schedule_counts_from_the_moment_at_which_it_is_applied(fleet: Fleet) -> None:
    await fleet.apply(nudge="0 13 * * *")
    await fleet.programme.at(NOON + 90 * MINUTE)
    await fleet.apply(nudge="15 13 * * *")
    assert await fleet.found() == []
    await fleet.apply(nudge="45 13 * * *")
    await fleet.programme.at(NOON + 106 * MINUTE)
    assert keys(await fleet.found()) == ["tick:nudge:2026-03-10T13:45Z"]
    await fleet.apply(nudge="45 13 * * *", other=None)  # another edit leaves the mark alone
    assert await fleet.found() == []


async def test_a_schedule_ends_with_its_scenario(fleet: Fleet) -> None:
    await fleet.apply(nudge="* * * * *", enabled=False)
    await fleet.programme.at(NOON + MINUTE)
    assert await fleet.found() == []
    await fleet.apply(nudge="* * * * *")
    assert await fleet.found() == []  # not the instant of the time when it was disabled
    await fleet.programme.at(NOON + 2 * MINUTE)
    await fleet.apply(nudge=None)
    assert await fleet.found() == []


async def test_a_worker_that_read_the_schedule_before_an_edit_begins_nothing(fleet: Fleet) -> None:
    await fleet.apply(nudge="* * * * *")
    await fleet.programme.at(NOON + MINUTE)
    stale = await PostgresFleet(fleet.programme.database).schedules()
    await fleet.apply(nudge="30 12 * * *")
    assert await fleet.found_by_a_worker_that_read(stale) == []
    assert await fleet.keys() == []


async def test_a_tick_whose_worker_was_lost_is_begun_again_once(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    await fleet.programme.at(NOON + MINUTE)
    (lost,) = await fleet.found()  # and its process dies here
    await fleet.programme.at(NOON + MINUTE + timedelta(seconds=LOST_SECONDS))
    assert await fleet.found() == []  # it may be alive
    await fleet.programme.at(NOON + MINUTE + timedelta(seconds=LOST_SECONDS + 1))
    found = [one for works in await asyncio.gather(*(fleet.found() for _ in range(4))) for one in works]
    assert {one.why for one in found} == {"retry"}
    ended = await asyncio.gather(*(fleet.foreman().run(one, Caller()) for one in found), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["KeyTaken", "KeyTaken", "KeyTaken", "Report"]
    key = "tick:nudge:2026-03-10T12:01Z"
    assert await fleet.keys() == [(key, 1, "abandoned"), (key, 2, "done")]
    assert await fleet.programme.value("select run_id from rekindle.run where attempt = 1") == lost.run_id
    rows = await fleet.programme.rows("select started_by, scenario_types from rekindle.run")
    assert rows == [{"started_by": None, "scenario_types": ["nudge"]}] * 2
    assert await fleet.found() == []


async def test_a_tick_that_could_not_start_says_why_and_is_tried_again_within_the_window(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    fleet.dispatcher.fault = CredentialsMissing("no key")
    seconds = [60]
    await fleet.programme.at(NOON + timedelta(seconds=seconds[0]))
    with pytest.raises(CredentialsMissing):
        await fleet.tick()
    for wait in (30, 60, 120):
        seconds.append(seconds[-1] + wait)
        await fleet.programme.at(NOON + timedelta(seconds=seconds[-1]))
        assert await fleet.found() == []
        seconds[-1] += 1
        await fleet.programme.at(NOON + timedelta(seconds=seconds[-1]))
        with pytest.raises(CredentialsMissing):
            await fleet.tick()
    assert [status for _, _, status in await fleet.keys()] == ["not_started"] * 4
    reasons = await fleet.programme.rows("select halted_by from rekindle.run")
    assert all(row["halted_by"].startswith("RK401: no key.") for row in reasons)
    fleet.dispatcher.fault = None
    await fleet.programme.at(NOON + timedelta(hours=2))
    assert [one.status for one in await fleet.tick()] == ["done"]


async def test_a_tick_is_not_tried_again_after_the_catch_up_window(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 10 3 *")
    await fleet.programme.at(NOON + MINUTE)
    assert len(await fleet.found()) == 1
    await fleet.programme.at(NOON + timedelta(hours=6, minutes=1))
    assert await fleet.found() == []


async def test_a_tick_of_a_scenario_that_was_retired_since_ends_without_people(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    await fleet.programme.people(2)
    await fleet.programme.at(NOON + MINUTE)
    (work,) = await fleet.found()
    await fleet.apply(other=None)
    report = await fleet.foreman().run(work, Caller())
    assert (report.status, report.scenarios) == ("done", ())


async def test_work_that_a_run_left_is_found_when_nothing_else_is_due(fleet: Fleet) -> None:
    await fleet.apply(nudge=None)
    await fleet.programme.people(2)
    run_id, units = await fleet.programme.claimed_units()
    assert await fleet.found() == []  # the run may be alive
    await fleet.programme.store.release(run_id)
    (report,) = await fleet.tick()
    assert [(one.evaluated, one.carried, one.recorded) for one in report.scenarios] == [(0, 2, 2)]
    assert len(fleet.dispatcher.sent) == len(units)
    assert await fleet.found() == []


async def test_a_key_whose_run_is_lost_is_free_for_the_next_attempt(fleet: Fleet, logged: list[dict[str, Any]]) -> None:
    store, asked = fleet.programme.store, Asked("job-7", "5d" * 32)
    first, second = uuid4(), uuid4()
    await store.open_run(budget_seconds=30, dispatcher="log", run_id=first, asked=asked)
    with pytest.raises(KeyTaken):
        await store.open_run(budget_seconds=30, dispatcher="log", run_id=second, asked=asked)
    await fleet.programme.at(NOON + timedelta(seconds=20))
    await store.seen(first)
    await fleet.programme.at(NOON + timedelta(seconds=20 + LOST_SECONDS))
    with pytest.raises(KeyTaken):
        await store.open_run(budget_seconds=30, dispatcher="log", run_id=second, asked=asked)
    await fleet.programme.at(NOON + timedelta(seconds=21 + LOST_SECONDS))
    holder = await fleet.reports.asked("job-7")
    assert (holder.run_id, holder.free) == (first, True)
    await store.open_run(budget_seconds=30, dispatcher="log", run_id=second, asked=asked)
    holder = await fleet.reports.asked("job-7")
    assert (holder.run_id, holder.free) == (second, False)
    assert [(one["event"], one["run_id"]) for one in logged] == [("run.lost", str(first))]
    assert await fleet.keys() == [("job-7", 1, "abandoned"), ("job-7", 2, "running")]


async def test_a_run_that_fails_unexpectedly_does_not_end_the_worker(
    fleet: Fleet, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.02)
    await fleet.apply(nudge="* * * * *")
    fleet.dispatcher.fault = ValueError("text that is not ours")
    await fleet.programme.at(NOON + MINUTE)
    stop = asyncio.Event()
    foreman = fleet.foreman()
    me = Worker(uuid4(), "a", "1", "x")
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop).run()
        )
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not [one for one in logged if one["event"] == "run.failed"]:
                    await asyncio.sleep(0.01)
                fleet.dispatcher.fault = None
                await fleet.programme.at(NOON + 2 * MINUTE)
                while not [one for one in logged if one["event"] == "run.finished"]:
                    await asyncio.sleep(0.01)
        finally:
            stop.set()
    (failed,) = [one for one in logged if one["event"] == "run.failed"]
    assert (failed["code"], failed["kind"]) == ("RK000", "ValueError")
    assert "text" not in str(logged)


async def test_a_worker_outlives_a_look_that_fails(
    fleet: Fleet, database_url: str, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.02)
    stop = asyncio.Event()
    foreman = fleet.foreman()
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    me = Worker(uuid4(), "a", "1", "x")
    loop = WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop)
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner,
        asyncio.timeout(WAIT_SECONDS),
    ):
        await owner.execute("alter table rekindle.schedule rename to hidden")
        await foreman.fleet.seen(Worker(uuid4(), "b", "1", "another file"))
        working = asyncio.create_task(loop.run())
        await happens("worker.failed", working, logged)
        await owner.execute("alter table rekindle.hidden rename to schedule")
        await happens("worker.recovered", working, logged)
        stop.set()
        await working
    assert (logged[0]["event"], logged[-1]["event"]) == ("worker.started", "worker.stopped")
    (differing,) = [one for one in logged if one["event"] == "worker.configuration_differs"]
    assert differing["hosts"] == ["b"]


async def test_a_worker_that_is_stopped_waits_for_its_runs(
    fleet: Fleet, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.02)
    await fleet.apply(nudge="* * * * *")
    await fleet.programme.people(1)
    await fleet.programme.at(NOON + MINUTE)
    stop, opened = asyncio.Event(), asyncio.Event()

    class Slow(Refusing):
        async def open(self) -> None:
            stop.set()
            await opened.wait()

    fleet.dispatcher = Slow()
    foreman = fleet.foreman()
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    me = Worker(uuid4(), "a", "1", "x")
    loop = WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop)
    async with asyncio.timeout(WAIT_SECONDS):
        working = asyncio.create_task(loop.run())
        await happens("worker.draining", working, logged)
        opened.set()
        await working
    assert [one["runs"] for one in logged if one["event"] == "worker.draining"] == [1]
    assert "run.finished" in [one["event"] for one in logged]


async def test_a_worker_says_what_it_has_pruned_and_outlives_a_prune_that_fails(
    fleet: Fleet, database_url: str, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(worker, "PRUNE_SOON_SECONDS", 0.0)
    foreman = fleet.foreman()
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    await fleet.programme.at(NOON + timedelta(days=400))
    gone = (
        "insert into rekindle.worker (worker_id, host, release, configuration, seen_at) "
        "values (gen_random_uuid(), 'gone', '1', 'x', '2026-03-10')"
    )
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner,
        asyncio.timeout(WAIT_SECONDS),
    ):
        for event, statement in (
            ("prune.failed", "alter table rekindle.disabled_token rename to hidden"),
            ("prune.done", "alter table rekindle.hidden rename to disabled_token"),
        ):
            await owner.execute(statement.encode())
            await owner.execute(gone)
            stop = asyncio.Event()
            me = Worker(uuid4(), "a", "1", "x")
            loop = WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop)
            working = asyncio.create_task(loop.run())
            await happens(event, working, logged)
            stop.set()
            await working
    (done,) = [one for one in logged if one["event"] == "prune.done"]
    assert (done["complete"], done["worker"]) == (True, 1)


async def test_a_worker_prunes_aside_and_ends_its_prune_when_it_is_stopped(
    fleet: Fleet, database_url: str, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(worker, "PRUNE_SOON_SECONDS", 0.0)
    monkeypatch.setattr(worker, "PRUNE_SECONDS", 0.0)
    await fleet.programme.sql.execute(
        "insert into rekindle.gate (user_id, scenario_type, next_at) values (gen_random_uuid(), 'nudge', '2020-01-01Z')"
    )
    stop = asyncio.Event()
    foreman = fleet.foreman()
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    me = Worker(uuid4(), "a", "1", "x")
    loop = WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop)
    async with await psycopg.AsyncConnection.connect(database_url) as other, asyncio.timeout(WAIT_SECONDS):
        working = asyncio.create_task(loop.run())
        await happens("prune.done", working, logged)
        assert next(one for one in logged if one["event"] == "prune.done")["gate"] == 1
        # The next prune waits for a table. The worker looks on, and does not wait for it at its
        # end.
        await other.execute("lock table rekindle.cap in access exclusive mode")
        await fleet.programme.blocked("prune")
        seen = await fleet.programme.value("select max(seen_at) from rekindle.worker")
        await fleet.programme.at(NOON + MINUTE)
        while await fleet.programme.value("select max(seen_at) from rekindle.worker") == seen:
            await asyncio.sleep(0.01)
        stop.set()
        await working


async def happens(event: str, working: "asyncio.Task[None]", logged: list[dict[str, Any]]) -> None:
    """Wait until the worker has logged the event. A worker that ended raises its fault."""
    while not any(one["event"] == event for one in logged):
        if working.done():
            await working
            raise AssertionError(event)
        await asyncio.sleep(0.01)


async def test_a_worker_that_waits_for_the_database_stops_and_does_not_wait_for_the_answer(
    fleet: Fleet, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ANSWER_SECONDS", 60.0)
    await fleet.apply(nudge="* * * * *")
    stop = asyncio.Event()
    foreman = fleet.foreman()
    nobody = HttpAlerts(Sender("a", "1"), heartbeat=None, webhook=None, secret=None)
    me = Worker(uuid4(), "a", "1", "x")
    loop = WorkerLoop(foreman, Teller(foreman.fleet, nobody), fleet.pruner(), me, runs=1, stop=stop)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("lock table rekindle.schedule in access exclusive mode")
        working = asyncio.create_task(loop.run())
        await fleet.programme.blocked("schedules")
        stop.set()
        async with asyncio.timeout(25):  # The statement would be given up after 30 s.
            await working


async def test_workers_with_different_files_see_each_other(fleet: Fleet) -> None:
    port = PostgresFleet(fleet.programme.database)
    one, other, same = (Worker(uuid4(), host, "1", digest) for host, digest in (("a", "x"), ("b", "y"), ("c", "x")))
    assert await port.seen(one) == []
    assert await port.seen(same) == []
    assert await port.seen(other) == ["a", "c"]
    assert await port.seen(one) == ["b"]
    await fleet.programme.at(NOON + timedelta(seconds=31))
    assert await port.seen(one) == []


async def test_the_next_attempt_takes_over_what_the_lost_run_had_leased_and_not_armed(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    await fleet.programme.people(5)
    await fleet.programme.at(NOON + MINUTE)
    (lost,) = await fleet.found()
    await fleet.programme.claim(wanted(), run_id=lost.run_id, reserved_seconds=600)
    units = await fleet.programme.held(lost.run_id)
    await fleet.programme.store.arm(units[:1], lease_seconds=600)
    await fleet.programme.at(NOON + MINUTE + timedelta(seconds=LOST_SECONDS + 1))
    (report,) = await fleet.tick()
    assert [(one.carried, one.recorded) for one in report.scenarios] == [(4, 4)]
    assert await fleet.programme.store.arm(units[1:], lease_seconds=30) == {}  # the sleeper wakes up
