"""Tells somebody how the scheduled runs do: each failed run and each overdue schedule once, by one
of all workers."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from rekindle.errors import RekindleError, of_code
from rekindle.fleet.due import overdue_since
from rekindle.log import log
from rekindle.model import Report
from rekindle.ports import Alert, Alerts, FailedTick, Fleet
from rekindle.ports.alerts import Event

LEDGER_SECONDS = 5.0
"""How long the ledger may take to say what nobody was told."""

_GOOD = frozenset({"done", "incomplete", "budget"})
_CODE = re.compile(r"RK[0-9]{3}")
_ABANDONED = "Its process was lost or paused, and another attempt begins by itself. See `rekindle runs`."
_OVERDUE = "Start `rekindle worker`, or call `rekindle tick` every minute. See `rekindle status`."


class Teller:
    """Finds what nobody was told, and tells it. No method raises a fault of the ledger or of a
    receiver, and each ends within seconds: what failed is a line in the log."""

    def __init__(self, fleet: Fleet, alerts: Alerts) -> None:
        self._fleet = fleet
        self._alerts = alerts

    @property
    def tells(self) -> bool:
        """Whether anybody is told about failures."""
        return self._alerts.tells

    async def overdue(self) -> Sequence[Alert]:
        """The schedules that are overdue and were not reported yet. From now on they count as
        reported: tell them.

        Call it before the next instants are begun. A schedule that has been begun is not overdue.
        """
        if self.tells:
            async with _logged():
                schedules = await self._fleet.schedules()
                since = {one.scenario_type: at for one in schedules if (at := overdue_since(one)) is not None}
                late = [one for one in schedules if one.scenario_type in since]
                first = await self._fleet.overdue(late) if late else ()
                return [Alert("schedule.overdue", (name,), since[name], _OVERDUE) for name in first]
        return []

    async def tell(self, overdue: Sequence[Alert] = ()) -> None:
        """Tell of these, and of the failed runs of ticks that nobody was told about."""
        if self.tells:
            failed: list[Alert] = []
            async with _logged():
                failed += [_alert(one) for one in await self._fleet.failed()]
            await self._alerts.tell([*overdue, *failed])

    async def ended(self, reports: Sequence[Report | None], overdue: Sequence[Alert] = ()) -> None:
        """Runs of ticks have ended; None is one that raised a fault. Sends the heartbeat if there
        are some and all are good. Then tells, as `tell`."""
        if reports and all(one is not None and one.status in _GOOD for one in reports):
            await self._alerts.beat()
        await self.tell(overdue)


@asynccontextmanager
async def _logged() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(LEDGER_SECONDS):
            yield
    except RekindleError as fault:
        log.error("alert.failed", to="webhook", code=fault.code, error=fault.message, hint=fault.hint)
    except TimeoutError:
        log.error("alert.failed", to="webhook", code="RK201", error="the database gave no answer")


def _alert(failed: FailedTick) -> Alert:
    # The text of the fault stays in the ledger: it may quote the team's tables.
    codes = _CODE.findall(failed.halted_by or "")
    code = codes[0] if codes else None
    event: Event = "run.halted"
    hint = of_code(code).usual_hint if code else "See `rekindle runs`."
    if failed.status == "abandoned":
        event, hint = "run.abandoned", _ABANDONED
    elif failed.status == "not_started":
        event = "run.not_started"
    elif code == "RK502":
        event = "run.guarded"
    return Alert(
        event,
        failed.tick.scenarios,
        failed.due_at,
        hint,
        tick=failed.tick.key,
        run_id=failed.run_id,
        attempt=failed.attempt,
        status=failed.status,
        code=code,
    )
