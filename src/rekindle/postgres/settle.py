"""What an operator knows about an uncertain send, and the engine cannot."""

from uuid import UUID

from rekindle.errors import BadArgument
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


async def settle(database: Database, claim_id: UUID, *, provider_name: str | None) -> int:
    """The unknown sends of a claim are settled on the operator's word; returns how many there were.

    Each becomes recorded under the name that the provider is known to have given it; or, where
    `provider_name` is None, dead as certainly not sent, and the person may be claimed again. A late
    answer that arrives first wins.

    Raises:
        BadArgument: the claim has no send whose outcome is unknown, and nothing has changed; or it
            is said to have been sent, and another program holds its idempotency key, so that it
            stays unknown for good.
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
            hint="It stays listed as unknown; the person was reached that day.",
        )
    return recorded
