"""The part of the engine that reads for a monitoring how the ledger is now."""

import asyncio
from collections import Counter

from rekindle.app.base import Base
from rekindle.app.version import version
from rekindle.errors import RekindleError
from rekindle.fleet.status import Status, status
from rekindle.log import log
from rekindle.ports import Queue
from rekindle.telemetry import measures

LEDGER_SECONDS = 3.0
"""How long the ledger may take to say how it is. Prometheus waits ten seconds by default."""

_STATES = ("ok", "waiting", "failed", "overdue")
_OF_THE_LEDGER = (
    measures.QUEUE_UNITS,
    measures.QUEUE_AGE_SECONDS,
    measures.UNKNOWN_SENDS,
    measures.DISABLED_TOKENS,
    measures.HALTED_RUNS,
    measures.WORKERS,
    measures.SCHEDULES,
    measures.LAST_TICK_AT,
)


class Gauges(Base):
    """Reads what no process can count by itself."""

    async def measure(self) -> None:
        """Set the gauges of the ledger, the pool and the build, by four statements that only read.

        Raises nothing: if the ledger does not answer in time, its gauges are NaN and
        `rekindle_ledger_up` is 0.
        """
        measures.BUILD.set(1, version=version(), dispatcher=self.deps.dispatcher.kind)
        idle, busy, waiting = self._database.connections
        measures.CONNECTIONS.set(idle, state="idle")
        measures.CONNECTIONS.set(busy, state="busy")
        measures.CONNECTIONS_WAITED_FOR.set(waiting)
        try:
            async with asyncio.timeout(LEDGER_SECONDS):
                _set(await status(self._fleet), await self._fleet.queue())
        except (RekindleError, TimeoutError) as fault:
            log.warning("metrics.ledger_lost", code=fault.code if isinstance(fault, RekindleError) else "RK201")
            measures.LEDGER_UP.set(0)
            for gauge in _OF_THE_LEDGER:
                gauge.forget()
        else:
            measures.LEDGER_UP.set(1)


def _set(found: Status, queue: Queue) -> None:
    measures.QUEUE_UNITS.set(queue.waiting, state="waiting")
    measures.QUEUE_UNITS.set(queue.armed, state="armed")
    measures.QUEUE_UNITS.set(queue.unknown, state="unknown")
    measures.QUEUE_AGE_SECONDS.set(queue.oldest_seconds)
    measures.UNKNOWN_SENDS.set(found.counts.unknown)
    measures.DISABLED_TOKENS.set(found.counts.disabled)
    measures.HALTED_RUNS.set(found.counts.halted)
    measures.WORKERS.set(len(found.workers))
    states = Counter(one.state for one in found.schedules)
    for state in _STATES:
        measures.SCHEDULES.set(states[state], state=state)
    begun = [one.last_at for one in found.schedules if one.last_at is not None]
    measures.LAST_TICK_AT.set(max(begun).timestamp() if begun else 0)
