"""The audit: one row per change, in the transaction of the change."""

from psycopg.types.json import Jsonb

from rekindle.ports import Entry
from rekindle.postgres.pool import Connection
from rekindle.postgres.sql import statement

__all__ = ["Entry", "audit"]


async def audit(connection: Connection, entry: Entry) -> None:
    """Write the entry. It is committed or rolled back with the change."""
    parameters = {
        "actor": entry.signature,
        "action": entry.action,
        "scenario_type": entry.scenario_type,
        "organisation_id": entry.organisation_id,
        "subject": entry.subject,
        "details": Jsonb(dict(entry.details)),
    }
    await connection.execute(statement("audit"), parameters)
