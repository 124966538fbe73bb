"""The team's own SELECT as a scenario: checked to be one read-only statement, run apart, and only its rows let in."""

import re
from typing import LiteralString, cast

import psycopg
from psycopg import errors

from rekindle.errors import ScenarioQueryFailed, ScenarioQueryInvalid
from rekindle.postgres.pool import REFUSALS, Connection, Database
from rekindle.postgres.sql import statement
from rekindle.scenario import OwnQuery

ROW_LIMIT = 1_000_000
QUERY_SECONDS = 15.0
_SAMPLE_ROWS = 200
_QUOTED = re.compile(r'"[^"]*"?')
_COLUMNS = {
    "user_id": {2950},
    "occurrence": {25, 1043, 705},
    "variables": {3802},
}  # uuid; text, varchar; jsonb


async def stage_own_query(
    database: Database, writer: Connection, scenario_type: str, scenario: OwnQuery, *, timeout_seconds: float
) -> int:
    """The query's rows stand in a temporary table of the writer's transaction; returns how many.

    The query runs on another connection in a READ ONLY transaction, so that nothing it calls can write; its rows
    stream through this process in blocks and are never collected. Two statements check it first, each time: a stored
    definition is no proof.

    Raises:
        ScenarioQueryInvalid: it is not one SELECT with the columns (user_id uuid, occurrence text, variables jsonb).
        ScenarioQueryFailed: it failed, took longer than 15 s or the time left, gave more than 1,000,000 rows, or a row
            without user or occurrence.
    """
    query = _text(scenario)
    await writer.execute(statement("stage_create"))
    try:
        async with database.reading(timeout_seconds=min(timeout_seconds, QUERY_SECONDS)) as reader:
            await _prove(reader, scenario_type, query)
            # Proven above to be one balanced statement of its own, so it cannot close the brackets around it. Not
            # LiteralString by origin: this is the one place where the team's own SQL is meant to be run.
            copy_out = cast(
                "LiteralString",
                f"copy (select user_id::uuid, occurrence::text, variables::jsonb from (\n{query}\n) as own "
                f"limit {ROW_LIMIT + 1}) to stdout",
            )
            async with (
                reader.cursor() as source,
                writer.cursor() as sink,
                source.copy(copy_out) as outgoing,
                sink.copy("copy pg_temp.rekindle_candidate from stdin") as incoming,
            ):
                async for block in outgoing:
                    await incoming.write(block)
            rows = sink.rowcount
    except REFUSALS as error:
        raise _fault(scenario_type, error) from None
    if rows > ROW_LIMIT:
        raise ScenarioQueryFailed(f"the query of scenario {scenario_type} gave more than {ROW_LIMIT:,} rows")
    return rows


async def sample_variables(database: Database, scenario_type: str, scenario: OwnQuery) -> frozenset[str] | None:
    """The names of the variables in the first rows of the query; None where it gives no row now.

    Raises:
        ScenarioQueryInvalid: as `stage_own_query`.
        ScenarioQueryFailed: it failed or took longer than 15 s.
    """
    query = _text(scenario)
    try:
        async with database.reading(timeout_seconds=QUERY_SECONDS) as reader:
            await _prove(reader, scenario_type, query)
            sample = cast("LiteralString", f"select own.variables from (\n{query}\n) as own limit {_SAMPLE_ROWS}")
            rows = await (await reader.execute(sample, binary=True)).fetchall()
    except REFUSALS as error:
        raise _fault(scenario_type, error) from None
    if not rows:
        return None
    names: set[str] = set()
    for row in rows:
        if isinstance(row["variables"], dict):
            names.update(cast("dict[str, object]", row["variables"]))
    return frozenset(names)


async def _prove(reader: Connection, scenario_type: str, query: str) -> None:
    """The text is one statement in itself, and a SELECT of the right columns. `binary` makes psycopg use the extended
    protocol, in which the server takes one statement only."""
    # Bracketed options, so that a query cannot begin with ANALYZE and be executed by this.
    await reader.execute(cast("LiteralString", f"explain (costs off) {query}"), binary=True)
    cursor = await reader.execute(cast("LiteralString", f"select * from (\n{query}\n) as own limit 0"), binary=True)
    columns = {column.name: column.type_code for column in cursor.description or []}
    wrong = [name for name, types in _COLUMNS.items() if columns.get(name) not in types]
    if wrong:
        raise ScenarioQueryInvalid(
            f"the query of scenario {scenario_type} lacks, or has with another type: {', '.join(wrong)}",
            mend="It must return user_id uuid, occurrence text, variables jsonb.",
        )


def _fault(scenario_type: str, error: psycopg.Error) -> ScenarioQueryFailed | ScenarioQueryInvalid:
    if isinstance(error, errors.QueryCanceled):
        return ScenarioQueryFailed(
            f"the query of scenario {scenario_type} took too long", mend="Add an index or narrow it."
        )
    message = (error.diag.message_primary or type(error).__name__)[:300]
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
        # What stands in quotation marks may come out of a row.
        return ScenarioQueryFailed(
            f"the query of scenario {scenario_type} gave a row that cannot be used: {_QUOTED.sub('…', message)}",
            mend="Every row needs a user_id, an occurrence of 1 to 200 characters and a JSON object of variables.",
        )
    return ScenarioQueryInvalid(
        f"the query of scenario {scenario_type} cannot be run: {message}",
        mend="It must be one SELECT, read-only, over what rekindle_worker may read.",
    )


def _text(scenario: OwnQuery) -> str:
    return (scenario.query or "").strip().removesuffix(";")
