"""A small programme: each test writes the people, activities and devices that it needs."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date, datetime
from importlib import resources
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from rekindle.model import Candidate, Numbers, Selection, Unit
from rekindle.policy import UNGUARDED, Guard
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import AnyScenario, fingerprint, parse_scenario
from team.tables import tables
from team.waiting import WAIT_SECONDS

REFUSALS = re.findall(
    r"then '(\w+)'", resources.files("rekindle.postgres.sql").joinpath("parts/refusal.sql").read_text(encoding="utf-8")
)
"""The reasons to refuse, in the order in which the claim checks them."""

SHOW_AMOUNTS = (
    "create or replace view rekindle_source.activity as select user_id, activity_date, amount from team.activity"
)

_OPENED: LiteralString = (
    "create table if not exists team.opened (claim_id uuid, user_id uuid, scenario_type text, opened_at timestamptz);"
)
SHOW_OPENED: LiteralString = (
    _OPENED + "create view rekindle_source.opened as select claim_id, opened_at from team.opened"
)
SHOW_OPENED_BY_PERSON: LiteralString = (
    _OPENED + "create view rekindle_source.opened as select user_id, scenario_type, opened_at from team.opened"
)

TEXT = {"en": {"title": "Hello", "body": "There"}}


def scenario(kind: str, **keys: Any) -> AnyScenario:
    """A scenario as apply would store it; a day's cooldown and fixed texts unless given."""
    return parse_scenario({"kind": kind, "cooldown": "1d", "message": TEXT, **keys})


def wanted(**keys: Any) -> AnyScenario:
    """A scenario of kind sql over team.wanted, for tests in which the reason for being due does
    not matter."""
    return scenario("sql", query="select user_id, occurrence, variables from team.wanted", **keys)


def applied(one: AnyScenario, scenario_type: str = "nudge") -> Applied:
    """The scenario as version 1 in force."""
    return Applied(scenario_type, 1, one, fingerprint(one))


def evaluation(
    one: AnyScenario,
    scenario_type: str = "nudge",
    *,
    selection: Selection | None = None,
    outranking: Sequence[Applied] = (),
    timezone: str | None = "UTC",
) -> Evaluation:
    """The scenario as a run of only this scenario evaluates it."""
    return Evaluation(
        applied(one, scenario_type),
        selection or Selection(scenarios=(scenario_type,)),
        outranking,
        Terms(timezone=timezone, timeout_seconds=20),
    )


