"""Record: every answer becomes exactly one ending in the ledger. Answers are written in batches
while other sends are still under way."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, TypeVar

from rekindle import policy
from rekindle.engine.cycle import Cycle
from rekindle.engine.measured import Answer, count_answers
from rekindle.errors import DatabaseUnreachable, Disposition, RecordFailed
from rekindle.log import log
from rekindle.model import Acceptance, Accepted, Ending, Outcome, Refused, Uncertain, Unit
from rekindle.telemetry.spans import span

BATCH = 500
_GATHER_SECONDS = 0.02  # a batch of one costs as much as a batch of fifty
_PAUSES = (0.1, 0.4)  # between attempts at a write that failed; recording twice is harmless, sending twice is not
_EXAMPLES = 3
P = ParamSpec("P")
T = TypeVar("T")


class Recorder:
    """Takes outcomes from any number of sends and writes them, one batch at a time, until it is
    closed.

    If an answer cannot be written, it is logged as critical with everything that is needed to find
    it, and its unit stays armed in the ledger. The sweep then makes it unknown, and it is never
    sent again.
    """

    def __init__(self, cycle: Cycle) -> None:
        self._store = cycle.store
        self._run_id = cycle.run_id
        self._dispatcher = cycle.dispatcher.kind
        self._breaker = cycle.breaker
        self._progress = cycle.progress
        self._answered = cycle.caller.watch.answered
        self._given_up = False
        self._answers: asyncio.Queue[Answer | None] = asyncio.Queue()

    def put(self, answer: Answer) -> None:
        """Hand over one answer; never waits. The caller keeps `Progress.unwritten` within its
        limit."""
        self._progress.handed_over()
        self._answers.put_nowait(answer)

    def close(self) -> None:
        """No more answers will come; `run` returns once all are written."""
        self._answers.put_nowait(None)

    async def run(self) -> None:
        """Write answers until closed."""
        closing = False
        while not closing:
            batch: list[Answer] = []
            answer = await self._answers.get()
            if answer is not None and self._answers.qsize() < BATCH:
                await asyncio.sleep(_GATHER_SECONDS)
            while answer is not None:
                batch.append(answer)
                if len(batch) >= BATCH or self._answers.empty():
                    break
                answer = self._answers.get_nowait()
            closing = answer is None
            if batch:
                with span("record", links=[one.span for one in batch if one.span is not None], units=len(batch)):
                    await self._write_down([(one.unit, one.outcome) for one in batch])
                count_answers(batch, dispatcher=self._dispatcher)
                self._progress.written(len(batch))
                self._answered(len(batch))

    async def _write_down(self, batch: Sequence[tuple[Unit, Outcome]]) -> None:
        accepted: list[Acceptance] = []
        retries: list[tuple[Unit, str, float]] = []
        endings: list[Ending] = []
        held: list[tuple[Unit, str]] = []
        for unit, outcome in batch:
            match outcome:
                case Accepted(name):
                    accepted.append(Acceptance(unit, name))
                case Uncertain(reason):
                    held.append((unit, reason))
                case Refused():
                    self._refused(unit, outcome, retries, endings)
        if accepted:
            await self._record(accepted)
        if retries:
            _log_by_reason("dispatch.retry", [(unit, reason) for unit, reason, _ in retries])
            await self._write("retry", [unit for unit, _, _ in retries], self._store.retry, retries)
        if endings:
            _log_by_reason("dispatch.refused", [(ending.unit, ending.reason) for ending in endings])
            units = [ending.unit for ending in endings]
            await self._write("finish", units, self._store.finish, self._run_id, endings)
        if held:
            _log_by_reason("dispatch.unknown", held)
            await self._write("hold", [unit for unit, _ in held], self._store.hold, held)

    def _refused(
        self, unit: Unit, refused: Refused, retries: list[tuple[Unit, str, float]], endings: list[Ending]
    ) -> None:
        match refused.disposition:
            case Disposition.PRUNE:
                prune = self._breaker.prunes(refused)  # mutant: breaker-keeps-tokens
                endings.append(Ending(unit, "skipped", refused.reason, prune=prune))
            case Disposition.DROP | Disposition.HOLD if self._breaker.drops(refused):
                endings.append(Ending(unit, "dead", refused.reason))
            case _ if unit.attempts + 1 >= policy.MAX_ATTEMPTS:
                endings.append(Ending(unit, "dead", f"gave_up_{refused.reason}"))
            case _:
                delay = policy.retry_delay(refused.retry_after, jitter=random.random())  # noqa: S311
                retries.append((unit, refused.reason, delay))

    async def _record(self, accepted: Sequence[Acceptance]) -> None:
        verdicts = await self._persist(self._store.record, self._run_id, accepted)
        if verdicts is None:
            for one in accepted:
                log.critical(
                    "record.failed",
                    code=RecordFailed.code,
                    claim_id=str(one.unit.claim_id),
                    device_id=str(one.unit.device_id),
                    scenario=one.unit.scenario_type,
                    provider_name=one.name,
                )
            unrecorded = [(one.unit, "record_failed") for one in accepted]
            await self._write("hold", [one.unit for one in accepted], self._store.hold, unrecorded)
            return
        for one, verdict in zip(accepted, verdicts, strict=True):
            if verdict != "recorded":
                log.warning(
                    "record.conflict" if verdict == "conflict" else "record.stale",
                    claim_id=str(one.unit.claim_id),
                    scenario=one.unit.scenario_type,
                )

    async def _persist(self, write: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """The result of a write; None if it failed.

        A write is tried three times and, while the database does not answer, until the deadline.
        Every such write is fenced, so repeating it after an unclear failure is harmless. After one
        write has got no answer until the deadline, no other is tried: each would wait in vain.
        """
        if self._given_up:
            return None
        for pause in (*_PAUSES, None):
            try:
                return await write(*args, **kwargs)
            except DatabaseUnreachable as fault:  # the store has tried for as long as there was time
                log.error("ledger.write_failed", error=type(fault).__name__, code=fault.code)
                self._given_up = True
                return None
            except Exception as fault:  # the boundary: whatever a repository raises, the other answers are kept
                log.error("ledger.write_failed", error=type(fault).__name__, code=getattr(fault, "code", None))
                if pause is not None:
                    await asyncio.sleep(pause)
        return None

    async def _write(
        self,
        what: str,
        units: Sequence[Unit],
        write: Callable[P, Awaitable[int]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        if await self._persist(write, *args, **kwargs) is None:
            log.critical("ledger.unwritten", what=what, claims=[str(unit.claim_id) for unit in units[:_EXAMPLES]])


def _log_by_reason(event: str, units: Sequence[tuple[Unit, str]]) -> None:
    """One line per scenario and reason, with a few claims to look up, instead of one line per
    person."""
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit, reason in units:
        groups.setdefault((unit.scenario_type, reason), []).append(unit)
    for (scenario_type, reason), group in sorted(groups.items()):
        log.error(
            event,
            scenario=scenario_type,
            reason=reason,
            units=len(group),
            claims=[str(unit.claim_id) for unit in group[:_EXAMPLES]],
        )
