"""Dispatch: render, arm (commit) and send the units that this run has leased. The number of
requests, the pace and the time are limited."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from rekindle import ports
from rekindle.engine.compose import Composer
from rekindle.engine.cycle import Cycle
from rekindle.engine.measured import Answer, send_span
from rekindle.engine.pace import RAMP_SECONDS, Pacer
from rekindle.engine.patience import TRANSIENT, answer_within
from rekindle.engine.record import BATCH, Recorder
from rekindle.errors import Disposition, RekindleError, StatementTooSlow, TemplateInvalid
from rekindle.log import log
from rekindle.model import Ending, Message, Outcome, Refused, Selection, Uncertain, Unit
from rekindle.render import NotRendered
from rekindle.telemetry import measures
from rekindle.telemetry.spans import SendSpans, span

START_SECONDS = 5.0
"""How long after arming a request may still start. A process that was paused for longer must not
send: another run may have treated the unit as lost by then."""

ARMED_WITHIN_SECONDS = START_SECONDS
"""How long to wait for the answer to an arming. A later answer is of no use, because requests may
no longer start."""

ANSWERED_SECONDS = 15.0
"""How long the lease of an armed unit lasts after its request ends, so that the answer can be
recorded."""


MAX_UNWRITTEN = 2 * BATCH
"""Beyond the requests under way, at most this many answers may wait to be recorded: one batch that
is being written and one that is being collected. Without a limit, nearly 10,000 collected at 60,000
recipients. They took memory, and a crash would have left all of them unknown."""
RESERVED_SECONDS = 0.5
"""How far ahead a run reserves its share of the limit per minute."""

Verdicts = Mapping[tuple[UUID, UUID], str]
Messages = Sequence[tuple[Unit, Message]]


async def dispatch(cycle: Cycle) -> None:
    """Send everything that may be sent before the deadline. When this returns, all of it is
    answered and recorded.

    Stops early when the breaker halts, when the caller stops the run, or when the ledger fails. The
    requests under way are then still finished and recorded. If the database restarts, the run waits
    for it until the deadline.

    Raises:
        RekindleError: the ledger failed. Units under way are recorded, or stay armed and are
            therefore not sent again.
    """
    fault: RekindleError | None = None
    recorder = Recorder(cycle)
    async with asyncio.TaskGroup() as group:
        group.create_task(recorder.run())
        try:
            await _Dispatch(cycle, recorder, group).run()
        except RekindleError as error:
            fault = error
        while cycle.progress.sending:
            await cycle.progress.wait()
        cycle.breaker.conclude()
        recorder.close()
    if fault is not None:
        raise fault


class _Dispatch:
    """Starts the sends of one run in a task group. `run` may be called once."""

    def __init__(self, cycle: Cycle, recorder: Recorder, group: asyncio.TaskGroup) -> None:
        limits = cycle.limits
        ramp_seconds = 0.0 if cycle.dispatcher.immediate else RAMP_SECONDS
        self._cycle = cycle
        self._store = cycle.store
        self._deadline = cycle.deadline
        self._progress = cycle.progress
        self._recorder = recorder
        self._group = group
        self._pacer = Pacer(limits.per_minute / 60, ramp_seconds=ramp_seconds)
        self._answer_seconds = limits.answer_seconds()
        self._batch = min(BATCH, limits.concurrency)
        self._reserved = 0
        self._spans = SendSpans()
        self._slow: Counter[tuple[str, ...]] = Counter()
        self._composers: dict[tuple[str, int], Composer] = {}

    async def run(self) -> None:
        """Arm everything that may be sent before the deadline, and start sending it."""
        while self._may_send():
            room = self._room()
            if room < (self._batch + 1) // 2:
                await self._progress.wait(self._deadline.arm_until - time.monotonic())
                continue
            limit = self._pacer.batch(min(room, self._batch), time.monotonic())
            units = await self._store.leased(self._cycle.run_id, self._working(), limit=limit)
            if units:
                with span("render", units=len(units)):
                    messages = await self._render(units)
                await self._await_turn(len(messages))
                for together in self._armed_together(messages):
                    if self._may_send():
                        await self._arm_and_start(together)
            elif not await self._lease_more():
                return

    def _may_send(self) -> bool:
        return (
            self._cycle.breaker.halted is None  # mutant: breaker
            and not self._cycle.caller.stop.is_set()
            and self._deadline.may_arm()  # mutant: deadline
        )

    def _room(self) -> int:
        """How many units may be armed now, within the limit of concurrent requests and the limit of
        answers that wait to be recorded."""
        concurrency, sending = self._cycle.limits.concurrency, self._progress.sending
        return min(concurrency - sending, concurrency + MAX_UNWRITTEN - sending - self._progress.unwritten)

    def _working(self) -> Selection:
        """The selection without the scenarios that the breaker has stopped."""
        selection, broken = self._cycle.selection, self._cycle.breaker.broken
        return replace(selection, scenarios=tuple(name for name in selection.scenarios if name not in broken))

    async def _lease_more(self) -> int:
        seconds = self._deadline.left() + START_SECONDS
        return await self._store.lease(self._cycle.run_id, self._working(), limit=4 * BATCH, lease_seconds=seconds)

    async def _render(self, units: Sequence[Unit]) -> Messages:
        """The units whose text can be rendered. A unit whose text cannot ends dead, and the batch
        continues."""
        for version in {(unit.scenario_type, unit.scenario_version) for unit in units} - self._composers.keys():
            self._composers[version] = Composer(await self._store.scenario(*version))
        rendered: list[tuple[Unit, Message]] = []
        broken: list[Ending] = []
        for unit in units:
            try:
                message = self._composers[unit.scenario_type, unit.scenario_version].message(unit)
                rendered.append((unit, message))
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
            await self._store.finish(self._cycle.run_id, broken)
        return rendered

    async def _await_turn(self, count: int) -> None:
        wait = max(self._pacer.take(count, time.monotonic()), await self._share(count))
        if wait > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait, max(0.0, self._deadline.arm_until - time.monotonic()))):
                    await self._cycle.caller.stop.wait()

    async def _share(self, count: int) -> float:
        """Take sends of the limit that all runs of the provider's account share. Returns the
        seconds to wait.

        They are reserved for half a second ahead, so that a fast run asks the ledger twice per
        second and not for each batch.
        """
        account, per_second = self._cycle.dispatcher.account, self._cycle.limits.per_minute / 60
        wait = 0.0
        if account is not None:
            if self._reserved < count:
                sends = max(count - self._reserved, int(self._pacer.rate(time.monotonic()) * RESERVED_SECONDS))
                wait = await self._store.reserve(account, sends, per_second=per_second)
                self._reserved += sends
            self._reserved -= count
        return wait

    def _armed_together(self, messages: Messages) -> list[Messages]:
        """The messages that are armed in one statement: all of them, or those of one scenario after
        an arming gave no answer in time. So a scenario whose last look waits for a locked table
        keeps only itself."""
        if not messages or not self._slow:
            return [messages] if messages else []
        scenarios = sorted({unit.scenario_type for unit, _ in messages})
        return [[one for one in messages if one[0].scenario_type == scenario] for scenario in scenarios]

    async def _arm_and_start(self, messages: Messages) -> None:
        # Read before the statement: the ledger's lease cannot have begun earlier than this.
        start_until = time.monotonic() + START_SECONDS
        units = [unit for unit, _ in messages]
        with span("arm", units=len(units)):
            verdicts = await self._arm(units)  # mutant: arm
        armed, ended = _by_verdict(messages, verdicts)
        measures.SENDS_IN_FLIGHT.add(len(armed))
        for unit, message in armed:
            self._progress.started()
            self._group.create_task(self._send(unit, message, start_until))
        if ended:
            await self._store.finish(self._cycle.run_id, ended)

    async def _arm(self, units: Sequence[Unit]) -> Verdicts | None:
        """As `Store.arm`. None: there was no answer in time, and the units were put back. The run
        sends nothing more of a scenario for which that happens twice, if the database answers."""
        seconds = min(ARMED_WITHIN_SECONDS, max(1.0, (self._deadline.arm_until - time.monotonic()) / 6))
        given_up_at = time.monotonic() + seconds
        try:
            async with answer_within(seconds):
                return await self._arm_by_scenario(units)
        except TRANSIENT:
            # They may or may not be armed, and nothing was sent: those that are armed are put back.
            await self._store.retry([(unit, "database_lost", 0.0) for unit in units])
            if time.monotonic() < given_up_at:
                return None  # the connection was lost, which is no scenario's fault
            scenarios = {unit.scenario_type for unit in units}
            self._slow[(*sorted(scenarios),)] += 1
            if len(scenarios) == 1 and self._slow[(*scenarios,)] > 1:
                (name,) = scenarios
                fault = StatementTooSlow(
                    f"the last look at the people of scenario {name} took longer than {seconds:.1f} s",
                    hint="See whether a table behind one of its views is locked, or lacks an index.",
                )
                self._cycle.breaker.break_scenario(name, fault)
            return None

    async def _arm_by_scenario(self, units: Sequence[Unit]) -> Verdicts:
        """As `Store.arm`. If the last check against the team's views fails for a scenario's people,
        the run sends nothing more of that scenario. The other scenarios continue."""
        lease_seconds = START_SECONDS + self._answer_seconds + ANSWERED_SECONDS
        try:
            return await self._store.arm(units, lease_seconds=lease_seconds)
        except TRANSIENT:
            raise
        except RekindleError as fault:
            scenarios = {unit.scenario_type for unit in units}
            if len(scenarios) == 1:
                self._cycle.breaker.break_scenario(scenarios.pop(), fault)
                return {}
        verdicts: dict[tuple[UUID, UUID], str] = {}
        for scenario_type in sorted(scenarios):
            of_one = [unit for unit in units if unit.scenario_type == scenario_type]
            verdicts |= await self._arm_by_scenario(of_one)
        return verdicts

    async def _send(self, unit: Unit, message: Message, start_until: float) -> None:
        outcome: Outcome
        started = time.monotonic()
        try:
            if started > start_until:  # mutant: stood-still
                outcome = Refused(Disposition.RETRY, "process_paused")
            else:
                outcome = await self._cycle.dispatcher.send(message, timeout=self._answer_seconds)
        except Exception as fault:  # the boundary: an unexpected fault does not tell whether it was sent
            log.error("dispatcher.fault", claim_id=str(unit.claim_id), error=type(fault).__name__)
            outcome = Uncertain("dispatcher_fault")
        now = time.monotonic()
        self._pacer.learn(outcome, now - started, now)
        self._cycle.breaker.learn(unit, outcome)
        sent = send_span(self._spans, unit, outcome, now - started)
        self._recorder.put(Answer(unit, outcome, start_until - START_SECONDS, now - started, sent))
        self._progress.ended()


def _by_verdict(messages: Messages, verdicts: Verdicts | None) -> tuple[Messages, list[Ending]]:
    """The messages that may be sent now, and the units that must be finished: skipped, or held out.
    The others are logged."""
    armed: list[tuple[Unit, Message]] = []
    ended: list[Ending] = []
    if verdicts is None:
        return armed, ended
    for unit, message in messages:
        match verdicts.get((unit.claim_id, unit.device_id)):
            case ports.ARMED:
                armed.append((unit, message))
            case ports.WAITS:
                log.info("dispatch.waits", claim_id=str(unit.claim_id), scenario=unit.scenario_type)
            case ports.HELD_OUT:
                ended.append(Ending(unit, "held_out", "trial"))
            case None:
                log.warning("dispatch.lease_lost", claim_id=str(unit.claim_id), scenario=unit.scenario_type)
            case reason:
                # Another writer that used our key is worth a warning. A person who has just opted
                # out is not.
                write = log.warning if reason == "already_recorded" else log.info
                write(
                    "dispatch.skipped",
                    claim_id=str(unit.claim_id),
                    scenario=unit.scenario_type,
                    reason=reason,
                )
                ended.append(Ending(unit, "skipped", reason))
    return armed, ended
