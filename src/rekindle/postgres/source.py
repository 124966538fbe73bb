"""Read the team's own views, and never write to them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, LiteralString, cast
from uuid import UUID

from psycopg import errors, sql

from rekindle.errors import DatabaseUnreachable, RekindleError
from rekindle.foreign import label
from rekindle.model import Place, PlaceNames
from rekindle.policy import STALE_SECONDS
from rekindle.ports import (
    Column,
    DateCounts,
    DeviceCounts,
    Exposure,
    IdCounts,
    OptOuts,
    OwnOutcome,
    Source,
    SourceCounts,
    View,
)
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import optional_views, parts_of_names
from rekindle.postgres.faults import primary
from rekindle.postgres.own_outcome import tried
from rekindle.postgres.own_query import sample_variables
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.render import MAX_VALUE_CHARS
from rekindle.scenario import OwnQuery, Variable

MEASURE_SECONDS = 15.0
NAMES_SECONDS = 5.0
MAX_PLACE_CHARS = 60
MAX_PERSON_CHARS = 60
"""The longest name of a place that is shown, in characters."""
MAX_EXTERNAL_ID_CHARS = 255
"""The longest external_id that is shown, which is the longest that the HTTP API takes."""

READ_SECONDS = 5.0
LOCK_SECONDS = 3

_MADE_EXPENSIVE = ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort")


class PostgresSource(Source):
    """The team's views over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def views(self) -> Mapping[str, View]:
        # A right to read the view is not enough: the view's owner needs one for every table behind
        # it.
        columns: dict[str, list[Column]] = {}
        views: dict[str, View] = {}
        for row in await self._database.rows(statement("source_columns")):
            columns.setdefault(row["view_name"], []).append(Column(row["column_name"], row["type_name"]))
        async with self._database.transaction(pass_through=(errors.InsufficientPrivilege,)) as connection:
            for name, of_view in columns.items():
                try:
                    refusal = await _refusal(connection, name, "on")
                    # With row_security off, the server refuses to read a view from which it would
                    # otherwise silently omit rows.
                    filtered = None if refusal else await _refusal(connection, name, "off")
                    views[name] = View(of_view, refusal, filtered)
                except DatabaseUnreachable:
                    raise
                except RekindleError as fault:
                    views[name] = View(of_view, fault=fault)
        return views

    async def closed(self) -> Sequence[str]:
        return [row["view_name"] for row in await self._database.rows(statement("source_closed"))]

    async def unreadable(self, columns: Mapping[str, Sequence[str]]) -> Mapping[str, RekindleError]:
        faults: dict[str, RekindleError] = {}
        for name, of_view in columns.items():
            one = sql.SQL("count(v.{})")
            read: Sequence[sql.Composable] = [one.format(sql.Identifier(column)) for column in of_view]
            active = sql.SQL("")
            if name == "recipient":
                read, active = [sql.SQL("count(v.*)")], sql.SQL(" where v.active")
            text = sql.SQL("select {} from rekindle_source.{} v").format(sql.SQL(", ").join(read), sql.Identifier(name))
            try:
                async with (
                    self._database.transaction(timeout_seconds=READ_SECONDS) as connection,
                    evaluating(f"the view rekindle_source.{name}"),
                ):
                    await connection.execute(text + active)
            except DatabaseUnreachable:
                raise
            except RekindleError as fault:
                faults[name] = fault
        return faults

    async def exposures(self) -> Sequence[Exposure]:
        return [Exposure(**row) for row in await self._database.rows(statement("exposures"))]

    async def has_activity_index(self) -> bool:
        # The planner decides, so that the answer is right for any table behind the view.
        async with self._database.transaction() as connection:
            for setting in _MADE_EXPENSIVE:
                await connection.execute("select set_config(%s, 'off', true)", [setting])
            row = await (await connection.execute(statement("source_activity_plan"))).fetchone()
        plans = cast("list[dict[str, Any]]", (row or {}).get("QUERY PLAN", []))
        return bool(plans) and _looks_up_both(plans[0]["Plan"])

    async def counts(self) -> SourceCounts:
        async with self._database.transaction() as connection:
            text = statement("source_counts", **await optional_views(connection))
            row = await (await connection.execute(text, {"user_id": None})).fetchone()
        return SourceCounts(**(row or {}))

    async def opt_outs(self, names: Sequence[str]) -> OptOuts:
        async with self._database.transaction(timeout_seconds=MEASURE_SECONDS) as connection:
            text = statement("source_opt_outs", **await optional_views(connection))
            row = await (await connection.execute(text, {"names": list(names)})).fetchone() or {}
        return OptOuts(row["everything"], row["known"], row["unknown"], dict(row["names_unknown"]))

    async def devices(self) -> DeviceCounts:
        return DeviceCounts(**(await self._measured(statement("source_devices"), {"stale_seconds": STALE_SECONDS}))[0])

    async def ids(self) -> IdCounts:
        return IdCounts(**(await self._measured(statement("source_ids")))[0])

    async def activity_dates(self) -> DateCounts:
        return DateCounts(**(await self._measured(statement("source_activity_dates")))[0])

    async def certificate_dates(self) -> DateCounts:
        return DateCounts(**(await self._measured(statement("source_certificate_dates")))[0])

    async def locales(self) -> Sequence[tuple[str | None, int]]:
        return [(row["locale"], row["people"]) for row in await self._measured(statement("source_locales"))]

    async def _measured(self, text: LiteralString, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        async with self._database.transaction(timeout_seconds=MEASURE_SECONDS) as connection:
            return await (await connection.execute(text, parameters)).fetchall()

    async def deserted(self, places: Sequence[Place]) -> Sequence[Place]:
        parameters = {
            "organisation_ids": [place.organisation_id for place in places],
            "chapter_ids": [place.chapter_id for place in places],
            "user_id": None,
        }
        async with self._database.transaction() as connection:
            text = statement("source_deserted", **await optional_views(connection))
            rows = await (await connection.execute(text, parameters)).fetchall()
        positions: list[int] = [row["position"] for row in rows]
        return [places[position - 1] for position in positions]

    async def place_names(self, places: Iterable[Place]) -> PlaceNames:
        wanted = set(places)
        parameters = {
            "organisation_ids": sorted({one.organisation_id for one in wanted if one.organisation_id}),
            "chapter_ids": sorted({one.chapter_id for one in wanted if one.chapter_id}),
            "chars": MAX_PLACE_CHARS,
        }
        if not any(parameters[ids] for ids in ("organisation_ids", "chapter_ids")):
            return PlaceNames()
        async with self._database.transaction(timeout_seconds=NAMES_SECONDS) as connection:
            text = statement("place_names", **parts_of_names(await optional_views(connection)))
            rows = await (await connection.execute(text, parameters)).fetchall()
        names: dict[str, dict[UUID, str]] = {"organisation": {}, "chapter": {}}
        for row in rows:
            if name := label(row["name"], most=MAX_PLACE_CHARS):
                names[row["view_name"]][row["id"]] = name
        return PlaceNames(names["organisation"], names["chapter"])

    async def external_ids(self, people: Collection[UUID]) -> Mapping[UUID, str]:
        if not people:
            return {}
        parameters = {"user_ids": sorted(people), "chars": MAX_EXTERNAL_ID_CHARS}
        async with self._database.transaction(timeout_seconds=NAMES_SECONDS) as connection:
            rows = await (await connection.execute(statement("external_ids"), parameters)).fetchall()
        return {row["user_id"]: row["external_id"] for row in rows}

    async def people_names(
        self, people: Collection[UUID], *, sees: Collection[UUID] | None = None
    ) -> Mapping[UUID, str]:
        if not people:
            return {}
        parameters = {
            "user_ids": sorted(people),
            "organisations": None if sees is None else list(sees),
            "chars": MAX_PERSON_CHARS,
        }
        async with self._database.transaction(timeout_seconds=NAMES_SECONDS) as connection:
            text = statement("people_names", **await optional_views(connection))
            rows = await (await connection.execute(text, parameters)).fetchall()
        return {row["user_id"]: name for row in rows if (name := label(row["name"], most=MAX_PERSON_CHARS))}

    async def longest(self, names: Sequence[str], *, kinds: Sequence[str]) -> Mapping[str, int]:
        # One statement per kind and one for the names, whatever the number of names and people.
        statements: list[tuple[LiteralString, dict[str, Any]]] = [
            (statement("longest_of_kind", longest=f"kinds/{kind}/longest"), {"chars": MAX_VALUE_CHARS})
            for kind in kinds
        ]
        if names:
            parts = await self._parts()
            statements.append((statement("longest_own", **parts), {"names": list(names), "chars": MAX_VALUE_CHARS}))
        longest: dict[str, int] = {}
        async with (
            self._database.transaction(timeout_seconds=MEASURE_SECONDS) as connection,
            evaluating("the search for the longest values of the texts"),
        ):
            for text, parameters in statements:
                for row in await (await connection.execute(text, parameters)).fetchall():
                    longest[row["name"]] = max(row["longest"], longest.get(row["name"], 0))
        return longest

    async def _parts(self) -> Mapping[str, str]:
        async with self._database.transaction() as connection:
            return await optional_views(connection)

    async def read_outcome(self, outcome: OwnOutcome, *, horizon_seconds: int) -> None:
        await tried(self._database, outcome, horizon_seconds=horizon_seconds)

    async def query_variables(self, scenario_type: str, scenario: OwnQuery) -> Mapping[str, Variable] | None:
        return await sample_variables(self._database, scenario_type, scenario)


async def _refusal(connection: Connection, name: str, row_security: str) -> str | None:
    """Return why this role may not read the view; None if it may.

    Raises:
        RekindleError: the view cannot be opened for another reason.
    """
    opened = sql.SQL("select * from rekindle_source.{} limit 0").format(sql.Identifier(name))
    try:
        async with evaluating(f"the view {name}"), connection.transaction(force_rollback=True):
            settings = {"row_security": row_security, "lock_timeout": f"{LOCK_SECONDS}s"}
            for setting, value in settings.items():
                await connection.execute("select set_config(%s, %s, true)", [setting, value])
            await connection.execute(opened)
    except errors.InsufficientPrivilege as error:
        return primary(error)
    return None


def _looks_up_both(plan: dict[str, Any]) -> bool:
    """Whether the plan has no sort, and every scan uses an index with a condition on both
    columns."""
    if plan["Node Type"] in ("Sort", "Incremental Sort"):
        return False
    children = cast("list[dict[str, Any]]", plan.get("Plans", []))
    if children:
        return all(_looks_up_both(child) for child in children)
    return " AND " in str(plan.get("Index Cond", "")) or plan["Node Type"] == "Result"
