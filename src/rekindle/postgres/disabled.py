"""The tokens that the provider has proven dead: list them, and use them again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from rekindle.model import DisabledToken
from rekindle.ports import Disabled, Entry
from rekindle.postgres.audit import audit
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def disabled_tokens(
    database: Database, chosen: Disabled, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[DisabledToken]:
    """Return the chosen ones, newest first. The key of a row is (disabled_at, device_id)."""
    at, device = after or (None, None)
    parameters = {**_parameters(chosen), "after_at": at, "after_device": device, "limit": limit}
    rows = await database.rows(statement("disabled_tokens"), parameters)
    return [DisabledToken(**row) for row in rows]


async def revive(database: Database, chosen: Disabled, entry: Entry) -> int:
    """Use the chosen tokens again. Return their number; the entry is written if there is one."""
    async with database.transaction() as connection:
        parameters = _parameters(chosen)
        row = await (await connection.execute(statement("tokens_revive"), parameters)).fetchone() or {}
        revived = int(row["revived"])
        if revived:
            await audit(connection, replace(entry, details={"tokens": revived}))  # mutant: audit
    return revived


def _parameters(chosen: Disabled) -> dict[str, Any]:
    return {
        "device_ids": list(chosen.device_ids),
        "user_id": chosen.user_id,
        "reason": chosen.reason,
        "within_seconds": chosen.within_seconds,
    }
