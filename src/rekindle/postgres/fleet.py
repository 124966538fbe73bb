"""Schedules and workers on Postgres. Each method runs the statement of the same name in `sql/`."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from rekindle import policy
from rekindle.ports import Counts, Due, FailedTick, Fleet, LastTick, LiveWorker, Queue, Schedule, Tick, Worker
from rekindle.postgres.installation import require_known, require_ready
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


class PostgresFleet(Fleet):
    """Schedules and workers over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def schedules(self) -> Sequence[Schedule]:
        return [Schedule(**row) for row in await self._database.rows(statement("schedules"))]

    async def begin(
        self, due: Sequence[Due], *, at: datetime, run_id: UUID, budget_seconds: float, dispatcher: str
    ) -> Tick | None:
        parameters = _arrays(due) | {
            "at": at,
            "run_id": run_id,
            "budget_seconds": budget_seconds,
            "dispatcher": dispatcher,
        }
        async with self._database.transaction() as connection:
            # As in `Store.open_run`. On a server that is not fit or not known, it stays due.
            await require_ready(connection)
            await require_known(connection, name=self._database.installation)
            rows = await (await connection.execute(statement("tick_begin"), parameters)).fetchall()
        return Tick(rows[0]["key"], tuple(rows[0]["scenario_types"]), run_id) if rows else None

    async def skip(self, due: Sequence[Due]) -> Sequence[tuple[str, int]]:
        rows = await self._database.rows(statement("tick_skip"), _arrays(due) | {"last_ats": [one.at for one in due]})
        return [(row["scenario_type"], row["skipped"]) for row in rows]

    async def retries(self, *, catch_up_seconds: float) -> Sequence[Tick]:
        parameters = {"catch_up_seconds": catch_up_seconds, "lost_seconds": policy.LOST_SECONDS}
        rows = await self._database.rows(statement("ticks_to_retry"), parameters)
        return [Tick.of(row["request_key"]) for row in rows]

    async def failed(self) -> Sequence[FailedTick]:
        rows = await self._database.rows(statement("ticks_failed"))
        return [FailedTick(Tick.of(row.pop("request_key")), **row) for row in rows]

    async def overdue(self, schedules: Sequence[Schedule]) -> Sequence[str]:
        parameters = {
            "scenario_types": [one.scenario_type for one in schedules],
            "crons": [one.cron for one in schedules],
            "timezones": [one.timezone for one in schedules],
            "last_ats": [one.last_at for one in schedules],
        }
        rows = await self._database.rows(statement("schedules_overdue"), parameters)
        return sorted(row["scenario_type"] for row in rows)

    async def ready(self) -> bool:
        return (await self._database.row(statement("units_ready")))["ready"]

    async def last_ticks(self) -> Sequence[tuple[Schedule, LastTick | None]]:
        rows = await self._database.rows(statement("status_schedules"))
        return [
            (
                Schedule(**{field.name: row[field.name] for field in fields(Schedule)}),
                None if row["run_id"] is None else LastTick(**{one.name: row[one.name] for one in fields(LastTick)}),
            )
            for row in rows
        ]

    async def workers(self) -> Sequence[LiveWorker]:
        rows = await self._database.rows(statement("status_workers"), {"lost_seconds": policy.LOST_SECONDS})
        return [LiveWorker(**row) for row in rows]

    async def counts(self) -> Counts:
        return Counts(**await self._database.row(statement("status_counts")))

    async def queue(self) -> Queue:
        return Queue(**await self._database.row(statement("status_queue")))

    async def seen(self, worker: Worker) -> Sequence[str]:
        rows = await self._database.rows(
            statement("worker_seen"),
            {
                "worker_id": worker.worker_id,
                "host": worker.host,
                "release": worker.release,
                "configuration": worker.configuration,
            },
        )
        return [row["host"] for row in rows]


def _arrays(due: Sequence[Due]) -> dict[str, Any]:
    return {
        "scenario_types": [one.schedule.scenario_type for one in due],
        "crons": [one.schedule.cron for one in due],
        "timezones": [one.schedule.timezone for one in due],
        "skipped": [one.skipped for one in due],
    }
