"""Explain one person, condition by condition, and read their past claims. Nothing is written."""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from rekindle.foreign import label
from rekindle.model import Place
from rekindle.ports import (
    Applied,
    Condition,
    Evaluation,
    Explanation,
    Explanations,
    PastClaim,
    PastUnit,
    Standing,
)
from rekindle.postgres.evaluation import begin, optional_views, staged_rows
from rekindle.postgres.pool import Database
from rekindle.postgres.requirements import requirements
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.source import MAX_PERSON_CHARS
from rekindle.postgres.sql import statement
from rekindle.scenario import WEEKDAYS, AnyScenario

Row = dict[str, Any]

_LIFTED_BY_TIME = {"cooldown", "back_off", "already_today", "weekday", "quiet_hours", "send_hour", "frequency_cap"}
"""Refusals that end by themselves at a known moment."""


class PostgresExplanations(Explanations):
    """Explanations over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, user_id: UUID, *, sees: Collection[UUID] | None = None) -> Standing:
        parameters = {"user_id": user_id, "organisations": None if sees is None else list(sees)}
        async with self._database.transaction() as connection:
            text = statement("standing", **await optional_views(connection))
            row = _utc(await (await connection.execute(text, parameters)).fetchone() or {})
        name = label(row.pop("name") or "", most=MAX_PERSON_CHARS) or None
        return Standing(places=tuple(Place(*place) for place in row.pop("places")), name=name, **row)

    async def explain(self, evaluation: Evaluation) -> Explanation:
        """Return every condition of one scenario for the person of the selection, recipient or not.

        One transaction. It writes only the rows of a team's query, into a temporary table.
        """
        applied, terms = evaluation.applied, evaluation.terms
        async with (
            staged_rows(self._database, [applied], terms) as rows,
            self._database.transaction(timeout_seconds=terms.timeout_seconds) as connection,
            evaluating(f"scenario {applied.scenario_type}"),
        ):
            moment = await begin(connection, replace(evaluation, outranking=()), rows)
            moment.bind(outranking="outranking_known")
            parameters = await moment.of(applied) | {"outranking": len(evaluation.outranking)}
            cursor = await connection.execute(moment.statement("explain", applied.scenario), parameters)
            row = _utc(await cursor.fetchone() or {})
        return _explanation(applied, row, [outranking.scenario_type for outranking in evaluation.outranking])

    async def history(
        self,
        user_id: UUID,
        *,
        scenarios: Sequence[str] = (),
        run_id: UUID | None = None,
        claim_id: UUID | None = None,
        sees: Collection[UUID] | None = None,
        limit: int,
    ) -> Sequence[PastClaim]:
        parameters = {
            "user_id": user_id,
            "scenario_types": list(scenarios),
            "run_id": run_id,
            "claim_id": claim_id,
            "organisations": None if sees is None else list(sees),
            "limit": limit,
        }
        rows = [_utc(row) for row in await self._database.rows(statement("history"), parameters)]
        return [_claim(list(units)) for _, units in groupby(rows, key=lambda row: row["claim_id"])]


def _claim(rows: list[Row]) -> PastClaim:
    names = ("claim_id", "scenario_type", "scenario_version", "occurrence", "claimed_run_id", "claimed_at")
    of_unit = [field.name for field in fields(PastUnit)]
    units = tuple(PastUnit(**{name: row[name] for name in of_unit}) for row in rows if row["device_id"] is not None)
    others = tuple(rows[0]["other_occurrences"] or ())
    return PastClaim(**{name: rows[0][name] for name in names}, other_occurrences=others, units=units)


def _explanation(applied: Applied, row: Row, outranking: Sequence[str]) -> Explanation:
    number: int = row["variant"]
    scenario = applied.scenario.variants()[number]
    refusals: dict[str, bool] = {reason: bool(blocks) for reason, blocks in row["refusals"].items()}
    row["requirement"] = requirements(applied.scenario).distinct[row["text"] - 1] if row["due"] else None
    conditions = _conditions(refusals, row, scenario, outranking)
    lasting = [
        condition.reason for condition in conditions if condition.blocks and condition.reason not in _LIFTED_BY_TIME
    ]
    if refusals["frequency_cap"] and any(rule["free_at"] is None for rule in row["rules"]):
        lasting.append("frequency_cap")
    return Explanation(
        scenario_type=applied.scenario_type,
        version=applied.version,
        kind=scenario.kind,
        occurrence=row["occurrence"],
        place=Place(row["organisation_id"], row["chapter_id"]),
        override=applied.scenario.overrides[number - 1].place if number else None,
        counts=bool(scenario.caps),
        conditions=tuple(conditions),
        next_at=None if lasting else row["possible_at"],
        waits_for=lasting[0] if lasting else None,
        held_out_of=row["held_out_of"],
        text_name=row["text_name"],
    )


def _conditions(
    refusals: dict[str, bool], row: Row, scenario: AnyScenario, outranking: Sequence[str]
) -> list[Condition]:
    """Return every condition between the person and a push, in the order in which a run checks
    them."""
    facts = _facts(scenario, row, outranking)
    return [
        Condition("not_enabled", refusals["not_enabled"]),
        Condition("not_a_recipient", row["active"] is None),
        Condition("not_active", not row["active"]),
        Condition(
            "not_due",
            not row["due"],
            {
                "kind": scenario.kind,
                "evaluated": bool(row["active"]),
                "occurrence": row["occurrence"],
                **({"other_occurrences": others} if (others := row["other_occurrences"]) else {}),
                **({"thresholds": numbers} if (numbers := scenario.thresholds()) else {}),
                **(row["known"] or {}),
                **({"left_out": _left_out(scenario, row["left_out"])} if row["left_out"] else {}),
            },
        ),
        *(Condition(name, blocks, facts.get(name, {})) for name, blocks in refusals.items() if name != "not_enabled"),
        Condition(
            "no_token",
            not any(device["usable"] for device in row["devices"] or ()),
            {"devices": row["devices"] or []},
        ),
    ]


def _left_out(scenario: AnyScenario, latest: Row) -> dict[str, Any]:
    """Return which key leaves out the person's latest occasion, its value, and the day of the
    occasion."""
    began_on = latest["began_on"]
    if latest["over"]:
        key = "until"
    else:
        key = "since" if scenario.since is not None and began_on < scenario.since else "max_age"
    return {"key": key, "limit": getattr(scenario, key), "began_on": began_on}


def _facts(scenario: AnyScenario, row: Row, outranking: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is known of each condition, whether it blocks or not. A reason that is not here has
    nothing to add."""
    quiet = None if scenario.critical else scenario.quiet()
    window = None if scenario.critical else scenario.send_window()
    weekdays = WEEKDAYS if scenario.critical else scenario.weekdays
    wall = {"local_time": row["local_at"], "timezone": row["zone"]}
    required = row["requirement"]
    return {
        "opted_out": {"of": ["every scenario" if name is None else name for name in row["opted_out_of"]]},
        "already_notified": {
            "at": row["spent_at"],
            "claim_id": row["spent_claim_id"],
            "as": row["spent_as"],
        },
        "in_flight": {"claim_id": row["live_claim_id"], "units": row["live_units"] or []},
        "cooldown": {"next_at": row["next_at"]},
        "back_off": {"until": row["backed_off_until"]},
        "already_today": {"at": row["today_at"], "until": row["today_until"]},
        "no_timezone": {
            "timezone": row["zone"],
            "tried": [{"of": of, "timezone": zone, "usable": usable} for of, zone, usable in row["zones"]],
        },
        "weekday": {**wall, "weekdays": list(weekdays)},
        "quiet_hours": {
            **wall,
            "from": f"{quiet[0]:%H:%M}" if quiet else None,
            "until": f"{quiet[1]:%H:%M}" if quiet else None,
        },
        "send_hour": {
            **wall,
            "from": f"{window[0]:%H:%M}" if window else None,
            "until": f"{window[1]:%H:%M}" if window else None,
        },
        "frequency_cap": {"rules": [_rule(rule) for rule in row["rules"] or ()], "outranking": list(outranking)},
        "wrong_occurrence": {"bytes": row["occurrence_bytes"]},
        "missing_variable": {
            "variables": [name for name in required.names if name not in row["variables_given"]] if required else []
        },
        "wrong_value": {"variables": required.fitted if required else []},
        "variables_too_large": {"bytes": row["variables_bytes"]},
    }


def _rule(rule: Row) -> dict[str, Any]:
    return {
        "most": rule["most"],
        "window_seconds": rule["seconds"],
        "sent": rule["past"],
        "alive": rule["live"],
        "free_at": rule["free_at"],
    }


_INSTANTS = {"free_at", "next_try_at", "registered_at", "disabled_at"}


def _utc(value: Any, name: str = "") -> Any:
    """Return the same value with every instant in UTC, also instants that are text inside JSON."""
    match value:
        case dict():
            return {key: _utc(item, key) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [_utc(item, name) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case datetime(tzinfo=zone) if zone is not None:
            return value.astimezone(UTC)
        case str() if name in _INSTANTS:
            return datetime.fromisoformat(value).astimezone(UTC)
        case _:
            return value
