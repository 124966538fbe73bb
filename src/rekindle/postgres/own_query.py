"""The team's own SELECT as a scenario. It is checked to be one read-only statement and runs
separately; only its rows reach the claim."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, LiteralString, cast
from uuid import UUID

from rekindle.errors import ScenarioQueryFailed, ScenarioQueryInvalid, SourceError
from rekindle.postgres.connection import Connection
from rekindle.postgres.pool import Database
from rekindle.postgres.requirements import fits
from rekindle.postgres.scenario_faults import querying
from rekindle.postgres.sql import statement
from rekindle.render import MAX_VALUE_CHARS, Need
from rekindle.scenario import OwnQuery, Variable
from rekindle.scenario.query import without_ending

ROW_LIMIT = 1_000_000
QUERY_SECONDS = 15.0
STILL_DUE_SECONDS = 3.0
"""An arming gives up after 5 s (`rekindle.engine.dispatch`)."""

NOT_LOOKED_AT: Mapping[str, list[Any]] = {
    "looked_at": [],
    "still_scenario_types": [],
    "still_user_ids": [],
    "still_occurrences": [],
}
"""The parameters of arm.sql that the queries of `still_due` fill in, if there is none."""
_SAMPLE_ROWS = 200
_MEMORY_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 18
_USER_ID = {"user_id": {2950}}  # uuid
_OCCURRENCE = {"occurrence": {25, 1043, 705}}  # text, varchar


@dataclass(frozen=True, slots=True)
class Returns:
    """The columns that a query must return, and those that it may, with the ids of their types."""

    columns: Mapping[str, Collection[int]]
    hint: str
    may: Mapping[str, Collection[int]] | None = None
    invalid: type[SourceError] = ScenarioQueryInvalid


_CANDIDATES = Returns(
    {**_USER_ID, **_OCCURRENCE, "variables": {3802}},  # jsonb
    "It must return user_id uuid, occurrence text, variables jsonb.",
)
_STILL_DUE = Returns(_USER_ID, "It must return user_id uuid, and may return occurrence text.", may=_OCCURRENCE)

_USES: tuple[Need, ...] = ("number", "date", "time", "list")


@asynccontextmanager
async def own_rows(
    database: Database, scenario_type: str, scenario: OwnQuery, *, timeout_seconds: float
) -> AsyncGenerator[IO[bytes]]:
    """The rows that the query returns now, as the text of a COPY, in a file that is deleted when
    the block ends.

    It runs in a READ ONLY transaction, so that nothing it calls can write. Its connection is
    released before the block begins. When runs each kept one connection and waited for a second, a
    pooler with three connections had none left and all of them stopped (measured). Two statements
    check the query first, each time, because a stored definition proves nothing. Its rows stream
    through this process in blocks; beyond 8 MB they are on disk.

    Raises:
        ScenarioQueryInvalid: the query is not one SELECT with the columns (user_id uuid, occurrence
            text, variables jsonb).
        ScenarioQueryFailed: it failed, or took longer than 15 s or the time left.
    """
    query = scenario.statement
    with SpooledTemporaryFile(_MEMORY_BYTES) as file:
        rows = cast("IO[bytes]", file)
        async with (
            database.reading(timeout_seconds=min(timeout_seconds, QUERY_SECONDS)) as reader,
            querying(_of(scenario_type)),
        ):
            await prove(reader, _of(scenario_type), query)
            copy_out: LiteralString = f"copy ({returned_rows(scenario)}) to stdout"
            async with reader.cursor() as source, source.copy(copy_out) as outgoing:
                async for block in outgoing:
                    try:
                        rows.write(block)
                    except OSError as error:  # beyond 8 MB they are on disk
                        raise ScenarioQueryFailed(
                            f"the rows of scenario {scenario_type} cannot be kept: {error.strerror}",
                            hint="Make room in the folder for temporary files, or set TMPDIR to another one.",
                        ) from None
        yield rows


def returned_rows(scenario: OwnQuery) -> LiteralString:
    """Return a SELECT around the query that casts its columns and stops one row after the limit.
    Variables that are no object become null, because one row must not fail the others.

    `prove` has checked that the query is one balanced statement, so it cannot close the brackets.
    Its origin is not a literal: this is the only place that runs the team's SQL on purpose.
    """
    return cast(
        "LiteralString",
        "select returned.user_id::uuid, returned.occurrence::text,\n"
        "       case when jsonb_typeof(returned.variables) = 'object' then rekindle.readable(returned.variables) end\n"
        f"from (\n{scenario.statement}\n) as returned\nlimit {ROW_LIMIT + 1}",
    )


async def stage(writer: Connection, scenario_type: str, rows: IO[bytes]) -> None:
    """Write the rows to a temporary table of the writer's transaction.

    Raises:
        ScenarioQueryFailed: there are more than 1,000,000 rows.
    """
    rows.seek(0)
    await writer.execute(statement("stage_create"))
    async with writer.cursor() as sink:
        async with sink.copy("copy pg_temp.rekindle_candidate from stdin") as incoming:
            while block := rows.read(_BLOCK_BYTES):
                await incoming.write(block)
        staged = sink.rowcount
    if staged > ROW_LIMIT:
        raise ScenarioQueryFailed(f"the query of scenario {scenario_type} returned more than {ROW_LIMIT:,} rows")


async def sample_variables(database: Database, scenario_type: str, scenario: OwnQuery) -> Mapping[str, Variable] | None:
    """Return the variables in the first rows of the query, by name; None if it returns no row now.

    A variable is fit for each use that one of its values is fit for, and for all uses if it has no
    value. The server decides, by the conditions of the claim, so no value is decoded here.

    The query of `still_due` is checked too.

    Raises:
        ScenarioQueryInvalid: as in `own_rows`.
        ScenarioQueryFailed: it failed or took longer than 15 s.
    """
    if scenario.still_due is not None:
        await still_due(database, scenario_type, scenario.still_due, [], timeout_seconds=QUERY_SECONDS)
    query = scenario.statement
    async with database.reading(timeout_seconds=QUERY_SECONDS) as reader, querying(_of(scenario_type)):
        await prove(reader, _of(scenario_type), query)
        rows = await (await reader.execute(sampled_variables(scenario), binary=True)).fetchall()
    return {row["name"]: _variable(row) for row in rows if row["name"] is not None} if rows else None


async def still_due(
    database: Database,
    scenario_type: str,
    query: str,
    user_ids: Sequence[UUID],
    *,
    timeout_seconds: float = STILL_DUE_SECONDS,
) -> list[tuple[UUID, str | None]]:
    """Return those of these people that the query of `still_due` returns now, each with an
    occurrence; None means every occurrence of the person, if the query has no such column.

    It runs as `own_rows` does: alone, read-only and checked each time.

    Raises:
        ScenarioQueryInvalid: the query is not one SELECT with a column user_id uuid. A column
            occurrence is a text.
        ScenarioQueryFailed: it failed, or took longer than `timeout_seconds`.
    """
    text, what = without_ending(query), _of(scenario_type, "still_due")
    async with database.reading(timeout_seconds=timeout_seconds) as reader, querying(what):
        columns = await prove(reader, what, text, _STILL_DUE)
        occurrence = "still.occurrence::text" if "occurrence" in columns else "null::text"
        asked: LiteralString = (
            f"select distinct still.user_id::uuid, {occurrence} as occurrence\n"
            "from pg_temp.rekindle_still as still\n"
            "where still.user_id::uuid = any (%(user_ids)s::uuid[])"
        )
        asked = in_place_of("pg_temp.rekindle_still", text, asked)
        rows = await (await reader.execute(asked, {"user_ids": list(user_ids)}, binary=True)).fetchall()
    return [(row["user_id"], row["occurrence"]) for row in rows]


def sampled_variables(scenario: OwnQuery) -> LiteralString:
    """Return a SELECT of the variables in the first rows of the query: (name, for_programs, given,
    number, date, time, list, longest). A row without a variable has no name."""
    fitting = ", ".join(f"bool_or(own.value @@ '{fits(use, '$')}') as {use}" for use in _USES)
    return cast(
        "LiteralString",
        "select own.name, bool_or(jsonb_typeof(own.value) in ('boolean', 'array', 'object')) as for_programs,\n"
        f"       coalesce(bool_or(own.value <> 'null'), false) as given,\n"
        f"       {fitting},\n"
        f"       max(octet_length(convert_to(left(own.value #>> '{{}}', {MAX_VALUE_CHARS}), 'UTF8'))) as longest\n"
        "from (\n"
        "  select one.key as name, one.value\n"
        "  from (\n"
        "    select case when jsonb_typeof(returned.variables) = 'object' then returned.variables end as variables\n"
        f"    from (\n{scenario.statement}\n) as returned limit {_SAMPLE_ROWS}\n"
        "  ) sample left join lateral jsonb_each(rekindle.readable(sample.variables)) one on true\n"
        ") own\n"
        "group by own.name",
    )


def _of(scenario_type: str, key: str = "query") -> str:
    return f"the {key} of scenario {scenario_type}"


def _variable(row: dict[str, Any]) -> Variable:
    """Return the uses that a variable is fit for, and the bytes of its longest value."""
    fit_for: frozenset[Need] = frozenset(use for use in _USES if row[use] or not row["given"])
    return Variable(fit_for, row["longest"] or 0, for_programs=bool(row["for_programs"]))


async def prove(reader: Connection, what: str, query: str, returns: Returns = _CANDIDATES) -> Mapping[str, int]:
    """Check that the text alone is one statement, and a SELECT of the right columns; return the
    types of all of its columns. `binary` makes psycopg use the extended protocol, in which the
    server accepts only one statement."""
    # The options are in brackets, so that a query that begins with ANALYZE is not executed here.
    await reader.execute(cast("LiteralString", f"explain (costs off) {query}"), binary=True)
    cursor = await reader.execute(cast("LiteralString", f"select * from (\n{query}\n) as own limit 0"), binary=True)
    columns = {column.name: column.type_code for column in cursor.description or []}
    wrong = [name for name, types in returns.columns.items() if columns.get(name) not in types]
    wrong += [name for name, types in (returns.may or {}).items() if name in columns and columns[name] not in types]
    if wrong:
        message = f"{what} does not return, or returns with another type: {', '.join(wrong)}"
        raise returns.invalid(message, hint=returns.hint)
    return columns


def in_place_of(table: str, query: str, text: LiteralString) -> LiteralString:
    """The statement with the team's query, which is proved, in place of a table."""
    # A percent sign in the query is no parameter.
    return cast("LiteralString", text.replace(table, "(\n" + query.replace("%", "%%") + "\n)"))
