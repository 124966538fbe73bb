"""Evaluate and claim: a constant number of statements per scenario, whatever the number of people."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import IO, Any, LiteralString
from uuid import UUID

from psycopg import DataError, errors
from psycopg.types.json import Jsonb

from rekindle.errors import SourceViewWrong
from rekindle.model import Candidate, Numbers, Selection
from rekindle.ports import Applied, Terms
from rekindle.postgres.own_query import own_rows, stage
from rekindle.postgres.pool import Connection, Database, primary
from rekindle.postgres.sql import composed, statement
from rekindle.scenario import AnyScenario, Expiry, Inactivity, Milestone, OwnQuery

_STREAM_ROWS = 1_000


async def claim(
    database: Database,
    run_id: UUID,
    applied: Applied,
    selection: Selection,
    reserved_seconds: float,
    terms: Terms,
) -> Numbers:
    """`Store.claim`: one transaction of five statements (eight where the scenario has its own query)."""
    scenario = applied.scenario
    kept = (errors.UniqueViolation, DataError)  # what tells a second call, and what `_readable` names
    async with (
        _own_rows(database, applied, terms) as rows,
        database.transaction(timeout_seconds=terms.timeout_seconds, pass_through=kept) as connection,
        _readable(applied),
    ):
        parameters = await _begin(connection, applied, selection, terms, rows) | {
            "run_id": run_id,
            "version": applied.version,
            "cooldown_seconds": scenario.cooldown,
            "priority": scenario.priority,
            "resend": scenario.uncertain == "resend",
            "relevance_seconds": scenario.relevance,
            "reserved_seconds": reserved_seconds,
        }
        evaluated = await _evaluated(connection, parameters)
        verdicts = {
            row["verdict"]: int(row["people"]) for row in await _rows(connection, "claim", scenario, parameters)
        }
        claimed = verdicts.pop("claimed", 0)
        # Somebody may have joined after the count, each statement seeing what was committed before it.
        evaluated = max(evaluated, claimed + sum(verdicts.values()))
        numbers = Numbers(
            scenario_type=applied.scenario_type,
            evaluated=evaluated,
            not_due=evaluated - claimed - sum(verdicts.values()),
            refusals=verdicts,
            claimed=claimed,
            pending=claimed,
        )
        await connection.execute(
            statement("run_scenario_open"),
            {
                "run_id": run_id,
                "scenario_type": numbers.scenario_type,
                "evaluated": numbers.evaluated,
                "not_due": numbers.not_due,
                "refused": numbers.refused,
                "refusals": Jsonb(dict(numbers.refusals)),
                "claimed": numbers.claimed,
            },
        )
    return numbers


async def candidates(
    database: Database, applied: Applied, selection: Selection, terms: Terms
) -> AsyncGenerator[Candidate]:
    """`Store.candidates`: a server-side cursor, so that memory does not grow with the number of people."""
    async with (
        _own_rows(database, applied, terms) as rows,
        database.transaction(
            timeout_seconds=terms.timeout_seconds, bounded=False, pass_through=(DataError,)
        ) as connection,
        _readable(applied),
    ):
        # Between two reads this waits for whoever consumes the rows: each wait for the server has its own bound.
        async with asyncio.timeout(terms.timeout_seconds):
            parameters = await _begin(connection, applied, selection, terms, rows)
        async with connection.cursor(name="rekindle_plan") as cursor:
            await cursor.execute(composed("plan", applied.scenario.kind), parameters)
            while True:
                async with asyncio.timeout(terms.timeout_seconds):
                    read = await cursor.fetchmany(_STREAM_ROWS)
                if not read:
                    return
                for row in read:
                    yield _candidate(applied.scenario_type, row)


def _candidate(scenario_type: str, row: dict[str, Any]) -> Candidate:
    return Candidate(
        user_id=row["user_id"],
        organisation_id=row["organisation_id"],
        scenario_type=scenario_type,
        occurrence=row["occurrence"],
        refusal=row["refusal"],
        locale=row["locale"],
        variables=row["variables"],
        devices=tuple((kind, target) for kind, target in row["devices"]),
    )


@asynccontextmanager
async def _readable(applied: Applied) -> AsyncGenerator[None]:
    """A value in the team's views that the evaluation stumbles over is this scenario's fault alone, and is not quoted:
    neither in the message nor in a traceback, where psycopg's own error would quote it."""
    try:
        yield
    except DataError as error:
        raise SourceViewWrong(
            f"scenario {applied.scenario_type} reads a value that cannot be used: {primary(error)}",
            mend="Mend the row, or have its view in schema rekindle_source leave it out.",
        ) from None


@asynccontextmanager
async def _own_rows(database: Database, applied: Applied, terms: Terms) -> AsyncGenerator[IO[bytes] | None]:
    """The rows of the scenario's own query, read before the transaction that claims; None where it has none."""
    if not isinstance(applied.scenario, OwnQuery):
        yield None
        return
    async with own_rows(
        database, applied.scenario_type, applied.scenario, timeout_seconds=terms.timeout_seconds
    ) as rows:
        yield rows


async def _begin(
    connection: Connection, applied: Applied, selection: Selection, terms: Terms, rows: IO[bytes] | None
) -> dict[str, Any]:
    """Fix the moment of the evaluation, and stage the rows of an own query."""
    cursor = await connection.execute(statement("moment"))
    moment = await cursor.fetchone()
    if rows is not None:
        await stage(connection, applied.scenario_type, rows)
    return {
        **(moment or {}),
        **_thresholds(applied.scenario),
        "scenario_type": applied.scenario_type,
        "timezone": terms.timezone,
        "organisations": list(selection.organisations),
        "user_id": selection.user_id,
    }


def _thresholds(scenario: AnyScenario) -> dict[str, Any]:
    match scenario:
        case Inactivity():
            return {"after_days": scenario.after}
        case Milestone():
            return {"at_marks": scenario.at}
        case Expiry():
            return {"before_days": scenario.before}
        case OwnQuery():
            return {}


async def _evaluated(connection: Connection, parameters: dict[str, Any]) -> int:
    cursor = await connection.execute(statement("evaluated"), parameters)
    row = await cursor.fetchone()
    return int(row["evaluated"]) if row else 0


async def _rows(
    connection: Connection, name: LiteralString, scenario: AnyScenario, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    cursor = await connection.execute(composed(name, scenario.kind), parameters)
    return await cursor.fetchall()
