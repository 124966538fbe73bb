"""The audit: one row per change, in the transaction of the change."""

from collections.abc import Sequence
from datetime import UTC

from psycopg.types.json import Jsonb

from rekindle.ports import Audited, Entry, Filter
from rekindle.postgres.connection import Connection
from rekindle.postgres.pool import Database
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


async def audited(database: Database, asked: Filter) -> Sequence[Audited]:
    """Return entries, newest first. The key of a row is its id."""
    (after,) = asked.after or (None,)
    parameters = {"action": asked.action, "since": asked.since, "until": asked.until, "after": after}
    parameters["limit"] = asked.limit
    rows = await database.rows(statement("audit_page"), parameters)
    return [Audited(**{**row, "at": row["at"].astimezone(UTC)}) for row in rows]
