"""The runs of this process: each was asked for once, and each ends in good order."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from rekindle.api.models import RunRequest
from rekindle.app import Engine
from rekindle.engine.cycle import Caller, Watch
from rekindle.errors import KeyTaken, NotNow, RekindleError, RunNotFound, TooManyRuns
from rekindle.log import log
from rekindle.model import Asked, Report

OPENING_SECONDS = 20.0
"""How long a request waits for its run to begin: credentials and provider are asked first, ten
seconds at most each."""

_LOOK_SECONDS = 0.5  # between two looks at a run that another process has


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was asked for; `replayed` if an earlier request with the same key did."""

    run_id: UUID
    replayed: bool


class Runs:
    """Starts runs on the engine, so many at once, and waits for them. `stop` ends them all in
    good order."""

    def __init__(self, engine: Engine, *, at_once: int, stop: asyncio.Event) -> None:
        self._engine = engine
        self._at_once = at_once
        self._stop = stop
        self._tasks: dict[asyncio.Task[Report], UUID | None] = {}
        self._opening = asyncio.Lock()

    async def begin(self, wanted: RunRequest, key: str | None) -> Begun:
        """The run has its row in the ledger and goes on by itself, whatever becomes of the request.

        Requests with one key get one run, also from other processes and after a restart: the ledger
        holds the key. One request opens at a time, so that those that follow find its row.

        Raises:
            KeyTaken: the key belongs to a run that was asked for differently.
            TooManyRuns, NotNow: no run was begun; a later request with the same key may begin one.
            RekindleError: what the run met before it had a row; the key is free.
        """
        async with self._opening:
            found = await self._found(wanted, key)
            if found is not None:
                return Begun(found, replayed=True)
            if self._stop.is_set():
                raise NotNow("the server is about to stop")
            if len(self._tasks) >= self._at_once:
                raise TooManyRuns(f"{len(self._tasks)} runs are under way, as many as may be at once")
            try:
                return Begun(await self._start(wanted, key), replayed=False)
            except KeyTaken:  # meanwhile, by another process
                found = await self._found(wanted, key)
                if found is None:
                    raise
                return Begun(found, replayed=True)

    async def report(self, run_id: UUID, *, wait_seconds: float = 0) -> Report:
        """The run as it stands, once it has ended or after `wait_seconds`.

        Raises:
            RunNotFound: there is no such run.
        """
        until = time.monotonic() + wait_seconds
        while True:
            reports = await self._engine.runs(run_id=run_id)
            if not reports:
                raise RunNotFound(hint="`rekindle runs` lists them.")
            left = until - time.monotonic()
            ours = [task for task, opened in self._tasks.items() if opened == run_id]
            if reports[0].status != "running" or left <= 0 or (self._stop.is_set() and not ours):
                return reports[0]
            if ours:
                await asyncio.wait(ours, timeout=left)
            else:
                await asyncio.sleep(min(_LOOK_SECONDS, left))

    async def ended(self) -> None:
        """Every run of this process has ended, within its budget or soon after `stop`."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _found(self, wanted: RunRequest, key: str | None) -> UUID | None:
        found = await self._engine.asked(key) if key is not None else None
        if found is None:
            return None
        run_id, digest = found
        if digest != wanted.digest():
            raise KeyTaken(hint="A new request takes a new Idempotency-Key.")
        return run_id

    async def _start(self, wanted: RunRequest, key: str | None) -> UUID:
        opened: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

        def has_opened(run_id: UUID) -> None:
            self._tasks[task] = run_id
            opened.set_result(run_id)

        running = self._engine.run(
            scenarios=wanted.scenarios,
            organisations=wanted.organisations,
            budget_seconds=wanted.budget_seconds,
            caller=Caller(
                asked=None if key is None else Asked(key, wanted.digest()),
                watch=Watch(opened=has_opened),
                stop=self._stop,
            ),
        )
        task = asyncio.create_task(running, name="rekindle-run")
        self._tasks[task] = None
        task.add_done_callback(self._has_ended)
        await asyncio.wait((task, opened), timeout=OPENING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            return opened.result()
        if not task.done():  # it is not cancelled: nobody knows whether its row is being written at this moment
            raise NotNow(f"the run has not begun within {OPENING_SECONDS:g} s and may still do so")
        return task.result().run_id

    def _has_ended(self, task: asyncio.Task[Report]) -> None:
        run_id = self._tasks.pop(task)
        if task.cancelled():
            return
        fault = task.exception()  # looked at here: of a run that has begun, the ledger tells the end
        if run_id is not None and fault is not None:
            code = fault.code if isinstance(fault, RekindleError) else "RK000"
            log.error("run.failed", run_id=str(run_id), code=code, kind=type(fault).__name__)
