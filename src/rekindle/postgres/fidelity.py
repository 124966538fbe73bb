"""How far a replay of a scenario can be trusted: by what its condition reads."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import LiteralString, cast

from rekindle.errors import DatabaseError, DatabaseUnreachable, NotReplayable, SourceError
from rekindle.ports import Applied, Fidelity
from rekindle.postgres.connection import Connection
from rekindle.postgres.faults import database_faults
from rekindle.postgres.own_query import prove
from rekindle.postgres.scenario_faults import evaluating, querying
from rekindle.postgres.sql import statement
from rekindle.postgres.twins import DATED
from rekindle.scenario import AnyScenario, OwnQuery

_INSTANTS = ("timestamp with time zone", "timestamp without time zone")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_RELATIVE = re.compile(r"'\s*(now|today|yesterday|tomorrow)\s*'", re.IGNORECASE)
_OWN_CLOCK = re.compile(r"\brekindle\s*\.\s*clock\s*\(", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(?:now|transaction_timestamp|statement_timestamp|clock_timestamp|timeofday)\(\)"
    r"|\b(?:CURRENT_DATE|CURRENT_TIME|CURRENT_TIMESTAMP|LOCALTIME|LOCALTIMESTAMP)\b"
)
_CALL = re.compile(r"(?:\b([a-z_][a-z0-9_$]*|\"[^\"]+\")\.)?(\b[a-z_][a-z0-9_$]*|\"[^\"]+\")\(")
_FEW_EXPIRED = 0.05
"""If fewer certificates than this have expired, renewals replace the old date."""

_DATES = "a day counts as over before the tick of that day, so people may come a day early or late"
_ENTERED = "if rows were entered when they happened; a column recorded_at would show it"
_RENEWED = "renewals are known too early without a column recorded_at, so too few people are due"
_IN_PLACE = (
    "certificates seem to be renewed in place, so those that were renewed are missing: far too few people are due"
)
_EVENTS = "events are read as of now: those moved or cancelled since, or entered late, were different then"
_QUERY = "the query says rekindle.at(); set as_of = true if it reads only what was known then"
_AS_OF = "as_of = true promises that the query reads only what was known then"


async def fidelity(
    connection: Connection, url: str, applied: Iterable[Applied], at: datetime
) -> Mapping[str, Fidelity]:
    """Return what can be said of the replay of each scenario: exact, approximate or refused, and
    why. The number of statements depends on the views and the team's queries alone."""
    rows = await (await connection.execute(statement("source_columns"))).fetchall()
    types = {(row["view_name"], row["column_name"]): row["type_name"] for row in rows}
    found: dict[str, Fidelity] = {}
    clocks: dict[str, str | None] = {}
    for one in applied:
        try:
            with database_faults(url):
                async with connection.transaction():
                    found[one.scenario_type] = await _of(connection, one, types, clocks, at)
        except DatabaseUnreachable:
            raise
        except (NotReplayable, SourceError, DatabaseError) as fault:
            found[one.scenario_type] = Fidelity("refused", (fault.message,), fault)
    return found


async def _of(
    connection: Connection,
    one: Applied,
    types: Mapping[tuple[str, str], str],
    clocks: dict[str, str | None],
    at: datetime,
) -> Fidelity:
    if isinstance(one.scenario, OwnQuery):
        async with querying(f"the query of scenario {one.scenario_type}"):
            return await _of_query(connection, one.scenario_type, one.scenario)
    async with evaluating(f"scenario {one.scenario_type}"):
        for view in sorted(set(one.scenario.views()) & set(DATED)):
            if view not in clocks:
                clocks[view] = await clock_in(connection, statement("replay_rows", view=f'"{view}"'))
            if clocks[view] is not None:
                raise _refused(f"the view rekindle_source.{view} calls {clocks[view]}")
        return await _of_views(connection, one.scenario, types, at)


async def _of_query(connection: Connection, scenario_type: str, scenario: OwnQuery) -> Fidelity:
    query = scenario.statement
    await prove(connection, f"the query of scenario {scenario_type}", query)
    clock = await clock_in(connection, cast("LiteralString", query))
    if clock is not None:
        raise _refused(f"the query calls {clock}")
    said = re.search(r"\brekindle\s*\.\s*at\s*\(", _LITERAL.sub("''", query), re.IGNORECASE) is not None
    if scenario.as_of:
        return Fidelity("exact", (_AS_OF,))
    if not said:
        raise _refused(
            "the query does not say rekindle.at(), so it returns the people of now",
            hint="Say rekindle.at() in its conditions, and set as_of = true.",
        )
    return Fidelity("approximate", (_QUERY,))


async def _of_views(
    connection: Connection, scenario: AnyScenario, types: Mapping[tuple[str, str], str], at: datetime
) -> Fidelity:
    exact: list[str] = []
    approximate: list[str] = []
    read = set(scenario.views())
    for view in sorted(read & set(DATED)):
        recorded = types.get((view, "recorded_at")) == _INSTANTS[0]
        if view == "activity" and types.get((view, "activity_date")) == "date":
            approximate.append(_DATES)
        elif view == "activity" and not recorded:
            exact.append(_ENTERED)
        elif view == "certification" and not recorded:
            row = await (await connection.execute(statement("replay_certificates"), {"at": at})).fetchone() or {}
            if row["expired"] < _FEW_EXPIRED * row["certificates"]:
                approximate.append(_IN_PLACE)
            elif row["renewed"]:
                approximate.append(_RENEWED)
            else:
                exact.append(_ENTERED)
        elif view == "event" and not recorded:
            approximate.append(_EVENTS)
    return Fidelity("approximate", tuple(approximate)) if approximate else Fidelity("exact", tuple(exact))


async def clock_in(connection: Connection, query: LiteralString) -> str | None:
    """Return the clock that a query reads, or a function that may read one; None: there is none.

    The plan shows what views and SQL functions contain. A relative date such as 'today' becomes a
    constant before that, and is found in the text.
    """
    if relative := _RELATIVE.search(query):
        return relative[0]
    if _OWN_CLOCK.search(_LITERAL.sub("''", query)):
        return "rekindle.clock()"
    asked: LiteralString = f"explain (verbose, costs off) {query}"
    plan = "\n".join(row["QUERY PLAN"] for row in await (await connection.execute(asked)).fetchall())
    if relative := _RELATIVE.search(plan):
        return relative[0]
    shown = _LITERAL.sub("''", plan)
    if clock := _CLOCK.search(shown):
        return clock[0]
    calls = {(schema.strip('"') or None, name.strip('"')) for schema, name in _CALL.findall(shown)}
    parameters = {"schemas": [schema for schema, _ in calls], "names": [name for _, name in calls]}
    rows = await (await connection.execute(statement("replay_functions"), parameters)).fetchall()
    return f"{rows[0]['name']}()" if rows else None


def _refused(why: str, *, hint: str = NotReplayable.usual_hint) -> NotReplayable:
    return NotReplayable(f"cannot be replayed: {why}", hint=hint)
