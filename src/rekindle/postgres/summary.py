"""Read what became of the pushes of some time."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, timedelta
from uuid import UUID

from rekindle.ports import PlaceSummary, Summary
from rekindle.postgres.evaluation import optional_views
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement

SUMMARY_SECONDS = 60.0


async def summary(database: Database, *, within_seconds: float, sees: Collection[UUID] | None) -> Summary:
    """Return the pushes since then, by scenario and organisation, in four statements.

    Raises:
        StatementTooSlow: it took longer than `SUMMARY_SECONDS`.
        SourceViewWrong, EvaluationFailed: the view of opened pushes cannot be read.
    """
    async with database.transaction(timeout_seconds=SUMMARY_SECONDS) as connection:
        views = await optional_views(connection)
        moment = await (await connection.execute(statement("moment"))).fetchone() or {}
        at = moment["at"].astimezone(UTC)
        since = at - timedelta(seconds=within_seconds)
        parameters = {"since": since, "sees": None if sees is None else list(sees)}
        async with evaluating("the report"):
            text = statement("summary", opened=views["opened"])
            places = await (await connection.execute(text, parameters)).fetchall()
        refusals: dict[str, dict[str, int]] = {}
        if sees is None:
            for row in await (await connection.execute(statement("summary_refusals"), parameters)).fetchall():
                refusals.setdefault(row["scenario_type"], {})[row["reason"]] = row["people"]
    counted = [PlaceSummary(**row) for row in places]
    if views["opened"] == "opened_absent":
        counted = [replace(one, opened=None) for one in counted]
    return Summary(since, at, tuple(counted), refusals)
