"""Sweep: what crashed runs left behind is put right before a new run looks at the ledger."""

from rekindle.engine.cycle import Cycle
from rekindle.log import log


async def sweep(cycle: Cycle) -> None:
    """Nothing in the ledger waits for a process that is gone.

    Units armed by a lost worker are unknown, unknown ones past their hold are closed, stale ones
    are dead, gates without a live claim are free, and runs that never ended are marked as
    abandoned.
    """
    swept = {what: count for what, count in (await cycle.store.sweep()).items() if count}
    if swept:
        log.warning("sweep.found", **swept)
