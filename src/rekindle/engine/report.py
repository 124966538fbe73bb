"""Report: the run's numbers from the ledger, its status, and one log line."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from rekindle.engine.cycle import Cycle
from rekindle.engine.measured import count_report
from rekindle.engine.patience import answer_within
from rekindle.errors import DatabaseUnreachable, HeldByGuard, RekindleError
from rekindle.log import log
from rekindle.model import HeldBack, Refused, Report, RunStatus
from rekindle.ports import WAITS

_NIGHT = f"retry:{WAITS}"


async def report(cycle: Cycle, faults: Sequence[RekindleError]) -> Report:
    """End the run, and write its numbers and its status on its row.

    halted: an operator must act. budget: work is left, and the next run continues it. incomplete:
    something that should have been sent was not sent, or its outcome is unknown. done: none of
    these. People who wait for the end of their quiet hours do not make a run incomplete.

    Raises:
        DatabaseUnreachable: the ledger gave no answer until the deadline, and for at least one
            second.
    """
    halted = cycle.breaker.halted
    survived = [*faults, *cycle.breaker.broken.values()]
    async with answer_within(cycle.deadline.wait_seconds()):
        finished = await _report(cycle, survived, halted)
    count_report(finished, [fault.code for fault in survived] + ([] if halted is None else [halted.error_code]))
    return finished


@asynccontextmanager
async def reported_fault(cycle: Cycle, status: RunStatus) -> AsyncGenerator[None]:
    """Raise a fault of the block after it was written on the run's row, with this status."""
    try:
        yield
    except RekindleError as fault:
        await _report_fault(cycle, fault, status)
        raise


async def _report_fault(cycle: Cycle, fault: RekindleError, status: RunStatus) -> None:
    """Write on the run's row why it ended early, if the ledger still answers. If it does not, the
    sweep of a later run ends the row."""
    if isinstance(fault, DatabaseUnreachable):
        return  # it was waited for until the deadline
    try:
        async with answer_within(cycle.deadline.wait_seconds()):
            count_report(await _report(cycle, [fault], None, ended=status))
    except RekindleError as another:
        log.error("report.failed", run_id=str(cycle.run_id), code=another.code)


async def _report(
    cycle: Cycle, faults: Sequence[RekindleError], halted: Refused | None, *, ended: RunStatus = "halted"
) -> Report:
    store, run_id = cycle.store, cycle.run_id
    await store.release(run_id)
    counted = await store.count_run(run_id)
    halted_by = None
    status: RunStatus = "done"
    if halted is not None or faults:
        status = ended
        halted_by = _stopped(halted) if halted is not None else " ".join(dict.fromkeys(map(str, faults)))[:1_000]
    elif await store.waiting(run_id, cycle.selection):
        status = "budget"
    elif any(one.dead or one.unknown or one.pending > one.reasons.get(_NIGHT, 0) for one in counted.scenarios):
        status = "incomplete"
    finished = await store.count_run(run_id, status=status, halted_by=halted_by, held=_held(faults))
    for one in finished.scenarios:
        if one.unreachable and cycle.selection.user_id is None:
            log.warning("run.no_usable_token", run_id=str(run_id), scenario=one.scenario_type, people=one.due)
    log.info(
        "run.finished",
        run_id=str(run_id),
        status=status,
        reached=finished.reached,
        recorded=sum(one.recorded for one in finished.scenarios),
        pushes=sum(one.pushes for one in finished.scenarios),
        skipped=sum(one.skipped for one in finished.scenarios),
        dead=sum(one.dead for one in finished.scenarios),
        unknown=sum(one.unknown for one in finished.scenarios),
        pending=sum(one.pending for one in finished.scenarios),
    )
    return finished


def _held(faults: Sequence[RekindleError]) -> list[HeldBack]:
    """What the guard held back, scenario by scenario."""
    each = [one for fault in faults if isinstance(fault, HeldByGuard) for one in fault.each]
    return [HeldBack(one.scenario_type, one.people, **one.figures) for one in each]


def _stopped(halted: Refused) -> str:
    return f"{halted.error_code} {halted.reason}" + (f". {halted.hint}" if halted.hint else "")
