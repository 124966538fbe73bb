"""Record an operator's knowledge about an uncertain send, which the engine cannot have."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from rekindle.errors import BadArgument
from rekindle.postgres.audit import Entry, audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

_SETTLED = Entry("unknown.settled")


async def settle(database: Database, claim_id: UUID, *, provider_name: str | None, entry: Entry = _SETTLED) -> int:
    """Settle the unknown sends of a claim as the operator says, and return their number. The entry
    is written with it.

    With a `provider_name`, each send becomes recorded under that name. With None, each send becomes
    dead, as certainly not sent, and the person may be claimed again. A late answer that arrives
    first wins.

    Raises:
        BadArgument: the claim has no send whose outcome is unknown, and nothing has changed. Or it
            has a `provider_name`, but another program has recorded its idempotency key, so that it
            stays unknown.
    """
    async with database.transaction() as connection:
        if provider_name is None:
            await _lock(connection, claim_id)
        units = await _unknown(connection, claim_id)
        if provider_name is None:
            ended = await _free(connection, claim_id)
        else:
            ended = await _record(connection, units, provider_name) if units else 0
        if ended:
            await audit(connection, _settled(entry, units, ended, sent=provider_name is not None))  # mutant: audit
            return ended
        left = await _unknown(connection, claim_id)
    if left:
        raise BadArgument(
            f"claim {claim_id} cannot be recorded: another program has recorded its idempotency key",
            hint="It remains unknown; the person was reached that day.",
        )
    raise BadArgument(f"claim {claim_id} has no send whose outcome is unknown", hint="See `rekindle unknown list`.")


@dataclass(frozen=True, slots=True)
class Sends:
    """What has become of the sends of one claim: see settled.sql."""

    organisation_id: UUID | None
    unknown: int
    not_sent: int
    names: list[str]


async def settled(database: Database, claim_id: UUID) -> Sends | None:
    """Return what has become of the sends of the claim; None if the ledger has none of them."""
    rows = await database.rows(statement("settled"), {"claim_id": claim_id})
    return Sends(**rows[0]) if rows else None


def _settled(entry: Entry, units: list[dict[str, Any]], settled: int, *, sent: bool) -> Entry:
    return replace(
        entry,
        scenario_type=units[0]["scenario_type"],
        organisation_id=units[0]["organisation_id"],
        subject=str(units[0]["claim_id"]),
        details={"sent": sent, "sends": settled},
    )


async def _unknown(connection: Connection, claim_id: UUID) -> list[dict[str, Any]]:
    return await (await connection.execute(statement("settle_find"), {"claim_id": claim_id})).fetchall()


async def _lock(connection: Connection, claim_id: UUID) -> None:
    """Lock what the next statements change, so that none of them decides by an older row."""
    await connection.execute(statement("settle_lock"), {"claim_id": claim_id})  # mutant: locks


async def _free(connection: Connection, claim_id: UUID) -> int:
    row = await (await connection.execute(statement("settle_not_sent"), {"claim_id": claim_id})).fetchone()
    return int(row["settled"]) if row else 0


async def _record(connection: Connection, units: list[dict[str, Any]], provider_name: str) -> int:
    parameters = {
        "run_id": units[0]["run_id"],
        "claim_ids": [unit["claim_id"] for unit in units],
        "device_ids": [unit["device_id"] for unit in units],
        "epochs": [unit["epoch"] for unit in units],
        "names": [provider_name] * len(units),
    }
    rows = await (await connection.execute(statement("record"), parameters)).fetchall()
    return sum(1 for row in rows if row["verdict"] == "recorded")
