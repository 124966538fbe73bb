"""The part of the engine that prunes the ledger."""

import asyncio
from collections.abc import Mapping

from rekindle.app.base import Base
from rekindle.engine.prune import Pruned


class Retained(Base):
    """Deletes what is older than [retention] says, and no promise needs."""

    async def prune(self, *, seconds: float | None = None, stop: asyncio.Event | None = None) -> Pruned:
        """Delete old rows, a small transaction at a time, until nothing is left, `seconds` have
        passed or `stop` is set. Safe beside runs, workers and other prunes.

        What must stay spent stays spent: nobody gets a push again because its record is gone.

        Raises:
            DatabaseError: a batch failed. Those before it are deleted.
        """
        return await self._pruner().prune(seconds=seconds, stop=stop)

    async def prunable(self) -> Mapping[str, int]:
        """How many rows of each table `prune` would delete now. Reads only."""
        return await self._pruner().count()
