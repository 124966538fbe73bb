"""The worker: finds work in a loop, until it is stopped."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from rekindle.engine.cycle import Caller
from rekindle.engine.prune import Pruner
from rekindle.errors import KeyTaken, RekindleError
from rekindle.fleet.tell import Teller
from rekindle.fleet.work import Foreman, Work
from rekindle.log import log
from rekindle.model import Report
from rekindle.ports import Worker

LOOK_SECONDS = 5.0
"""How often a worker looks for work, more or less a quarter. It asks about one statement per
second, and a tick is at most this late."""

ANSWER_SECONDS = 10.0
"""How long one look may take. A network that has fallen silent does not hold the worker up for
longer."""

STOP_SECONDS = 1.0
"""How long a look may go on after the worker is told to stop."""

SWEEP_SECONDS = 60.0
"""How often a worker repairs what lost processes left, also when no run is due."""

LEFT_SECONDS = 30.0
"""How long a worker waits after a run of left work that did not do all of it; twice as long after
each further one, at most `MAX_LEFT_SECONDS`."""

MAX_LEFT_SECONDS = 900.0

TELL_SECONDS = 30.0
"""How often a worker looks for failures that nobody was told about, also those of others."""

PRUNE_SECONDS = 3_600.0
"""How often a worker prunes the ledger. What is left after `PRUNING_SECONDS` is pruned after
`PRUNE_SOON_SECONDS`, and so is what is old when the worker starts."""

PRUNE_SOON_SECONDS = 60.0

PRUNING_SECONDS = 30.0


class WorkerLoop:
    """One worker. `run` may be called once."""

    def __init__(
        self, foreman: Foreman, teller: Teller, pruner: Pruner, worker: Worker, *, runs: int, stop: asyncio.Event
    ) -> None:
        self._foreman = foreman
        self._teller = teller
        self._pruner = pruner
        self._worker = worker
        self._runs = runs
        self._stop = stop
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._pruning: asyncio.Task[None] | None = None
        self._prune_at = asyncio.get_running_loop().time() + PRUNE_SOON_SECONDS
        self._fault: str | None = None
        self._differing: Sequence[str] = ()
        self._swept_at = -SWEEP_SECONDS
        self._told_at = -TELL_SECONDS
        self._left_after = 0.0
        self._left_pause = LEFT_SECONDS

    async def run(self) -> None:
        """Find and run work until `stop` is set; then wait for the runs under way, which end in an
        orderly way.

        Up to `runs` runs are worked at once. A database that is gone or silent does not end the
        worker: it looks again until the database is back, and then begins the latest instant that
        was missed.
        """
        log.info("worker.started", worker_id=str(self._worker.worker_id), host=self._worker.host)
        while not self._stop.is_set():
            try:
                await self._look_in_time()
                self._found_database()
            except (RekindleError, TimeoutError) as fault:
                self._lost(fault)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS * random.uniform(0.75, 1.25)):  # noqa: S311
                    await self._stop.wait()
        if self._tasks:
            log.info("worker.draining", runs=len(self._tasks))
        while under_way := self._tasks | self._telling:
            await asyncio.wait(under_way)
        await self._end_pruning()
        log.info("worker.stopped", worker_id=str(self._worker.worker_id))

    async def _look_in_time(self) -> None:
        """One look, ended after `ANSWER_SECONDS`, or `STOP_SECONDS` after the worker is told to
        stop. A tick that it has just begun is then tried again by another worker.

        Raises:
            TimeoutError: it took longer.
        """
        async with asyncio.timeout(ANSWER_SECONDS) as limit:

            async def hurry() -> None:
                await self._stop.wait()
                limit.reschedule(asyncio.get_running_loop().time() + STOP_SECONDS)

            # Not a task group: that would wrap what the look raises.
            hurrying = asyncio.create_task(hurry(), name="rekindle-hurry")
            try:
                await self._look()
            finally:
                hurrying.cancel()

    async def _look(self) -> None:
        await self._say_alive()
        await self._sweep()
        await self._tell()
        self._prune()
        if len(self._tasks) >= self._runs:
            return
        work = self._foreman.find()
        try:
            async for one in work:
                if one.why == "left" and (self._tasks or asyncio.get_running_loop().time() < self._left_after):
                    return
                task = asyncio.create_task(self._work(one), name=f"rekindle-{one.why}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                if len(self._tasks) >= self._runs:
                    return
        finally:
            await work.aclose()

    async def _say_alive(self) -> None:
        differing = await self._foreman.fleet.seen(self._worker)
        if differing and differing != self._differing:
            log.warning(
                "worker.configuration_differs",
                hosts=list(differing),
                hint="[run], [dispatcher] or [retention] of the files differ; give all workers the same file.",
            )
        self._differing = differing

    async def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            swept = {what: count for what, count in (await self._foreman.deps.store.sweep()).items() if count}
            if swept:
                log.warning("sweep.found", **swept)

    async def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= TELL_SECONDS and not self._telling:
            self._told_at = now
            self._aside(self._teller.tell(await self._teller.overdue()))

    def _aside(self, telling: Coroutine[Any, Any, None]) -> None:
        """Tell while the worker goes on: a receiver that hangs holds up nothing."""
        task = asyncio.create_task(telling, name="rekindle-tell")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _prune(self) -> None:
        if self._pruning is None and asyncio.get_running_loop().time() >= self._prune_at:
            self._pruning = asyncio.create_task(self._pruned(), name="rekindle-prune")

    async def _pruned(self) -> None:
        """Prune while the worker goes on. What fails is a line in the log, and tried again."""
        complete = True
        try:
            pruned = await self._pruner.prune(seconds=PRUNING_SECONDS, stop=self._stop, aside=True)
            complete = pruned.complete
            if pruned.deleted:
                log.info("prune.done", complete=complete, **pruned.deleted)
        except RekindleError as fault:
            log.error("prune.failed", code=fault.code, error=fault.message)
        finally:
            wait = PRUNE_SECONDS if complete else PRUNE_SOON_SECONDS
            self._prune_at = asyncio.get_running_loop().time() + wait
            self._pruning = None

    async def _end_pruning(self) -> None:
        """The prune ends with its batch. A batch that does not end is rolled back."""
        pruning = self._pruning
        if pruning is not None:
            await asyncio.wait([pruning], timeout=STOP_SECONDS)
            pruning.cancel()
            await asyncio.wait([pruning])

    async def _work(self, work: Work) -> None:
        report: Report | None = None
        try:
            report = await self._foreman.run(work, Caller(stop=self._stop))
        except KeyTaken:
            return  # another worker was first
        except RekindleError as fault:
            key = None if work.tick is None else work.tick.key
            log.error("run.failed", run_id=str(work.run_id), key=key, code=fault.code, error=fault.message)
        except Exception as fault:  # one run that fails unexpectedly does not end the worker and its other runs
            log.critical("run.failed", run_id=str(work.run_id), code="RK000", kind=type(fault).__name__)
        if work.tick is not None:
            self._aside(self._teller.ended([report]))
        if work.why == "left":
            self._rest(done=report is not None and report.status == "done")

    def _rest(self, *, done: bool) -> None:
        self._left_pause = LEFT_SECONDS if done else min(MAX_LEFT_SECONDS, self._left_pause * 2)
        self._left_after = 0.0 if done else asyncio.get_running_loop().time() + self._left_pause / 2

    def _lost(self, fault: RekindleError | TimeoutError) -> None:
        code = fault.code if isinstance(fault, RekindleError) else "RK201"
        if code != self._fault:
            log.error("worker.failed", code=code, error=str(fault) or "the database gave no answer")
        self._fault = code

    def _found_database(self) -> None:
        if self._fault is not None:
            log.info("worker.recovered", code=self._fault)
        self._fault = None
