"""The team's own SELECT as an outcome. It runs as that of a scenario does: proved each time, alone
in a transaction that cannot write, and within its time. Only what it says of the people in question
reaches the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from rekindle.errors import OutcomeQueryInvalid
from rekindle.ports import PROGRAMME, OwnOutcome
from rekindle.postgres.own_query import QUERY_SECONDS, Returns, in_place_of, prove
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import OF_OUTCOME, querying
from rekindle.postgres.sql import statement

STANDS_FOR_IT = "pg_temp.rekindle_happened"
"""The name in the statements that becomes the query, in brackets."""
_RETURNS = Returns(
    {"user_id": {2950}, "happened_at": {1082, 1114, 1184}},  # uuid; date, timestamp, timestamptz
    "It must return user_id uuid and happened_at, a timestamptz or a date.",
    invalid=OutcomeQueryInvalid,
)
_TRIED_PEOPLE = 200


async def outcomes_over(database: Database) -> Sequence[OwnOutcome]:
    """The queries that somebody waits for whose horizon is over."""
    rows = await database.rows(statement("outcomes_over"), {"limit": 1, "outcome": None})
    return [OwnOutcome(row["outcome"], tuple(row["scopes"])) for row in rows]


async def asked(
    database: Database, outcome: OwnOutcome, *, timezone: str | None, limit: int, timeout_seconds: float
) -> Mapping[str, Any]:
    """What the query says of the people whose horizon is over, as the parameters of back_asked.sql
    and of the statements with it. It has no rows if there is nobody.

    Raises:
        OutcomeQueryInvalid: the query is not one SELECT with the columns (user_id uuid,
            happened_at), a date or a time.
        OutcomeQueryFailed: it failed, or took longer than 15 s or the time left.
    """
    parameters = {"limit": limit, "timezone": timezone, "outcome": outcome.query}
    rows = await _read(database, outcome, "outcome_asked", parameters, min(timeout_seconds, QUERY_SECONDS))
    return parameters | {
        "claim_ids": [row["claim_id"] for row in rows],
        "claimed_ats": [row["claimed_at"] for row in rows],
        "horizons": [row["horizon_seconds"] for row in rows],
        "back_ats": [row["at"] for row in rows],
    }


async def tried(database: Database, outcome: OwnOutcome, *, horizon_seconds: int) -> None:
    """Read the query as a run does, for some of the recipients. Raises as `asked`."""
    parameters = {"horizon_seconds": horizon_seconds, "people": _TRIED_PEOPLE}
    await _read(database, outcome, "outcome_tried", parameters, QUERY_SECONDS)


async def changed(
    database: Database, outcome: OwnOutcome, parameters: Mapping[str, Any], *, timeout_seconds: float
) -> list[dict[str, Any]]:
    """The rows of effect_changed.sql. Raises as `asked`."""
    given = {**parameters, "outcome": outcome.query}
    return await _read(database, outcome, "effect_changed", given, timeout_seconds)


async def _read(
    database: Database, outcome: OwnOutcome, name: str, parameters: Mapping[str, Any], timeout_seconds: float
) -> list[dict[str, Any]]:
    what = f"the outcome of {_named(outcome.scopes)}"
    text = in_place_of(STANDS_FOR_IT, outcome.query, statement(name, back="back_own"))
    async with database.reading(timeout_seconds=timeout_seconds) as reader, querying(what, OF_OUTCOME):
        await prove(reader, what, outcome.query, _RETURNS)  # mutant: prove-the-outcome
        return await (await reader.execute(text, parameters)).fetchall()


def _named(scopes: Sequence[str]) -> str:
    scenarios = [scope for scope in scopes if scope != PROGRAMME]
    named = [f"scenario{'s' if len(scenarios) > 1 else ''} {', '.join(scenarios)}"] if scenarios else []
    return " and ".join([*(["[trial]"] if PROGRAMME in scopes else []), *named])
