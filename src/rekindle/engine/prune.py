"""Prunes the ledger: deletes, in small batches, what no promise needs any more."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rekindle.access import Actor
from rekindle.errors import RekindleError
from rekindle.policy import Retention
from rekindle.ports import PRUNABLE, Pruning


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows of each table were deleted, without those of which there were none. `complete`:
    nothing that may be deleted is left."""

    deleted: Mapping[str, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class Pruner:
    """Prunes one ledger by one configuration. Any number may do so at once, beside runs: one batch
    is deleted at a time, and a killed process leaves whole batches."""

    pruning: Pruning
    retention: Retention
    actor: Actor | None = None

    async def count(self) -> Mapping[str, int]:
        """How many rows of each table `prune` would delete. Reads only."""
        return _some(await self.pruning.count_prunable(self.retention))

    async def prune(
        self, *, seconds: float | None = None, stop: asyncio.Event | None = None, aside: bool = False
    ) -> Pruned:
        """Delete what may go, until nothing is left, `seconds` have passed or `stop` is set.
        Afterwards the audit gets the number of rows, if there are some.

        Args:
            aside: give way to others: rest after each batch for as long as it took, and end if
                another prune is under way.

        Raises:
            DatabaseError: a batch failed. Those before it are deleted.
        """
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        deleted: Counter[str] = Counter()
        try:
            complete = await self._delete(deleted, until, stop or asyncio.Event(), aside=aside)
        except RekindleError:
            with suppress(RekindleError):
                await self._audit(deleted)
            raise
        await self._audit(deleted)
        return Pruned(_some(deleted), complete)

    async def _delete(self, deleted: Counter[str], until: float | None, stop: asyncio.Event, *, aside: bool) -> bool:
        """Delete batch by batch, and return whether nothing is left."""
        now = asyncio.get_running_loop().time
        for prunable in PRUNABLE:
            after = None
            while True:
                if stop.is_set() or (until is not None and now() >= until):
                    return False
                began = now()
                batch = await self.pruning.prune_batch(prunable, self.retention, after=after, wait=not aside)
                if batch is None:
                    return False
                deleted.update(batch.deleted)
                if aside:
                    await asyncio.sleep(now() - began)
                after = batch.after
                if after is None:
                    break
        return True

    async def _audit(self, deleted: Mapping[str, int]) -> None:
        if rows := _some(deleted):
            await self.pruning.audit_pruned(rows, self.actor)


def _some(deleted: Mapping[str, int]) -> dict[str, int]:
    return {table: rows for table, rows in sorted(deleted.items()) if rows}
