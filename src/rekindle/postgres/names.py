"""The names of scenarios that were renamed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rekindle.errors import NamesCollide, ScenarioRenamed
from rekindle.ports import Applied, Carried, Names
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import optional_views
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement
from rekindle.scenario import Config


async def require_name(connection: Connection, applied: Applied) -> None:
    """Check that a scenario has the name, and the earlier names, that this run knows. It stays so
    until the transaction ends, if the transaction shares the lock of claims.

    Raises:
        ScenarioRenamed: it was renamed since the run began.
    """
    parameters = {"scenario_type": applied.scenario_type, "names": list(applied.names)}
    row = await (await connection.execute(statement("claim_name"), parameters)).fetchone()
    if row and row["renamed"]:
        raise ScenarioRenamed(
            f"scenario {applied.scenario_type} was renamed while this run was under way, so the run claims "
            "nothing of it"
        )


async def names_of(connection: Connection, config: Config) -> Mapping[str, Names]:
    """Return the other names of each scenario of a configuration, applied or not."""
    parameters = {
        "scenario_types": list(config.scenario),
        "was": [one.was for one in config.scenario.values()],
    }
    rows = await (await connection.execute(statement("names"), parameters)).fetchall()
    return {row["scenario_type"]: Names(tuple(row["earlier"]), row["known"]) for row in rows}


def require_distinct(names: Mapping[str, Names]) -> None:
    """Check that no two scenarios of the configuration are one scenario.

    Raises:
        NamesCollide: two of them are.
    """
    for name, one in names.items():
        others = [other for other in one.earlier if other in names]
        if others:  # mutant: names-collide
            raise NamesCollide(
                f"scenario.{name}: it and scenario.{others[0]} are one scenario, which was renamed from one of these "
                "names to the other; its pushes are recorded under both"
            )


async def carried(database: Database, names: Sequence[str]) -> Carried:
    """Return what the new name of a scenario that had these names takes over."""
    async with database.transaction() as connection:
        text = statement("carried", **await optional_views(connection))
        row: dict[str, Any] | None = await (await connection.execute(text, {"names": list(names)})).fetchone()
    return Carried(**(row or {}))
