"""One moment at which scenarios are evaluated, and all that a statement about it needs to know."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO, Any, LiteralString

from psycopg.types.json import Jsonb

from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.own_query import own_rows, stage
from rekindle.postgres.pool import Connection, Database
from rekindle.postgres.sql import statement
from rekindle.scenario import AnyScenario, OwnQuery


@asynccontextmanager
async def staged_rows(
    database: Database, scenarios: Sequence[Applied], terms: Terms
) -> AsyncGenerator[Mapping[str, IO[bytes]]]:
    """By scenario, the rows of its own query, read before the transaction that claims."""
    async with AsyncExitStack() as stack:
        rows: dict[str, IO[bytes]] = {}
        for one in scenarios:
            if isinstance(one.scenario, OwnQuery):
                own = own_rows(database, one.scenario_type, one.scenario, timeout_seconds=terms.timeout_seconds)
                rows[one.scenario_type] = await stack.enter_async_context(own)
        yield rows


class Moment:
    """One moment, and what a statement about it needs to know."""

    def __init__(
        self, connection: Connection, common: dict[str, Any], parts: Mapping[str, str], rows: Mapping[str, IO[bytes]]
    ) -> None:
        self._connection = connection
        self._common = common
        self._rows = rows
        self._staged = False
        self._parts = {"outranking": "outranking_absent", **parts}

    async def of(self, applied: Applied) -> dict[str, Any]:
        """The parameters of one scenario; the rows of its own query, if it has one, are staged."""
        if (rows := self._rows.get(applied.scenario_type)) is not None:
            if self._staged:
                await self._connection.execute(statement("stage_drop"))
            await stage(self._connection, applied.scenario_type, rows)
            self._staged = True
        return {**self._common, **by_place(applied.scenario)} | {"scenario_type": applied.scenario_type}

    async def give_way(self, outranking: Sequence[Applied]) -> None:
        """The people that each of these would claim, in this order, are staged; later statements
        leave them their place."""
        if outranking:
            await self._connection.execute(statement("outranking_create"))
            self.bind(outranking="outranking")
        for one in outranking:
            await self._connection.execute(self.statement("stage_outranking", one.scenario), await self.of(one))

    def bind(self, *, outranking: str) -> None:
        """Later statements take how many scenarios outrank theirs from this part."""
        self._parts["outranking"] = outranking

    def statement(self, name: str, scenario: AnyScenario) -> LiteralString:
        """The statement for a scenario, with the views that there are."""
        return statement(name, **parts_of(scenario.kind), **self._parts)


def parts_of(kind: str) -> dict[str, str]:
    """The parts of a statement that depend on the scenario's kind."""
    return {part: f"kinds/{kind}/{part}" for part in ("candidates", "known")}


async def begin(
    connection: Connection,
    evaluation: Evaluation,
    rows: Mapping[str, IO[bytes]],
    *,
    at: Mapping[str, Any] | None = None,
) -> Moment:
    """Fix the moment of the evaluation, unless it is given, and stage what outranks it."""
    if at is None:
        at = await (await connection.execute(statement("moment"))).fetchone()
    common = {
        **(at or {}),
        "timezone": evaluation.terms.timezone,
        "organisations": list(evaluation.selection.organisations),
        "user_id": evaluation.selection.user_id,
    }
    moment = Moment(connection, common, await optional_views(connection), rows)
    await moment.give_way(evaluation.outranking)
    return moment


async def optional_views(connection: Connection) -> dict[str, str]:
    """For each of the team's optional views, the part of a statement that reads it, or its
    absent twin."""
    rows = await (await connection.execute(statement("optional_views"))).fetchall()
    return {row["view_name"]: row["part"] for row in rows}


def by_place(scenario: AnyScenario) -> dict[str, Any]:
    """All that can differ from place to place, for the statements that evaluate:
    `rekindle.variant` has each variant, `places` the number of the one that holds in a place,
    and the rest is what no variant reaches beyond."""
    variants = scenario.variants()
    places = {
        one.organisation_id + (f":{one.chapter_id}" if one.chapter_id else ""): number
        for number, one in enumerate(scenario.overrides, start=1)
    }
    return {
        "variants": Jsonb([_variant(number, one) for number, one in enumerate(variants)]),
        "places": Jsonb(places),
        "capped": scenario.capped_somewhere and not scenario.critical,
        **scenario.bounds(),
    }


def _variant(number: int, scenario: AnyScenario) -> dict[str, Any]:
    """A row of `rekindle.variant`. A critical scenario counts under the caps and is held by
    none."""
    quiet = None if scenario.critical else scenario.quiet()
    caps = [] if scenario.critical else scenario.frequency_caps()
    return {
        "number": number,
        "enabled": scenario.enabled,
        "thresholds": scenario.thresholds(),
        **scenario.variant_columns(),
        "cooldown_seconds": scenario.cooldown,
        "relevance_seconds": scenario.relevance,
        "quiet_from": quiet and quiet[0].isoformat(),
        "quiet_until": quiet and quiet[1].isoformat(),
        "weekdays": [] if scenario.critical else scenario.weekday_numbers(),
        "counts": bool(scenario.caps),
        "cap_counts": [cap.most for cap in caps],
        "cap_seconds": [cap.seconds for cap in caps],
    }
