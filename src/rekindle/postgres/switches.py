"""Switches: an operator stops a scenario or an organisation at once, without a new
configuration."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from rekindle.model import Switch, Turned
from rekindle.postgres.audit import Entry, audit
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def turn(database: Database, turned: Turned, entry: Entry, *, reason: str | None) -> Switch:
    """Turn the entry's scenario (None: all) in its organisation (None: all) off, or on again.

    Returns the switch. One that is in this state already, for this reason, is not changed.

    One matching switch that is off is enough: if everything is off, an organisation that is on is
    off too. A run under way claims and arms nothing more of it. Requests that were already sent are
    not recalled.
    """
    parameters = {
        "scenario_type": entry.scenario_type,
        "organisation_id": entry.organisation_id,
        "turned": turned,
        "reason": reason,
        "actor": entry.signature,
    }
    async with database.transaction() as connection:
        row = await (await connection.execute(statement("switch_turn"), parameters)).fetchone() or {}
        switch_id, changed = row.pop("switch_id"), row.pop("changed")
        if changed:
            entry = replace(entry, subject=str(switch_id), details={"turned": turned})
            await audit(connection, entry)  # mutant: audit
    return Switch(**row)


async def switches(database: Database, *, sees: Collection[UUID] | None = None) -> Sequence[Switch]:
    """Return the latest state of every switch that was ever turned, newest first. With `sees`, only
    those of these organisations."""
    parameters = {"organisations": None if sees is None else list(sees)}
    return [Switch(**row) for row in await database.rows(statement("switches"), parameters)]
