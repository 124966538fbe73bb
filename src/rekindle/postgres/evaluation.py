"""The moment at which scenarios are evaluated, and the parameters of its statements."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC
from typing import IO, Any, LiteralString

from psycopg.types.json import Jsonb

from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.connection import Connection
from rekindle.postgres.own_query import own_rows, stage
from rekindle.postgres.pool import Database
from rekindle.postgres.requirements import requirements
from rekindle.postgres.sql import statement
from rekindle.scenario import KINDS, AnyScenario, OwnQuery, texts_sha256

AT_ANY_HOUR = dict.fromkeys(("refusals/weekday", "refusals/quiet_hours", "refusals/send_hour"), "at_any_hour")
"""The parts that leave the hour out. Without a time zone a person is still not reached."""

OF_MEMBERSHIP = ("first_place", "zone_of_place", "recipient_of")
"""Further parts that have an `_absent` twin for teams without a view `membership`."""

WITH_ONE_TEXT = {slot: f"{slot}_absent" for slot in ("worded", "enrolled_reader")}
"""The parts for a scenario without a text trial."""

OF_TRIALS = ("assigned", "enrolled", "held_out_today")
"""The parts that a claim has only while a trial runs. Each has an `_absent` twin."""


@asynccontextmanager
async def staged_rows(
    database: Database, scenarios: Sequence[Applied], terms: Terms
) -> AsyncGenerator[Mapping[str, IO[bytes]]]:
    """The rows of the team's queries, by scenario. They are read before the transaction that
    claims."""
    async with AsyncExitStack() as stack:
        rows: dict[str, IO[bytes]] = {}
        for applied in scenarios:
            if isinstance(applied.scenario, OwnQuery):
                own = own_rows(database, applied.scenario_type, applied.scenario, timeout_seconds=terms.timeout_seconds)
                rows[applied.scenario_type] = await stack.enter_async_context(own)
        yield rows


class Moment:
    """One moment, with the parameters and the parts of statements that evaluate at it."""

    def __init__(
        self, connection: Connection, common: dict[str, Any], parts: Mapping[str, str], rows: Mapping[str, IO[bytes]]
    ) -> None:
        self._connection = connection
        self._common = common
        self._rows = rows
        self._staged = False
        self._parts = {"outranking": "outranking_absent", **parts}

    async def of(self, applied: Applied) -> dict[str, Any]:
        """Return the parameters of one scenario. Stage the rows of the team's query, if it has one.
        The statements that follow are for this scenario."""
        if (rows := self._rows.get(applied.scenario_type)) is not None:
            if self._staged:
                await self._connection.execute(statement("stage_drop"))
            await stage(self._connection, applied.scenario_type, rows)
            self._staged = True
        locales: list[str] = []
        if requirements(applied.scenario).depend_on_locale:
            cursor = await self._connection.execute(statement("locales", **self._parts), self._common)
            locales = [row["locale"] for row in await cursor.fetchall()]
        self._parts["gate"] = "gate_renamed" if applied.earlier else "gate"
        return {
            **self._common,
            **by_place(applied.scenario, locales),
            "scenario_type": applied.scenario_type,
            "names": list(applied.names),
        }

    async def stage_outranking(self, outranking: Sequence[Applied]) -> None:
        """Stage the people that each of these scenarios would claim, in this order. Later
        statements reserve their place under a frequency cap."""
        if outranking:
            await self._connection.execute(statement("outranking_create"))
            self.bind(outranking="outranking")
        for applied in outranking:
            parameters = await self.of(applied)
            await self._connection.execute(self.statement("stage_outranking", applied.scenario), parameters)

    def bind(self, *, outranking: str) -> None:
        """Set the part from which later statements read the number of outranking scenarios."""
        self._parts["outranking"] = outranking

    def statement(self, name: str, scenario: AnyScenario, **bound: str) -> LiteralString:
        """Return the statement for a scenario, with the parts for the views that exist, and with
        those that the caller binds."""
        return statement(name, **(self._parts | parts_for(scenario) | bound))


def parts_of(scenario: AnyScenario) -> dict[str, str]:
    """The parts of a statement that depend on the scenario's kind, on whether it has a digest, and
    the columns it names."""
    own = ("candidates", "known", *(["relevant_until"] if scenario.ends else []))
    parts = {part: f"kinds/{scenario.kind}/{part}" for part in own}
    parts |= {part: f"{part}_digest" for part in ("occasion", "variables") if scenario.digest is not None}
    return parts | {slot: f'"{column}"' for slot, column in scenario.columns().items()}


def parts_for(scenario: AnyScenario) -> dict[str, str]:
    """The parts of a statement that depend on the scenario: on its kind, and on keys that would
    cost time for each person."""
    limited = any(one.devices.newest for one in scenario.variants())
    return {
        **parts_of(scenario),
        "newest_devices": "newest_devices" if limited else "every_device",
        "not_over": "not_over" if scenario.ends_somewhere else "every_candidate",
        "not_too_old": "not_too_old" if scenario.dated_somewhere else "every_candidate",
        **({} if scenario.text else WITH_ONE_TEXT),
        **scenario.parts(),
    }


async def begin(
    connection: Connection,
    evaluation: Evaluation,
    rows: Mapping[str, IO[bytes]],
    *,
    at: Mapping[str, Any] | None = None,
) -> Moment:
    """Fix the moment of the evaluation, unless it is given here or by the terms, and stage its
    outranking scenarios."""
    terms = evaluation.terms
    if at is None and terms.at is not None:
        at = {"at": terms.at, "evaluated_on": terms.at.astimezone(UTC).date()}
    if at is None:
        at = await (await connection.execute(statement("moment"))).fetchone()
    parts = await optional_views(connection) | ({} if terms.by_the_hour else AT_ANY_HOUR)
    common = {
        **(at or {}),
        "timezone": terms.timezone,
        "organisations": list(evaluation.selection.organisations),
        "user_id": evaluation.selection.user_id,
    }
    moment = Moment(connection, common, parts, rows)
    await moment.stage_outranking(evaluation.outranking)
    return moment


async def optional_views(connection: Connection) -> dict[str, str]:
    """Return, for each optional view, the part that reads it, or its `_absent` twin if it does not
    exist."""
    rows = await (await connection.execute(statement("optional_views"))).fetchall()
    parts = {row["slot"]: row["part"] for row in rows}
    return parts | {slot: parts["membership"].replace("membership", slot) for slot in OF_MEMBERSHIP}


async def source_views(connection: Connection) -> frozenset[str]:
    """Return the names of the team's views that exist."""
    rows = await (await connection.execute(statement("source_views"))).fetchall()
    return frozenset(row["view_name"] for row in rows)