class Programme:
    """The tables above in one database, and the ledger beside them."""

    def __init__(self, connection: psycopg.AsyncConnection[dict[str, Any]], database: Database) -> None:
        self.sql = connection
        self.database = database
        self.store = PostgresStore(database)

    async def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = await self.sql.execute(query.encode(), parameters)
        return await cursor.fetchall() if cursor.description else []

    async def value(self, query: str, *parameters: Any) -> Any:
        return next(iter((await self.rows(query, *parameters))[0].values()))

    async def at(self, instant: datetime | str) -> None:
        """Stop the ledger's clock at an instant."""
        moment = instant if isinstance(instant, str) else instant.isoformat()
        if not all(letter in "0123456789-:.+TZ " for letter in moment):
            raise ValueError(moment)
        text = "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
        await self.sql.execute((text + f"$$ select timestamptz '{moment}' $$").encode())

    async def person(
        self,
        *,
        tokens: Sequence[str] | None = None,
        timezone: str | None = "UTC",
        active: bool = True,
        organisation_id: UUID | None = None,
        user_id: UUID | None = None,
        locale: str | None = "en",
        first_name: str | None = "Ada",
    ) -> UUID:
        """One recipient, with one device unless `tokens` says otherwise."""
        user_id = user_id or uuid4()
        await self.sql.execute(
            "insert into team.person values (%s, %s, %s, %s, %s, %s)",
            [user_id, organisation_id or uuid4(), timezone, locale, active, first_name],
        )
        for token in (f"token-{user_id}",) if tokens is None else tokens:
            await self.token(user_id, token)
        return user_id

    async def token(
        self, user_id: UUID, token: str, *, kind: str = "token", registered_at: datetime | str | None = None
    ) -> None:
        await self.sql.execute("insert into team.device values (%s, %s, %s, %s)", [user_id, token, kind, registered_at])

    async def activity(self, user_id: UUID, *when: datetime | date | str) -> None:
        for one in when:
            await self.sql.execute("insert into team.activity values (%s, %s)", [user_id, one])

    async def amounts(self, user_id: UUID, when: datetime | str, *amounts: float | None) -> None:
        """Activities with amounts, which the view shows from now on."""
        await self.sql.execute(SHOW_AMOUNTS)
        for amount in amounts:
            await self.sql.execute("insert into team.activity values (%s, %s, %s)", [user_id, when, amount])

    async def certificate(self, user_id: UUID, expires_on: date | str, name: str = "First aid") -> UUID:
        certification_id = uuid4()
        await self.sql.execute(
            "insert into team.certificate values (%s, %s, %s, %s)", [certification_id, user_id, name, expires_on]
        )
        return certification_id

    async def event(self, event_id: str, user_id: UUID, starts_at: datetime, name: str = "Shift") -> None:
        await self.sql.execute("insert into team.event values (%s, %s, %s, %s)", [event_id, user_id, name, starts_at])

    async def want(self, *users: UUID, occurrence: str = "once", variables: Mapping[str, Any] | None = None) -> None:
        """Make exactly these people due under `wanted()`."""
        await self.sql.execute("delete from team.wanted")
        for user_id in users:
            await self.sql.execute(
                "insert into team.wanted values (%s, %s, %s)", [user_id, occurrence, Jsonb(dict(variables or {}))]
            )

    async def people(self, count: int, *, devices: int = 1, occurrence: str = "once") -> list[UUID]:
        """Many recipients at once, all of them due under `wanted()`."""
        rows = await self.rows(
            "with made as (insert into team.person "
            "  select gen_random_uuid(), gen_random_uuid(), 'UTC', 'en', true, 'Ada' from generate_series(1, %s) "
            "  returning user_id), "
            "devices as (insert into team.device select user_id, 'token-' || user_id || '-' || n, 'token', null "
            "  from made, generate_series(1, %s) n), "
            "due as (insert into team.wanted select user_id, %s, '{}' from made) "
            "select user_id from made order by user_id",
            count,
            devices,
            occurrence,
        )
        return [row["user_id"] for row in rows]

    async def run(self) -> UUID:
        return await self.store.open_run(budget_seconds=30, dispatcher="scripted")

    async def claim(
        self,
        one: AnyScenario,
        *,
        run_id: UUID | None = None,
        scenario_type: str = "nudge",
        selection: Selection | None = None,
        timezone: str = "UTC",
        reserved_seconds: float = 60,
        guard: Guard = UNGUARDED,
    ) -> Numbers:
        """One claim, as a run makes it; the number of people is not limited unless a guard is
        given."""
        return await self.store.claim(
            run_id or await self.run(),
            evaluation(one, scenario_type, selection=selection, timezone=timezone),
            reserved_seconds=reserved_seconds,
            guard=guard,
        )

    async def due(
        self, one: AnyScenario, *, timezone: str = "UTC", scenario_type: str = "nudge"
    ) -> dict[UUID, Candidate]:
        """What a claim would decide now for each person."""
        found: dict[UUID, Candidate] = {}
        asked = evaluation(one, scenario_type, timezone=timezone)
        async with aclosing(self.store.candidates(asked)) as candidates:
            async for candidate in candidates:
                assert candidate.user_id not in found
                found[candidate.user_id] = candidate
        return found

    async def claimed_units(self, one: AnyScenario | None = None, **keys: Any) -> tuple[UUID, list[Unit]]:
        """A run, and the units that it claimed and has leased."""
        run_id = await self.run()
        await self.claim(one or wanted(), run_id=run_id, **keys)
        return run_id, await self.held(run_id, keys.get("scenario_type", "nudge"))

    async def held(self, run_id: UUID, scenario_type: str = "nudge") -> list[Unit]:
        """The units that a run has leased and not armed."""
        return list(await self.store.leased(run_id, Selection(scenarios=(scenario_type,)), limit=10_000))

    async def armed_units(self, one: AnyScenario | None = None, **keys: Any) -> tuple[UUID, list[Unit]]:
        """A run, and the units that it claimed and armed."""
        run_id, units = await self.claimed_units(one, **keys)
        answers = await self.store.arm(units, lease_seconds=30)
        assert list(answers.values()) == ["armed"] * len(units)
        return run_id, units

    async def blocked(self, statement: str, *, count: int = 1) -> None:
        """Wait until `count` statements whose names have this prefix wait for a lock."""
        async with asyncio.timeout(WAIT_SECONDS):
            while count > await self.value(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and wait_event_type = 'Lock' and query like %s",
                f"%/* rekindle:{statement}%",
            ):
                await asyncio.sleep(0.005)

    async def gate(self, user_id: UUID, scenario_type: str = "nudge") -> dict[str, Any] | None:
        rows = await self.rows(
            "select *, extract(epoch from next_at - rekindle.clock())::float8 as opens_in from rekindle.gate "
            "where user_id = %s and scenario_type = %s",
            user_id,
            scenario_type,
        )
        return rows[0] if rows else None

    async def state(self, unit: Unit) -> str | None:
        """The unit's state in the outbox, 'recorded', or 'outcome:reason'; None where there is
        no trace of it."""
        places = (
            ("state", "outbox"),
            ("'recorded'", "delivery"),
            ("outcome || ':' || reason", "outcome"),
        )
        rows = await self.rows(
            " union all ".join(
                f"select {what} as state from rekindle.{table} where claim_id = %s and device_id = %s"
                for what, table in places
            ),
            *(unit.claim_id, unit.device_id) * len(places),
        )
        assert len(rows) <= 1, f"one unit has several endings: {rows}"
        return rows[0]["state"] if rows else None


@asynccontextmanager
async def open_programme(
    url: str, *, ledger_url: str | None = None, activity_type: str = "timestamptz", connections: int = 4
) -> AsyncGenerator[Programme]:
    """The programme's tables in the database, which must have the ledger's. They are created unless
    it has them.

    ledger_url: how the ledger connects, if not as the owner.
    """
    async with await psycopg.AsyncConnection[dict[str, Any]].connect(
        url, autocommit=True, row_factory=dict_row
    ) as connection:
        there = await connection.execute("select from pg_namespace where nspname = 'team'")
        if not await there.fetchall() or activity_type != "timestamptz":
            await connection.execute("drop schema if exists team, rekindle_source cascade")
            await connection.execute(tables(activity_type=activity_type).encode())
        database = Database(ledger_url or url, connections=connections)
        await database.open()
        try:
            yield Programme(connection, database)
        finally:
            await database.close()
