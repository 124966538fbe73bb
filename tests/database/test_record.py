"""The recorder writes every answer once, whatever fails meanwhile. On a real ledger."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.engine.cycle import Caller, Cycle, Deps, Limits, Watch
from rekindle.engine.measured import Answer
from rekindle.engine.record import BATCH, Recorder
from rekindle.errors import DatabaseError, DatabaseUnreachable, Disposition
from rekindle.model import Acceptance, Accepted, Outcome, Refused, Selection, Uncertain, Unit, Verdict
from rekindle.policy import MAX_ATTEMPTS, UNGUARDED
from rekindle.ports import Applied, Evaluation, NotificationRepository
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import fingerprint, parse_scenario
from rekindle.testing import BrokenNotifications, ScriptedDispatcher
from team.ledger import fill
from team.waiting import WAIT_SECONDS

server = one_server

if TYPE_CHECKING:
    from conftest import Server

Logged = list[dict[str, Any]]

SCENARIO = parse_scenario({
    "kind": "sql",
    "cooldown": "7d",
    "query": "select user_id, occurrence, variables from team.wanted",
    "message": {"en": {"title": "t", "body": "b"}},
})  # fmt: skip


@pytest.fixture
def url(server: "Server") -> Iterator[str]:
    url = server.clone("template_property", fill)
    yield url
    server.drop(url)


class Bench:
    """A ledger with armed units, and their endings."""

    def __init__(self, url: str, database: Database) -> None:
        self.store = PostgresStore(database)
        self.run_id = UUID(int=0)
        self._sql = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        self._sql.close()

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self._sql.execute(query).fetchall()

    async def armed(self, count: int) -> list[Unit]:
        """`count` people with one device each, claimed and armed, in order of claim."""
        self._sql.execute("insert into team.moment values (%s)", [datetime(2026, 3, 1, 12, tzinfo=UTC)])
        people = "(select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid as id, n "
        people += f"from generate_series(1, {count}) as n) p"
        self._sql.execute(f"insert into team.person (user_id, active) select p.id, true from {people}")
        self._sql.execute(
            f"insert into team.device (user_id, token, target_kind) select p.id, 'SECRET' || n, 'token' from {people}"
        )
        self._sql.execute("insert into team.wanted select user_id, 'o', %s from team.person", [Jsonb({})])
        self.run_id = await self.store.open_run(budget_seconds=30, dispatcher="log")
        applied = Applied("own", 1, SCENARIO, fingerprint(SCENARIO))
        numbers = await self.store.claim(self.run_id, Evaluation(applied), reserved_seconds=60, guard=UNGUARDED)
        assert numbers.claimed == count
        units = await self.store.leased(self.run_id, Selection(scenarios=("own",)), limit=count)
        armed = await self.store.arm(units, lease_seconds=60)
        assert set(armed.values()) == {"armed"}
        return list(units)

    async def recorded(
        self,
        answers: Sequence[tuple[Unit, Outcome]],
        *,
        notifications: NotificationRepository | None = None,
        settled: list[int] | None = None,
        seconds: float = 60.0,
    ) -> None:
        """Hand over all answers at once, and close the recorder."""
        deps = Deps(ScriptedDispatcher(), notifications or self.store, self.store)
        caller = Caller(watch=Watch(answered=(settled if settled is not None else []).append))
        cycle = Cycle.begin(deps, [], Selection(), Limits(budget_seconds=seconds), caller=caller)
        recorder = Recorder(replace(cycle, run_id=self.run_id))
        for unit, outcome in answers:
            recorder.put(Answer(unit, outcome, armed_at=time.monotonic()))
        assert cycle.progress.unwritten == len(answers)
        recorder.close()
        async with asyncio.timeout(WAIT_SECONDS):
            await recorder.run()
        assert cycle.progress.unwritten == 0

    def endings(self) -> dict[UUID, str]:
        """The state of each claim."""
        queries = (
            "select claim_id, 'recorded' as ending from rekindle.delivery",
            "select claim_id, outcome || ':' || reason as ending from rekindle.outcome",
            "select claim_id, state || ':' || coalesce(reason, '') as ending from rekindle.outbox",
        )
        found = [(row["claim_id"], row["ending"]) for query in queries for row in self.rows(query)]
        assert len(dict(found)) == len(found), "a claim is in two tables"
        return dict(found)


@pytest.fixture
async def bench(url: str) -> AsyncIterator[Bench]:
    database = Database(url)
    await database.open()
    bench = Bench(url, database)
    yield bench
    bench.close()
    await database.close()


class Counted:
    """Records like the ledger. It remembers the batches, and fails before writing as often as
    told."""

    def __init__(self, ledger: NotificationRepository, *, fails: int = 0, poison: UUID | None = None) -> None:
        self._ledger = ledger
        self._fails = fails
        self._poison = poison
        self.batches: list[int] = []

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        self.batches.append(len(acceptances))
        if self._fails:
            self._fails -= 1
            raise DatabaseError("down for a moment")
        if any(one.unit.claim_id == self._poison for one in acceptances):
            raise DatabaseError("this batch never")
        return await self._ledger.record(run_id, acceptances)


async def test_every_kind_of_answer_gets_its_ending(bench: Bench, logged: Logged) -> None:
    units = await bench.armed(6)
    answers: list[Outcome] = [
        Accepted("name-1"),
        Uncertain("timeout"),
        Refused(Disposition.RETRY, "unavailable", retry_after=90.0),
        Refused(Disposition.DROP, "too_large"),
        Refused(Disposition.PRUNE, "unregistered"),
        Refused(Disposition.HALT, "permission_denied", error_code="RK404"),
    ]
    settled: list[int] = []
    await bench.recorded(list(zip(units, answers, strict=True)), settled=settled)
    claims = [unit.claim_id for unit in units]
    assert bench.endings() == dict(
        zip(
            claims,
            ["recorded", "unknown:timeout", "retry:unavailable", "dead:too_large", "skipped:unregistered",
             "retry:permission_denied"],
            strict=True,
        )
    )  # fmt: skip
    assert sum(settled) == 6
    assert [row["device_id"] for row in bench.rows("select device_id from rekindle.disabled_token")] == [
        units[4].device_id
    ]
    events = {(line["event"], line.get("reason")) for line in logged if line["log_level"] == "error"}
    assert events == {
        ("dispatch.retry", "unavailable"), ("dispatch.retry", "permission_denied"), ("dispatch.refused", "too_large"),
        ("dispatch.refused", "unregistered"), ("dispatch.unknown", "timeout"),
    }  # fmt: skip


async def test_a_unit_refused_too_often_is_dead(bench: Bench) -> None:
    first, second = await bench.armed(2)
    tired = [
        (Unit(**{name: getattr(unit, name) for name in Unit.__slots__} | {"attempts": attempts}), outcome)
        for unit, attempts, outcome in (
            (first, MAX_ATTEMPTS - 2, Refused(Disposition.RETRY, "unavailable")),
            (second, MAX_ATTEMPTS - 1, Refused(Disposition.RETRY, "unavailable")),
        )
    ]
    await bench.recorded(tired)
    assert bench.endings() == {
        first.claim_id: "retry:unavailable",
        second.claim_id: "dead:gave_up_unavailable",
    }


async def test_answers_are_written_in_batches_and_none_is_lost(bench: Bench) -> None:
    units = await bench.armed(2 * BATCH + 7)
    counted = Counted(bench.store)
    settled: list[int] = []
    await bench.recorded(
        [(unit, Accepted(f"n{n}")) for n, unit in enumerate(units)], notifications=counted, settled=settled
    )
    assert counted.batches == settled == [BATCH, BATCH, 7]
    assert Counter(bench.endings().values()) == {"recorded": 2 * BATCH + 7}


async def test_a_record_that_fails_twice_is_written_at_the_third_attempt(logged: Logged, bench: Bench) -> None:
    units = await bench.armed(3)
    counted = Counted(bench.store, fails=2)
    await bench.recorded([(unit, Accepted("n")) for unit in units], notifications=counted)
    assert counted.batches == [3, 3, 3]
    assert Counter(bench.endings().values()) == {"recorded": 3}
    assert [one["event"] for one in logged] == ["ledger.write_failed"] * 2


async def test_a_record_that_fails_three_times_is_logged_in_full_and_held_as_unknown(
    bench: Bench, logged: Logged
) -> None:
    units = await bench.armed(2)
    broken = BrokenNotifications(DatabaseError("down"))
    await bench.recorded([(unit, Accepted(f"name-{unit.claim_id}")) for unit in units], notifications=broken)
    assert broken.attempts == 3
    assert Counter(bench.endings().values()) == {"unknown:record_failed": 2}
    critical = [line for line in logged if line["log_level"] == "critical"]
    assert {
        (line["event"], line["code"], line["claim_id"], line["device_id"], line["provider_name"]) for line in critical
    } == {
        ("record.failed", "RK501", str(unit.claim_id), str(unit.device_id), f"name-{unit.claim_id}") for unit in units
    }
    assert "SECRET" not in str(logged)


async def test_a_batch_that_cannot_be_recorded_does_not_affect_the_others(bench: Bench) -> None:
    units = await bench.armed(BATCH + 10)
    poisoned = Counted(bench.store, poison=units[0].claim_id)
    answers: list[tuple[Unit, Outcome]] = [(unit, Accepted("n")) for unit in units[:-2]]
    answers += [(units[-2], Uncertain("timeout")), (units[-1], Refused(Disposition.DROP, "too_large"))]
    await bench.recorded(answers, notifications=poisoned)
    assert poisoned.batches == [BATCH, BATCH, BATCH, 8]
    endings = Counter(bench.endings().values())
    assert endings == {"unknown:record_failed": BATCH, "recorded": 8, "unknown:timeout": 1, "dead:too_large": 1}


async def test_an_unexpected_fault_of_a_repository_does_not_end_the_run(bench: Bench) -> None:
    (unit,) = await bench.armed(1)
    await bench.recorded([(unit, Accepted("n"))], notifications=BrokenNotifications(ValueError("a bug")))
    assert bench.endings() == {unit.claim_id: "unknown:record_failed"}


async def test_once_the_deadline_has_passed_without_an_answer_of_the_database_no_other_write_is_tried(
    bench: Bench,
    logged: Logged,
) -> None:
    units = await bench.armed(2)
    silent = BrokenNotifications(DatabaseUnreachable())
    answers: list[tuple[Unit, Outcome]] = [(units[0], Accepted("n")), (units[1], Uncertain("timeout"))]
    await bench.recorded(answers, notifications=silent, seconds=0.5)
    assert silent.attempts == 1
    assert Counter(bench.endings().values()) == {"dispatching:": 2}
    assert Counter(line["event"] for line in logged if line["log_level"] == "critical") == {
        "record.failed": 1,
        "ledger.unwritten": 2,
    }


async def test_a_recorder_without_answers_closes_at_once(bench: Bench) -> None:
    await bench.recorded([])
    assert bench.endings() == {}
