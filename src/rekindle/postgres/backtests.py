"""Results of backtests that somebody has saved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from rekindle.ports import Entry, Filter, SavedBacktest
from rekindle.postgres.audit import audit
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def save(
    database: Database,
    result: Mapping[Any, Any],
    *,
    since: datetime,
    until: datetime,
    scenario_types: Sequence[str],
    entry: Entry,
) -> SavedBacktest:
    """Store a result as it is, and return its row."""
    row = {"since": since, "until": until, "scenario_types": list(scenario_types)}
    asked = {**row, "actor": entry.signature, "result": Jsonb(dict(result))}
    async with database.transaction() as connection:
        done = _saved(await (await connection.execute(statement("backtest_save"), asked)).fetchone() or {})
        await audit(connection, replace(entry, subject=str(done.backtest_id)))  # mutant: saved
    return done


async def saved(database: Database, backtest_id: UUID) -> SavedBacktest | None:
    """Return the result of this id; None: there is none."""
    rows = await database.rows(statement("backtest_saved"), {"backtest_id": backtest_id})
    return _saved(rows[0]) if rows else None


async def saved_page(database: Database, asked: Filter) -> Sequence[SavedBacktest]:
    """Return those that are asked for by `after` and `limit`, newest first, without their numbers.
    The key of a row is its instant and its id."""
    at, backtest_id = asked.after or (None, None)
    parameters = {"after_at": at, "after_id": backtest_id, "limit": asked.limit}
    return [_saved(row) for row in await database.rows(statement("backtest_page"), parameters)]


def _saved(row: dict[str, Any]) -> SavedBacktest:
    instants = {name: row[name].astimezone(UTC) for name in ("saved_at", "since", "until")}
    return SavedBacktest(**{**row, **instants})
