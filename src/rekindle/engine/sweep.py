"""Sweep: repairs what crashed runs left, before a new run reads the ledger."""

from rekindle.engine.cycle import Cycle
from rekindle.log import log


async def sweep(cycle: Cycle) -> None:
    """Finish in the ledger whatever waits for a process that has ended.

    Units that a lost worker armed become unknown. Unknown units whose hold time is over are closed.
    Stale units become dead. Gates without a live claim become free. Runs that never ended are
    marked as abandoned.
    """
    swept = {what: count for what, count in (await cycle.store.sweep()).items() if count}
    if swept:
        log.warning("sweep.found", **swept)
