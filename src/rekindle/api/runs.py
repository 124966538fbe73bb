"""The runs of this process: each is started once, and each ends in an orderly way."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from rekindle.access import Actor
from rekindle.api.models import RunRequest
from rekindle.app import Engine
from rekindle.engine.cycle import Caller, Watch
from rekindle.errors import KeyTaken, NotNow, RekindleError, RunNotFound, TooManyRuns
from rekindle.log import log
from rekindle.model import Asked, Report

OPENING_SECONDS = 20.0
"""How long a request waits for its run to begin. The run first checks the credentials and the
provider, each for at most ten seconds."""

_LOOK_SECONDS = 0.5  # between two checks of a run of another process


Running = Callable[..., Coroutine[Any, Any, Report]]
"""Starts a run, given its `Caller`."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that a request started. `replayed`: an earlier request with the same key started
    it."""

    run_id: UUID
    replayed: bool


class Runs:
    """Starts runs on the engine, at most `at_once` at a time, and waits for them. `stop` ends
    them all in an orderly way."""

    def __init__(self, engine: Engine, *, at_once: int, stop: asyncio.Event) -> None:
        self._engine = engine
        self._at_once = at_once
        self.stop = stop
        self._tasks: dict[asyncio.Task[Report], UUID | None] = {}
        self._opening = asyncio.Lock()

    async def begin(self, request: RunRequest, key: str | None, actor: Actor) -> Begun:
        """Start a run for the actor and wait until the ledger has its row. The run then continues,
        even if the client disconnects. It covers no organisation that the actor does not see.

        All requests with the same key get the same run, also from other processes and after a
        restart, because the ledger stores the key. Only one request at a time opens a run, so the
        next ones find its row.

        Raises:
            NotFound, Forbidden: the actor may not start it; see `rekindle.access.Actor.limit`.
            KeyTaken: the key belongs to a run with a different request.
            TooManyRuns, NotNow: no run was started. A later request with the same key may start
                one.
            RekindleError: the run failed before it had a row. The key is free.
        """
        organisations = actor.limit(request.organisations)
        asked = None if key is None else Asked(actor.own_key(key), request.digest(organisations))
        running = partial(
            self._engine.acting_as(actor).run,
            scenarios=request.scenarios,
            organisations=organisations,
            budget_seconds=request.budget_seconds,
            confirmed=request.confirm,
        )
        return await self._begin(running, asked)

    async def confirm(self, run_id: UUID, people: int, actor: Actor) -> Begun:
        """Start, for the actor, the run that allows up to `people` past the guard that halted this
        one. All requests that confirm a run get the same new run.

        Raises:
            RunNotFound, NotConfirmable, ConfirmedTooFew: see
                `rekindle.app.confirm.Confirming.confirmation`. Nothing was started.
            TooManyRuns, NotNow, RekindleError: as `begin`.
        """
        engine = self._engine.acting_as(actor)
        wanted = await engine.confirmation(run_id, people, sees=actor.organisations)
        running = partial(
            engine.run,
            scenarios=wanted.scenarios,
            organisations=wanted.organisations,
            budget_seconds=wanted.budget_seconds,
            confirmed=people,
            confirms=run_id,
        )
        return await self._begin(running, wanted.asked)

    async def _begin(self, running: Running, asked: Asked | None) -> Begun:
        async with self._opening:
            found = await self._found(asked)
            if found is not None:
                return Begun(found, replayed=True)
            if self.stop.is_set():
                raise NotNow("the server is stopping")
            if len(self._tasks) >= self._at_once:
                raise TooManyRuns(f"{len(self._tasks)} runs are running, which is the limit")
            try:
                return Begun(await self._start(running, asked), replayed=False)
            except KeyTaken:  # taken by another process meanwhile
                found = await self._found(asked)
                if found is None:
                    raise
                return Begun(found, replayed=True)

    async def report(self, run_id: UUID, actor: Actor, *, wait_seconds: float = 0) -> Report:
        """The report of a run, when it has ended or after `wait_seconds`.

        Raises:
            RunNotFound: there is no such run that the actor sees.
        """
        until = time.monotonic() + wait_seconds
        while True:
            reports = await self._engine.runs(run_id=run_id, sees=actor.organisations)
            if not reports:
                raise RunNotFound(hint="`rekindle runs` lists them.")
            left = until - time.monotonic()
            ours = [task for task, opened in self._tasks.items() if opened == run_id]
            if reports[0].status != "running" or left <= 0 or (self.stop.is_set() and not ours):
                return reports[0]
            if ours:
                await asyncio.wait(ours, timeout=left)
            else:
                await asyncio.sleep(min(_LOOK_SECONDS, left))

    def has(self, run_id: UUID) -> bool:
        """Whether the run is under way in this process."""
        return run_id in self._tasks.values()

    async def ended(self) -> None:
        """Wait until every run of this process has ended: within its budget, or soon after
        `stop`."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _found(self, asked: Asked | None) -> UUID | None:
        report = None if asked is None else await self._engine.run_under(asked)
        return None if report is None else report.run_id

    async def _start(self, running: Running, asked: Asked | None) -> UUID:
        opened: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

        def has_opened(run_id: UUID) -> None:
            self._tasks[task] = run_id
            opened.set_result(run_id)

        caller = Caller(asked=asked, watch=Watch(opened=has_opened), stop=self.stop)
        task = asyncio.create_task(running(caller=caller), name="rekindle-run")
        self._tasks[task] = None
        task.add_done_callback(self._has_ended)
        await asyncio.wait((task, opened), timeout=OPENING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            return opened.result()
        if not task.done():  # not cancelled, because its row may be in the middle of being written
            raise NotNow(f"the run has not begun within {OPENING_SECONDS:g} s; it may still begin")
        return task.result().run_id

    def _has_ended(self, task: asyncio.Task[Report]) -> None:
        run_id = self._tasks.pop(task)
        if task.cancelled():
            return
        fault = task.exception()  # read here; how a run ended is in the ledger
        if run_id is not None and fault is not None:
            code = fault.code if isinstance(fault, RekindleError) else "RK000"
            log.error("run.failed", run_id=str(run_id), code=code, kind=type(fault).__name__)
