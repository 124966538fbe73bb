"""A database for many examples: the team's tables, the views over them, and a clock that an
example sets."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from rekindle.model import Candidate, Numbers
from rekindle.policy import UNGUARDED
from rekindle.ports import Evaluation
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore
from team.tables import tables

T = TypeVar("T")

# What the examples need in addition to the team's tables: repeated ids, each kind of activity,
# wishes for several scenarios, and the time.
_MORE = """
alter table team.certificate drop constraint certificate_pkey;
alter table team.chapter drop constraint chapter_pkey;
alter table team.organisation drop constraint organisation_pkey;
create table team.moment (at timestamptz not null);
create table team.wish (user_id uuid, scenario_type text, occurrence text);
create table team.activity_instant (user_id uuid, activity_date timestamptz);
create table team.activity_day (user_id uuid, activity_date date);
create table team.activity_wall (user_id uuid, activity_date timestamp);
create table team.activity_amount (user_id uuid, activity_date timestamptz, amount float8);

create or replace function rekindle.clock() returns timestamptz
language sql volatile as $$ select at from team.moment $$;
"""
_EMPTY = ";".join(
    f"delete from {table}"
    for table in (
        "team.moment", "team.person", "team.device", "team.wanted", "team.activity_instant", "team.activity_day",
        "team.activity_wall", "team.activity_amount", "team.certificate", "team.event", "team.chapter",
        "team.organisation", "team.preference", "team.wish", "team.membership", "rekindle.switch",
        "rekindle.gate", "rekindle.cap", "rekindle.outbox", "rekindle.delivery", "rekindle.scenario_notification",
        "rekindle.outcome", "rekindle.spent", "rekindle.trial", "rekindle.enrolment", "rekindle.disabled_token",
        "rekindle.run",
    )
)  # fmt: skip


def fill(url: str) -> None:
    """The ledger's tables, then the team's."""
    asyncio.run(migrate(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(tables().encode())
        connection.execute(_MORE)


class Ledger:
    """One database, used by one example after the other. `sql` is the owner's connection."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self.database = Database(url)
        self.sql: psycopg.Connection[dict[str, Any]] = psycopg.Connection[dict[str, Any]].connect(
            url, autocommit=True, row_factory=dict_row
        )
        self.store = PostgresStore(self.database)
        self.wait(self.database.open())

    def close(self) -> None:
        self.sql.close()
        self.wait(self.database.close())
        self._runner.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def activities_are(self, kind: str) -> None:
        """Which of the four tables the view of activities shows."""
        self.sql.execute("drop view if exists rekindle_source.activity")
        self.sql.execute(f"create view rekindle_source.activity as select * from team.activity_{kind}".encode())

    def memberships_are(self, there: bool) -> None:
        """Whether the team has the view of memberships."""
        self.sql.execute("drop view if exists rekindle_source.membership")
        if there:
            self.sql.execute("create view rekindle_source.membership as select * from team.membership")

    def begin(self, at: datetime) -> None:
        """Empty the tables and set the time."""
        self.sql.execute(_EMPTY)
        self.sql.execute("insert into team.moment values (%s)", [at])

    def now(self, at: datetime) -> None:
        """Set the time."""
        self.sql.execute("update team.moment set at = %s", [at])

    def insert(self, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            places = ", ".join(["%s"] * len(rows[0]))
            with self.sql.cursor() as cursor:
                cursor.executemany(f"insert into {table} ({columns}) values ({places})".encode(), rows)

    def at(self, moment: datetime) -> None:
        """Set the time for every later statement."""
        self.sql.execute("update team.moment set at = %s", [moment])

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self.sql.execute(query.encode()).fetchall()

    def notified(self, scenario_type: str, records: list[tuple[UUID, str, str, datetime]]) -> None:
        """Recorded notifications: (user, occurrence, idempotency key, window start)."""
        self.insert(
            "rekindle.scenario_notification",
            "id, user_id, scenario_type, occurrence, idempotency_key, cooldown_window_start",
            [(_id(), user, scenario_type, occurrence, key, window) for user, occurrence, key, window in records],
        )

    def claim(self, evaluation: Evaluation) -> tuple[UUID, Numbers]:
        async def work() -> tuple[UUID, Numbers]:
            run_id = await self.store.open_run(budget_seconds=30, dispatcher="log")
            return run_id, await self.store.claim(run_id, evaluation, reserved_seconds=30, guard=UNGUARDED)

        return self.wait(work())

    def plan(self, evaluation: Evaluation) -> list[Candidate]:
        async def work() -> list[Candidate]:
            return [one async for one in self.store.candidates(evaluation)]

        return self.wait(work())


_ids = iter(range(1, 1 << 62))


def _id() -> UUID:
    return UUID(int=next(_ids))
