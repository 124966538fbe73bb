"""Dispatch: render, arm (commit), send what this run holds. Bounded in number, in pace and in time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from rekindle import ports
from rekindle.engine.breaker import Breaker
from rekindle.engine.compose import compose
from rekindle.engine.deadline import Deadline
from rekindle.engine.pace import Pacer
from rekindle.engine.record import BATCH, Recorder
from rekindle.engine.steady import answered, steadily
from rekindle.errors import DatabaseUnreachable, Disposition, RekindleError, TemplateInvalid
from rekindle.log import log
from rekindle.model import Ending, Message, Outcome, Refused, Selection, Uncertain, Unit
from rekindle.ports import Dispatcher, Store
from rekindle.render import NotRendered

START_SECONDS = 5.0
"""How long after arming a request may still start. A process that stood still for longer must not send: by then
another one may have taken the unit for lost."""

ARMED_WITHIN_SECONDS = START_SECONDS
"""How long the answer to an arming is waited for: one that comes later than a request may start is of no use."""

ANSWERED_SECONDS = 15.0
"""How long an armed unit's lease outlives its request, for the answer to be recorded."""


MAX_UNWRITTEN = 2 * BATCH
"""Beyond the requests under way, so many answers may wait to be recorded: a batch being written and one gathering.
Unbounded, nearly 10,000 piled up at 60,000 recipients, with their memory and all that a crash would leave unknown."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many sends may be under way, how long each may take, and until when."""

    concurrency: int
    timeout_seconds: float
    deadline: Deadline


