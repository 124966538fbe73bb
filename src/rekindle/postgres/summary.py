"""Read what became of the pushes of some time."""

from collections.abc import Collection
from datetime import UTC
from uuid import UUID

from rekindle.ports import PlaceSummary, Summary
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

SUMMARY_SECONDS = 60.0


async def summary(database: Database, *, within_seconds: float, sees: Collection[UUID] | None) -> Summary:
    """Return the pushes since then, by scenario and organisation, in two statements.

    Raises:
        StatementTooSlow: it took longer than `SUMMARY_SECONDS`.
    """
    parameters = {"within_seconds": within_seconds, "sees": None if sees is None else list(sees)}
    async with database.transaction(timeout_seconds=SUMMARY_SECONDS) as connection:
        places = await (await connection.execute(statement("summary"), parameters)).fetchall()
        refused = await (await connection.execute(statement("summary_refusals"), parameters)).fetchall()
    refusals: dict[str, dict[str, int]] = {}
    for row in refused if sees is None else []:
        if row["scenario_type"] is not None:
            refusals.setdefault(row["scenario_type"], {})[row["reason"]] = row["people"]
    since, at = (refused[0][name].astimezone(UTC) for name in ("since", "at"))
    return Summary(since, at, tuple(PlaceSummary(**row) for row in places), refusals)
