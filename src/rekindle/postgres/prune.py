"""Prunes the ledger on Postgres. Each step runs the statement `prune_<step>.sql` in `sql/`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from rekindle.access import Actor
from rekindle.policy import Retention
from rekindle.ports import Entry, Prunable, PrunedBatch, Pruning
from rekindle.postgres.audit import audit
from rekindle.postgres.locks import take, take_if_free
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement
from rekindle.scenario import KINDS

BATCH = 1_000
"""Rows that one transaction deletes: long enough to be cheap, short enough to be in nobody's
way."""

LOOKED_AT = 10_000
"""Rows that one transaction looks at where most rows stay."""

COUNT_SECONDS = 60.0


class PostgresPruning(Pruning):
    """The ledger over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prune_batch(
        self, prunable: Prunable, retention: Retention, *, after: Any | None, wait: bool
    ) -> PrunedBatch | None:
        parameters = {
            **_parameters(retention),
            "after": None if after is None else Jsonb(after),
            "limit": LOOKED_AT if prunable in ("gate", "cap") else BATCH,
        }
        async with self._database.transaction() as connection:
            if wait:
                await take(self._database, connection, "prune")
            elif not await take_if_free(connection, "prune"):
                return None
            row = await (await connection.execute(statement(f"prune_{prunable}"), parameters)).fetchone() or {}
        return PrunedBatch(row["deleted"], row["after"])

    async def audit_pruned(self, deleted: Mapping[str, int], actor: Actor | None) -> None:
        async with self._database.transaction() as connection:
            await audit(connection, Entry("ledger.pruned", actor, details={"rows": dict(deleted)}))

    async def count_prunable(self, retention: Retention) -> Mapping[str, int]:
        async with self._database.transaction(timeout_seconds=COUNT_SECONDS) as connection:
            row = await (await connection.execute(statement("prune_counts"), _parameters(retention))).fetchone() or {}
        return row["deleted"]


def _parameters(retention: Retention) -> dict[str, Any]:
    seconds = {f"{name}_seconds": seconds for name, seconds in asdict(retention).items()}
    return seconds | {"lasting_kinds": [name for name, kind in KINDS.items() if kind.lasting]}