class Dispatch:
    """Sends what one run holds. `run` may be called once."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        recorder: Recorder,
        run_id: UUID,
        selection: Selection,
        *,
        bounds: Bounds,
        pacer: Pacer,
        breaker: Breaker,
        stop: asyncio.Event,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._recorder = recorder
        self._run_id = run_id
        self._selection = selection
        self._bounds = bounds
        self._deadline = bounds.deadline
        self._pacer = pacer
        self._breaker = breaker
        self._stop = stop
        self._batch = min(BATCH, bounds.concurrency)
        self._in_flight = 0
        self._landed = recorder.progress  # set by every send that ends, and by every batch that is written

    async def run(self) -> None:
        """Everything that may be sent before the deadline was sent, answered and recorded when this returns.

        Stops early, with the requests under way finished and recorded, when the breaker halts, when `stop` is set, or
        when the ledger fails. A database that restarts is waited for until the deadline.

        Raises:
            RekindleError: the ledger failed; what was under way is recorded, or armed and thereby safe.
        """
        fault: RekindleError | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._recorder.run())
            try:
                await self._feed(group)
            except RekindleError as error:
                fault = error
            while self._in_flight:
                await self._landing(None)
            self._recorder.close()
        if fault is not None:
            raise fault

    def _going(self) -> bool:
        return self._breaker.halted is None and not self._stop.is_set() and self._deadline.may_arm()

    def _scope(self) -> Selection:
        """The selection without the scenarios that the breaker has broken."""
        working = tuple(name for name in self._selection.scenarios if name not in self._breaker.broken)
        return replace(self._selection, scenarios=working)

    async def _feed(self, group: asyncio.TaskGroup) -> None:
        while self._going():
            room = self._room()
            if room < (self._batch + 1) // 2:
                await self._landing(self._deadline.arm_until - time.monotonic())
                continue
            limit = self._pacer.batch(min(room, self._batch), time.monotonic())
            units = await steadily(
                lambda limit=limit: self._store.leased(self._run_id, self._scope(), limit=limit), self._deadline
            )
            if not units:
                if not await steadily(self._lease_more, self._deadline):
                    return
                continue
            messages = await self._render(units)
            await self._await_turn(len(messages))
            if self._going() and messages:
                await self._arm_and_send(messages, group)

    def _room(self) -> int:
        """How many units may be armed now: within the requests allowed at once, and what waits to be recorded."""
        free = self._bounds.concurrency - self._in_flight
        return min(free, self._bounds.concurrency + MAX_UNWRITTEN - self._in_flight - self._recorder.unwritten)

    async def _lease_more(self) -> int:
        return await self._store.lease(
            self._run_id, self._scope(), limit=4 * BATCH, lease_seconds=self._deadline.left() + START_SECONDS
        )

    async def _render(self, units: Sequence[Unit]) -> list[tuple[Unit, Message]]:
        """The units whose text can be made; one that cannot ends dead, and the batch goes on."""
        rendered: list[tuple[Unit, Message]] = []
        broken: list[Ending] = []
        for unit in units:
            scenario = await steadily(
                lambda unit=unit: self._store.scenario(unit.scenario_type, unit.scenario_version), self._deadline
            )
            try:
                rendered.append((unit, compose(unit, scenario)))
            except NotRendered as fault:
                log.error(
                    "render.failed",
                    claim_id=str(unit.claim_id),
                    scenario=unit.scenario_type,
                    reason=fault.reason,
                    variable=str(fault),
                )
                broken.append(Ending(unit, "dead", fault.reason))
            except TemplateInvalid:
                broken.append(Ending(unit, "dead", "invalid_template"))
        if broken:
            await steadily(lambda: self._store.finish(self._run_id, broken), self._deadline)
        return rendered

    async def _await_turn(self, count: int) -> None:
        wait = self._pacer.take(count, time.monotonic())
        if wait > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait, max(0.0, self._deadline.arm_until - time.monotonic()))):
                    await self._stop.wait()

    async def _arm_and_send(self, messages: Sequence[tuple[Unit, Message]], group: asyncio.TaskGroup) -> None:
        # Read before the statement: the ledger's lease cannot have begun earlier than this.
        start_until = time.monotonic() + START_SECONDS
        lease_seconds = START_SECONDS + self._bounds.timeout_seconds + ANSWERED_SECONDS
        units = [unit for unit, _ in messages]
        patience = min(ARMED_WITHIN_SECONDS, self._deadline.patience())
        try:
            armed = await answered(lambda: self._arm(units, lease_seconds), patience)
        except DatabaseUnreachable:
            # They may be armed or not, and nothing has been sent: whichever are armed go back.
            back = [(unit, "database_lost", 0.0) for unit in units]
            await steadily(lambda: self._store.retry(back), self._deadline)
            return
        unwanted: list[Ending] = []
        for unit, message in messages:
            match armed.get((unit.claim_id, unit.device_id)):
                case ports.ARMED:
                    self._in_flight += 1
                    group.create_task(self._send(unit, message, start_until))
                case ports.WAITS:
                    log.info("dispatch.waits", claim_id=str(unit.claim_id), scenario=unit.scenario_type)
                case None:
                    log.warning("dispatch.lease_lost", claim_id=str(unit.claim_id), scenario=unit.scenario_type)
                case reason:
                    # Another writer of our key is worth a look; somebody who opted out a moment ago is not.
                    say = log.warning if reason == "already_recorded" else log.info
                    say(
                        f"dispatch.{reason}",
                        claim_id=str(unit.claim_id),
                        scenario=unit.scenario_type,
                        idempotency_key=unit.idempotency_key,
                    )
                    unwanted.append(Ending(unit, "skipped", reason))
        if unwanted:
            await steadily(lambda: self._store.finish(self._run_id, unwanted), self._deadline)

    async def _arm(self, units: Sequence[Unit], lease_seconds: float) -> Mapping[tuple[UUID, UUID], str]:
        """As `Store.arm`. Where the last look at the team's views fails, this run sends nothing more of the scenario
        for whose people it does, and the others go on."""
        try:
            return await self._store.arm(units, lease_seconds=lease_seconds)
        except DatabaseUnreachable:
            raise
        except RekindleError as fault:
            scenarios = {unit.scenario_type for unit in units}
            if len(scenarios) == 1:
                self._breaker.breaks(scenarios.pop(), fault)
                return {}
        armed: dict[tuple[UUID, UUID], str] = {}
        for scenario_type in sorted(scenarios):
            of_one = [unit for unit in units if unit.scenario_type == scenario_type]
            armed |= await self._arm(of_one, lease_seconds)
        return armed

    async def _send(self, unit: Unit, message: Message, start_until: float) -> None:
        outcome: Outcome
        started = time.monotonic()
        try:
            if started > start_until:
                outcome = Refused(Disposition.RETRY, "process_paused")
            else:
                outcome = await self._dispatcher.send(message, timeout=self._bounds.timeout_seconds)
        except Exception as fault:  # the loop's edge: an unexpected fault says nothing about whether it was sent
            log.error("dispatcher.fault", claim_id=str(unit.claim_id), error=type(fault).__name__)
            outcome = Uncertain("dispatcher_fault")
        now = time.monotonic()
        self._pacer.saw(outcome, now - started, now)
        self._breaker.saw(unit, outcome)
        self._recorder.put(unit, outcome)
        self._in_flight -= 1
        self._landed.set()

    async def _landing(self, seconds: float | None) -> None:
        """Wait until a send has ended or a batch is written, or for that long."""
        self._landed.clear()
        try:
            await asyncio.wait_for(self._landed.wait(), None if seconds is None else max(0.0, seconds))
        except TimeoutError:
            return
