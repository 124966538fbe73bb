"""Switches: what operators hold back at once, without a new configuration, and who did so."""

from collections.abc import Sequence
from uuid import UUID

from rekindle.model import Switch, Turned
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def throw(
    database: Database,
    turned: Turned,
    *,
    scenario_type: str | None,
    organisation_id: UUID | None,
    reason: str | None,
) -> None:
    """From now on this scenario, of this organisation (None: all of them), is off, or on again.

    Whatever any switch that fits says is off is off: an organisation that is on is still off where
    everything is. A run under way claims and arms nothing more of it; requests that have left are
    not called back.
    """
    await database.rows(
        statement("switch_throw"),
        {"scenario_type": scenario_type, "organisation_id": organisation_id, "turned": turned, "reason": reason},
    )


async def switches(database: Database) -> Sequence[Switch]:
    """Every switch that was ever thrown, in its last state, newest first."""
    return [Switch(**row) for row in await database.rows(statement("switches"))]
