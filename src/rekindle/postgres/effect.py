"""Read what the ledger knows of the trials."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date
from typing import Any
from uuid import UUID

from rekindle.errors import OutcomeQueryFailed, SourceError, SourceViewMissing, StatementTooSlow
from rekindle.ports import (
    NO_COUNTS,
    ChapterSettled,
    FourCounts,
    OwnOutcome,
    TextsFound,
    TrialDay,
    TrialFound,
    TrialsFound,
)
from rekindle.postgres.effect_opened import with_opens
from rekindle.postgres.evaluation import source_views
from rekindle.postgres.own_outcome import asked, changed
from rekindle.postgres.own_query import QUERY_SECONDS
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.scenario import ACTIVITY

EFFECT_SECONDS = 60.0
CHANGED_SECONDS = 10.0
_TRIED = 2_000
"""People of each trial whose outcome is asked for, as by the next run."""

_Row = dict[str, Any]
_Key = tuple[UUID, str]
"""A trial, and of a text trial the text that is compared with the first one; else empty."""


def _key(row: _Row) -> _Key:
    return row["trial_id"], row["text_name"]


async def trials_found(
    database: Database, *, scope: str | None, sees: Collection[UUID] | None, timezone: str | None
) -> TrialsFound:
    """Return every trial, the newest first, in three statements: of a text trial, each text but the
    first. Two more ask
    the team's view what it says now; if it cannot be read, the trials say why.

    Raises:
        StatementTooSlow: it took longer than `EFFECT_SECONDS`.
    """
    parameters = {"scope": scope, "sees": None if sees is None else list(sees)}
    numbers: dict[_Key, list[_Row]] = defaultdict(list)
    async with database.transaction(timeout_seconds=EFFECT_SECONDS) as connection:
        moment = await (await connection.execute(statement("moment"))).fetchone() or {}
        trials = await (await connection.execute(statement("effect_trials"), parameters)).fetchall()
        for row in await (await connection.execute(statement("effect_numbers"), parameters)).fetchall():
            numbers[_key(row)].append(row)
    found = [_found(row, numbers[_key(row)]) for row in trials]
    if numbers:
        outcomes = {
            outcome: await _now(database, outcome, found, {**parameters, "timezone": timezone})
            for outcome in sorted({one.outcome for one in found if (one.trial_id, one.text_name) in numbers})
        }
        for number, one in enumerate(found):
            changed, failure = outcomes.get(one.outcome, (None, None))
            people = None if changed is None else changed.get((one.trial_id, one.text_name), 0)
            found[number] = replace(one, changed=people, failure=failure)
    found = await with_opens(database, found, parameters)
    return TrialsFound(moment["at"].astimezone(UTC), found)


async def _now(
    database: Database, outcome: str, trials: Sequence[TrialFound], parameters: _Row
) -> tuple[dict[_Key, int] | None, str | None]:
    """How many people of each trial with this outcome would be judged differently now, or why it
    cannot be read; neither if that took longer than `CHANGED_SECONDS`."""
    try:
        if outcome == ACTIVITY:
            rows = await _changed(database, parameters)
        else:
            own = OwnOutcome(outcome, tuple(sorted({one.scope for one in trials if one.outcome == outcome})))
            # The next run is asked for first: a query that is too slow for it is a failure, and one
            # that is too slow for all people of the past is not.
            await asked(database, own, timezone=parameters["timezone"], limit=_TRIED, timeout_seconds=QUERY_SECONDS)
            try:
                rows = await changed(database, own, parameters, timeout_seconds=CHANGED_SECONDS)
            except OutcomeQueryFailed:
                return None, None
    except StatementTooSlow:
        return None, None
    except SourceError as fault:
        return None, fault.message
    return {_key(row): row["people"] for row in rows}, None


async def _changed(database: Database, parameters: _Row) -> list[_Row]:
    async with database.transaction(timeout_seconds=CHANGED_SECONDS) as connection:
        if "activity" not in await source_views(connection):
            raise SourceViewMissing("the view rekindle_source.activity is missing")
        async with evaluating("the outcome of the trials"):
            given = {**parameters, "outcome": ACTIVITY}
            return await (await connection.execute(statement("effect_changed"), given)).fetchall()


def _found(row: _Row, numbers: list[_Row]) -> TrialFound:
    opted_out = row.pop("nudged_opted_out"), row.pop("held_out_opted_out")
    settled = _with(numbers, "settled_on")
    first = row.pop("first_text"), row.pop("first_weight"), row.pop("text_weight"), row.pop("compared")
    first_accepted = row.pop("first_accepted")
    texts = None
    if row["text_name"]:
        texts = TextsFound(first[0], row["text_name"], *first[1:], first_accepted=first_accepted)
    return TrialFound(
        texts=texts,
        **{name: value for name, value in row.items() if name != "text_name"},
        opted_out=opted_out,
        days=_days(_with(numbers, "enrolled_on"), settled),
        chapters=[ChapterSettled(one["settled_on"], one["chapter"], _counts(one)) for one in settled if one["chapter"]],
        months=[(one["month"], _counts(one)) for one in _with(numbers, "month")],
        back=[(one["back_day"], (one["nudged"], one["held_out"])) for one in _with(numbers, "back_day")],
    )


def _with(numbers: Iterable[_Row], column: str) -> list[_Row]:
    return sorted((one for one in numbers if one[column] is not None), key=lambda one: one[column])


def _days(enrolled: Iterable[_Row], settled: Iterable[_Row]) -> list[TrialDay]:
    people = {one["enrolled_on"]: (one["nudged"], one["held_out"]) for one in enrolled}
    counts: dict[date, FourCounts] = {}
    for one in settled:  # one row, or one per chapter
        a, b, c, d = (x + y for x, y in zip(counts.get(one["settled_on"], NO_COUNTS), _counts(one), strict=True))
        counts[one["settled_on"]] = (a, b, c, d)
    return [
        TrialDay(on, people.get(on, (0, 0)), counts.get(on, NO_COUNTS)) for on in sorted(people.keys() | counts.keys())
    ]


def _counts(row: _Row) -> FourCounts:
    nudged, held_out = row["nudged_back"], row["held_out_back"]
    return nudged, row["nudged"] - nudged, held_out, row["held_out"] - held_out
