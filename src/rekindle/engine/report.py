"""Report: the run's numbers as the ledger has them, its status, and one log line."""

from collections.abc import Sequence
from uuid import UUID

from rekindle.log import log
from rekindle.model import Refused, Report, RunStatus, Selection
from rekindle.ports import WAITS, Store

_NIGHT = f"retry:{WAITS}"


async def report(
    store: Store, run_id: UUID, selection: Selection, *, halted: Refused | None, faults: Sequence[Exception]
) -> Report:
    """The run has ended, and its row says how.

    halted: an operator must act. budget: work is left that the next run carries on. incomplete: something that should
    have been sent was not, or nobody knows. done: none of these; whoever waits for the morning should not have been.
    """
    await store.release(run_id)
    counted = await store.count_run(run_id)
    halted_by = None
    status: RunStatus = "done"
    if halted is not None or faults:
        status = "halted"
        halted_by = _stopped(halted) if halted is not None else "; ".join(map(str, faults))[:1_000]
    elif await store.waiting(run_id, selection):
        status = "budget"
    elif any(one.dead or one.unknown or one.pending > one.reasons.get(_NIGHT, 0) for one in counted.scenarios):
        status = "incomplete"
    finished = await store.count_run(run_id, status=status, halted_by=halted_by)
    log.info(
        "run.finished",
        run_id=str(run_id),
        status=status,
        recorded=sum(one.recorded for one in finished.scenarios),
        pushes=sum(one.pushes for one in finished.scenarios),
        skipped=sum(one.skipped for one in finished.scenarios),
        dead=sum(one.dead for one in finished.scenarios),
        unknown=sum(one.unknown for one in finished.scenarios),
        pending=sum(one.pending for one in finished.scenarios),
    )
    return finished


def _stopped(halted: Refused) -> str:
    return f"{halted.error_code} {halted.reason}" + (f". {halted.mend}" if halted.mend else "")