def kinds_that_look(kinds: Iterable[str], views: Collection[str]) -> frozenset[str]:
    """Return those of these kinds that look again just before sending, and whose views exist."""
    return frozenset(kind for kind in kinds if kind in KINDS and KINDS[kind].last_look.issubset(views))


def parts_of_names(views: Mapping[str, str]) -> dict[str, str]:
    """The parts that read the names of places, given those of the optional views."""
    return {f"{view}_names": views[view].replace(view, f"{view}_names") for view in ("organisation", "chapter")}


def by_place(scenario: AnyScenario, locales: Sequence[str] = ()) -> dict[str, Any]:
    """Return the parameters that overrides can change, for the statements that evaluate. `variants`
    has each variant as a `rekindle.variant`. `places` has the number of the variant that applies in
    each place. `present` and `fitting` have what the texts need of the variables. The rest are
    bounds over all variants.

    Args:
        locales: the locales that people have, if the requirements depend on them.
    """
    variants, required = scenario.variants(), requirements(scenario)
    places = {
        override.organisation_id + (f":{override.chapter_id}" if override.chapter_id else ""): number
        for number, override in enumerate(scenario.overrides, start=1)
    }
    return {
        "variants": Jsonb(
            [
                _variant(number, variant) | _texts(variant, required.numbers[number], locales)
                for number, variant in enumerate(variants)
            ]
        ),
        "present": [one.present for one in required.distinct],
        "fitting": [one.fitting for one in required.distinct],
        "places": Jsonb(places),
        "by_occurrence": scenario.key == "occurrence",
        "capped": scenario.capped_somewhere and not scenario.critical,
        "first_until_on": min((one.until for one in variants if one.until), default=None),
        "texts_sha256": texts_sha256(scenario),
        "digest_names": scenario.digest and scenario.digest.names,
        "digest_item": scenario.listed,
        **scenario.bounds(),
    }


def _texts(variant: AnyScenario, numbers: Mapping[str, int], locales: Sequence[str]) -> dict[str, Any]:
    """Which requirement the default text has, and which that of each locale has that differs."""
    default = numbers[variant.default_locale]
    of_locales = {locale: numbers[variant.locale_for(locale)] for locale in locales}
    return {"text": default, "texts": {locale: number for locale, number in of_locales.items() if number != default}}


def _variant(number: int, scenario: AnyScenario) -> dict[str, Any]:
    """Return a row of `rekindle.variant`. A critical scenario counts under the caps, but no cap
    stops it."""
    quiet = None if scenario.critical else scenario.quiet()
    window = None if scenario.critical else scenario.send_window()
    caps = [] if scenario.critical else scenario.frequency_caps()
    return {
        "number": number,
        "enabled": scenario.enabled,
        "thresholds": scenario.thresholds(),
        **scenario.variant_columns(),
        "cooldown_seconds": scenario.cooldown,
        "relevance_seconds": scenario.relevance,
        "since_on": scenario.since,
        "until_on": scenario.until,
        "max_age_days": scenario.max_age,
        "quiet_from": quiet and quiet[0].isoformat(),
        "quiet_until": quiet and quiet[1].isoformat(),
        "weekdays": [] if scenario.critical else scenario.weekday_numbers(),
        "send_from": window and window[0].isoformat(),
        "send_until": window and window[1].isoformat(),
        "counts": bool(scenario.caps),
        "cap_counts": [cap.most for cap in caps],
        "cap_seconds": [cap.seconds for cap in caps],
        "device_count": scenario.devices.newest,
        "device_age_seconds": scenario.devices.max_age,
        "trials": scenario.in_trials,
    }
