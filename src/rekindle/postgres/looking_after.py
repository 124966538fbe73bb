"""Read what somebody who looks after people wants to know of them."""

from collections.abc import Collection
from datetime import UTC, timedelta
from uuid import UUID

from rekindle.foreign import label
from rekindle.ports import Alone, LookedAfter, Told
from rekindle.postgres.evaluation import optional_views, source_views
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement

LOOK_SECONDS = 30.0
MOST_TOLD = 2_000
MOST_ALONE = 100
_NAME_CHARS = 80


async def looked_after(
    database: Database, organisations: Collection[UUID], *, within: timedelta, away: timedelta
) -> LookedAfter:
    """Return the records of this time, at most `MOST_TOLD`, and the people who have been away and
    have no device, at most `MOST_ALONE`. Reads only.

    Raises:
        StatementTooSlow: it took longer than `LOOK_SECONDS`.
        SourceViewWrong, EvaluationFailed: a view of the team cannot be read.
    """
    async with database.transaction(timeout_seconds=LOOK_SECONDS) as connection:
        views = await optional_views(connection)
        activity = "activity" in await source_views(connection)
        parts = {
            "membership": views["membership"],
            "latest_activity": "latest_activity" if activity else "latest_activity_absent",
        }
        moment = await (await connection.execute(statement("moment"))).fetchone() or {}
        at = moment["at"].astimezone(UTC)
        given = {"organisations": sorted(organisations), "since": at - within, "limit": MOST_TOLD + 1, "user_id": None}
        async with evaluating("the people of an organisation"):
            told = await (await connection.execute(statement("told", **parts), given)).fetchall()
            given = {**given, "away_seconds": away.total_seconds(), "limit": MOST_ALONE}
            alone = await (await connection.execute(statement("alone", **parts), given)).fetchall()
    for row in (*told, *alone):
        row["name"] = None if row["name"] is None else label(row["name"], most=_NAME_CHARS) or None
    return LookedAfter(
        at,
        at - within,
        [Told(**row) for row in told[:MOST_TOLD]],
        len(told) <= MOST_TOLD,
        [Alone(**row) for row in alone],
    )
