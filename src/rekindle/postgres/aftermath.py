"""What a replay of the past says at its end: the load of people, hours, base rates, and the runs
that really were."""

from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString

from psycopg import errors

from rekindle.ports import Aftermath, Applied, BaseRate, Past
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import source_views
from rekindle.postgres.sql import statement

OWN_OUTCOME = "the scenario has its own outcome, whose query says what is known now and not what was known then"
UNREADABLE = "the view of activities may not be read, or took too long"
_DAY = 86_400


async def aftermath(connection: Connection, past: Past) -> Aftermath:
    """Return it, in three statements, one to look for the views, and one more per scenario."""
    scenarios = {one.applied.scenario_type: one.applied for tick in past.ticks for one in tick.evaluations}
    load = (await _rows(connection, statement("replay_load")))[0]
    hours: dict[str, dict[int, int]] = {}
    for row in await _rows(connection, statement("replay_hours")):
        hours.setdefault(row["scenario_type"], {})[row["hour"]] = row["people"]
    now_called = {name: one.scenario_type for one in scenarios.values() for name in one.names}
    asked = {"scenario_types": sorted(now_called), "since": past.since, "ends": past.ends}
    runs: dict[str, dict[date, int]] = {}
    for row in await _rows(connection, statement("replay_runs"), asked):
        days = runs.setdefault(now_called[row["scenario_type"]], {})
        days[row["on_day"]] = max(row["due"], days.get(row["on_day"], 0))
    return Aftermath(
        per_person={int(pushes): people for pushes, people in load["per_person"].items()},
        most_in_7=load["most_in_7"],
        most_in_30=load["most_in_30"],
        hours=hours,
        base_rates=await _base_rates(connection, scenarios, past),
        runs=runs,
    )


async def _base_rates(connection: Connection, scenarios: Mapping[str, Applied], past: Past) -> Mapping[str, BaseRate]:
    read = "activity" in await source_views(connection)
    rates: dict[str, BaseRate] = {}
    for name, applied in scenarios.items():
        horizon = applied.scenario.outcome.horizon
        if applied.scenario.outcome.query is not None:
            rates[name] = BaseRate(horizon // _DAY, 0, 0, 0, unknown=OWN_OUTCOME)
            continue
        if not read:
            continue
        parameters = {
            "scenario_type": name,
            "names": list(applied.names),
            "horizon_seconds": horizon,
            "ends": past.ends,
        }
        try:
            async with connection.transaction():
                row = (await _rows(connection, statement("replay_came_back"), parameters))[0]
        except (errors.InsufficientPrivilege, errors.QueryCanceled):
            rates[name] = BaseRate(horizon // _DAY, 0, 0, 0, unknown=UNREADABLE)
            continue
        rates[name] = BaseRate(horizon // _DAY, row["people"], row["came_back"], row["nudged"])
    return rates


async def _rows(
    connection: Connection, text: LiteralString, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    return await (await connection.execute(text, parameters)).fetchall()
