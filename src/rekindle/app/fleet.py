"""The part of the engine that runs by itself: ticks and the worker."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import aclosing
from hashlib import sha256
from uuid import uuid4

from rekindle.alert.alerts import HttpAlerts, Sender
from rekindle.alert.settings import AlertSettings
from rekindle.app.base import Base
from rekindle.app.version import version
from rekindle.engine.cycle import Caller, Limits
from rekindle.engine.findings import Finding
from rekindle.errors import KeyTaken, RekindleError
from rekindle.fleet.next_push import NextPush, next_pushes
from rekindle.fleet.status import ScheduleStatus, Status, Ticks, schedules, status, ticks
from rekindle.fleet.tell import Teller
from rekindle.fleet.work import Foreman
from rekindle.fleet.worker import WorkerLoop
from rekindle.log import log
from rekindle.model import Report
from rekindle.ports import LiveWorker, PersonExplained, Worker


class Scheduled(Base):
    """Begins runs by the schedules that are applied."""

    async def tick(self, *, caller: Caller | None = None) -> list[Report]:
        """Begin whatever is due by the database's clock, work it, and report each run, in order.
        Empty: nothing was due.

        Any number of calls and workers may do this at once: each instant is begun once. Afterwards
        [alert] is served, which cannot fail and takes a few seconds at most.

        Raises:
            BadArgument: an environment variable of [alert] is not valid; nothing was begun.
            RekindleError: a run failed. The others were worked before it is raised.
        """
        teller = self._teller()
        overdue = await teller.overdue()
        ended: list[Report | None] = []
        try:
            return await self._tick(caller or Caller(), ended)
        finally:
            await teller.ended(ended, overdue)

    async def _tick(self, caller: Caller, ended: list[Report | None]) -> list[Report]:
        reports: list[Report] = []
        faults: list[RekindleError] = []
        foreman = self._foreman()
        async with aclosing(foreman.find()) as found:
            async for work in found:
                report: Report | None = None
                try:
                    report = await foreman.run(work, caller)
                    reports.append(report)
                except KeyTaken:
                    continue  # another worker was first
                except RekindleError as fault:
                    log.error("run.failed", run_id=str(work.run_id), code=fault.code, error=fault.message)
                    faults.append(fault)
                if work.tick is not None:
                    ended.append(report)
                if caller.stop.is_set():
                    break
        if faults:
            raise max(faults, key=lambda fault: fault.exit_code)
        return reports

    async def status(self) -> Status:
        """How the schedules, the workers and the queue are now; see `rekindle.fleet.status`."""
        return await status(self._fleet)

    async def schedules(self) -> Sequence[ScheduleStatus]:
        """The schedules in force, by name, with their state."""
        return await schedules(self._fleet)

    async def next_pushes(self, person: PersonExplained) -> list[NextPush]:
        """When a person could get a push next; see `rekindle.fleet.next_push.next_pushes`."""
        return next_pushes(person, await schedules(self._fleet))

    async def workers(self) -> Sequence[LiveWorker]:
        """The workers that are alive, oldest first."""
        return await self._fleet.workers()

    async def ticks(self) -> Ticks:
        """The age of the last tick, and whether a schedule is overdue."""
        return await ticks(self._fleet)

    async def work(self, *, stop: asyncio.Event, runs: int = 1) -> None:
        """Be a worker until `stop` is set; see `rekindle.fleet.worker.WorkerLoop`."""
        worker = Worker(uuid4(), socket.gethostname(), version(), self._digest())
        await WorkerLoop(self._foreman(), self._teller(), self._pruner(), worker, runs=runs, stop=stop).run()

    async def _check_alerts(self, *, scheduled: bool) -> list[Finding]:
        """What [alert] says. Sends nothing."""
        try:
            receivers = await self._alerts().resolved()
        except RekindleError as fault:
            return [Finding("alert", fault.message, fault)]
        if not receivers and scheduled:
            return [Finding("alert", "nobody is told when a scheduled run fails: see [alert]", note=True)]
        return [
            Finding("alert", f"the {name} is set" if fault is None else fault.message, fault)
            for name, fault in receivers.items()
        ]

    def _teller(self) -> Teller:
        return Teller(self._fleet, self._alerts())

    def _alerts(self) -> HttpAlerts:
        return HttpAlerts.of(self.config.alert, AlertSettings(), Sender(socket.gethostname(), version()))

    def _foreman(self) -> Foreman:
        return Foreman(self.deps, self._fleet, Limits.of(self.config), float(self.config.run.catch_up))

    def _digest(self) -> str:
        # Without warnings: the default 5 of a field that takes floats is one.
        text = self.config.model_dump_json(include={"run", "dispatcher", "retention"}, warnings="none")
        return sha256(text.encode()).hexdigest()
