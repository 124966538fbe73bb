"""Switches: an operator stops a scenario or an organisation at once, without a new
configuration."""

from collections.abc import Sequence
from uuid import UUID

from rekindle.model import Switch, Turned
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def turn(
    database: Database,
    turned: Turned,
    *,
    scenario_type: str | None,
    organisation_id: UUID | None,
    reason: str | None,
) -> None:
    """Turn a scenario (None: all) in an organisation (None: all) off, or on again.

    One matching switch that is off is enough: if everything is off, an organisation that is on is
    off too. A run under way claims and arms nothing more of it. Requests that were already sent are
    not recalled.
    """
    await database.rows(
        statement("switch_turn"),
        {"scenario_type": scenario_type, "organisation_id": organisation_id, "turned": turned, "reason": reason},
    )


async def switches(database: Database) -> Sequence[Switch]:
    """Return the latest state of every switch that was ever turned, newest first."""
    return [Switch(**row) for row in await database.rows(statement("switches"))]
