"""Read which first pushes of the trials were opened, if the team says so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from rekindle.errors import DatabaseError, SourceError
from rekindle.ports import Opens, TrialFound
from rekindle.postgres.evaluation import optional_views
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement

OPENED_SECONDS = 10.0


async def with_opens(
    database: Database, trials: Sequence[TrialFound], parameters: Mapping[str, Any]
) -> list[TrialFound]:
    """The trials with what the view `opened` says of their first pushes; unchanged if there is no
    such view. If it cannot be read, they say why: nothing else depends on it."""
    if not trials:
        return []
    since = min(one.started_at for one in trials)
    try:
        async with database.transaction(timeout_seconds=OPENED_SECONDS) as connection:
            view = (await optional_views(connection))["opened"]
            if view == "opened_absent":
                return list(trials)
            async with evaluating("the view of opened pushes"):
                text = statement("effect_opened", opened=view)
                rows = await (await connection.execute(text, {**parameters, "since": since})).fetchall()
    except (SourceError, DatabaseError) as fault:
        return [replace(one, opens_failure=fault.message) for one in trials]
    found = {(row["trial_id"], row["arm"]): (row["opened"], row["settled_opened"]) for row in rows}
    return [replace(one, opens=_opens(found, one)) for one in trials]


def _opens(found: Mapping[tuple[UUID, str], tuple[int, int]], trial: TrialFound) -> Opens:
    arms = ("nudged", "held_out") if trial.texts is None else (trial.texts.other, trial.texts.first)
    each = [found.get((trial.trial_id, arm), (0, 0)) for arm in arms]
    return Opens((each[0][0], each[1][0]), (each[0][1], each[1][1]))
