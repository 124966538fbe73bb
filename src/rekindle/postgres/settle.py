"""Record an operator's knowledge about an uncertain send, which the engine cannot have."""

from uuid import UUID

from rekindle.errors import BadArgument
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def settle(database: Database, claim_id: UUID, *, provider_name: str | None) -> int:
    """Settle the unknown sends of a claim as the operator says, and return their number.

    With a `provider_name`, each send becomes recorded under that name. With None, each send becomes
    dead, as certainly not sent, and the person may be claimed again. A late answer that arrives
    first wins.

    Raises:
        BadArgument: the claim has no send whose outcome is unknown, and nothing has changed. Or it
            has a `provider_name`, but another program has recorded its idempotency key, so that it
            stays unknown.
    """
    if provider_name is None:
        settled = await _free(database, claim_id)
    else:
        settled = await _record(database, claim_id, provider_name)
    if not settled:
        raise BadArgument(f"claim {claim_id} has no send whose outcome is unknown", hint="See `rekindle unknown list`.")
    return settled


async def _free(database: Database, claim_id: UUID) -> int:
    async with database.transaction() as connection:
        await connection.execute(statement("settle_lock"), {"claim_id": claim_id})  # mutant: locks
        cursor = await connection.execute(statement("settle_not_sent"), {"claim_id": claim_id})
        row = await cursor.fetchone()
    return int(row["settled"]) if row else 0


async def _record(database: Database, claim_id: UUID, provider_name: str) -> int:
    units = await database.rows(statement("settle_find"), {"claim_id": claim_id})
    if not units:
        return 0
    rows = await database.rows(
        statement("record"),
        {
            "run_id": units[0]["run_id"],
            "claim_ids": [unit["claim_id"] for unit in units],
            "device_ids": [unit["device_id"] for unit in units],
            "epochs": [unit["epoch"] for unit in units],
            "names": [provider_name] * len(units),
        },
    )
    recorded = sum(1 for row in rows if row["verdict"] == "recorded")
    if not recorded and await database.rows(statement("settle_find"), {"claim_id": claim_id}):
        raise BadArgument(
            f"claim {claim_id} cannot be recorded: another program has recorded its idempotency key",
            hint="It remains unknown; the person was reached that day.",
        )
    return recorded
