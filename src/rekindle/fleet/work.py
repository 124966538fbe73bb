"""Work: begins whatever is due now, each piece once among all workers, and runs it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal
from uuid import UUID, uuid4

from rekindle.engine.cycle import Caller, Deps, Limits
from rekindle.engine.run import run_cycle
from rekindle.fleet.due import agenda
from rekindle.log import log
from rekindle.model import Asked, Report, Selection
from rekindle.ports import Fleet, Tick
from rekindle.telemetry import measures
from rekindle.telemetry.spans import span


@dataclass(frozen=True, slots=True)
class Work:
    """One run to work now: of a tick that has just begun, of a tick that is tried again, or of
    what earlier runs left."""

    why: Literal["tick", "retry", "left"]
    tick: Tick | None = None
    run_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Foreman:
    """Finds work and runs it, by the database's clock. `rekindle tick` and `rekindle worker` both
    call it, side by side with any number of others."""

    deps: Deps
    fleet: Fleet
    limits: Limits
    catch_up_seconds: float

    async def find(self) -> AsyncGenerator[Work]:
        """Whatever is due now, one piece at a time. Each piece is begun when it is taken: run it
        before or while you take the next.

        Ticks first, the oldest instant first. Then ticks whose last run was lost or could not
        start. Then what earlier runs left, if there was nothing else.
        """
        found = False
        due = agenda(await self.fleet.schedules(), catch_up_seconds=self.catch_up_seconds)
        if due.skip:
            for scenario_type, skipped in await self.fleet.skip(due.skip):
                log.warning("tick.skipped", scenario=scenario_type, instants=skipped)
                measures.TICKS_SKIPPED.add(skipped, scenario=scenario_type)
        for instant, schedules in due.begin.items():
            run_id = uuid4()
            tick = await self.fleet.begin(
                schedules,
                at=instant,
                run_id=run_id,
                budget_seconds=self.limits.budget_seconds,
                dispatcher=self.deps.dispatcher.kind,
            )
            if tick is not None:
                found = True
                measures.TICK_DELAY_SECONDS.observe((schedules[0].schedule.now - instant).total_seconds())
                yield Work("tick", tick, run_id)
        for tick in await self.fleet.retries(catch_up_seconds=self.catch_up_seconds):
            found = True
            yield Work("retry", tick)
        if not found and await self.fleet.ready():
            yield Work("left")

    async def run(self, work: Work, caller: Caller) -> Report:
        """Run one piece of work. Raises as `run_cycle`.

        A scenario of a tick that was retired or disabled since is left out.

        Raises:
            KeyTaken: another worker was first to try a tick again.
        """
        applied = list(await self.deps.store.applied())
        if work.tick is None:
            caller = Caller(run_id=work.run_id, watch=caller.watch, stop=caller.stop)
            return await run_cycle(self.deps, applied, Selection(), self.limits, claims=False, caller=caller)
        enabled = [one for one in applied if one.scenario.enabled_somewhere]
        chosen = [one for one in enabled if one.scenario_type in work.tick.scenarios]
        others = [one for one in enabled if one not in chosen]
        asked = Asked(work.tick.key, sha256(work.tick.key.encode()).hexdigest())
        caller = Caller(asked=asked, run_id=work.run_id, watch=caller.watch, stop=caller.stop)
        log.info("tick.begun", key=work.tick.key, why=work.why, run_id=str(work.run_id))
        with span("tick", key=work.tick.key, why=work.why):
            return await run_cycle(self.deps, chosen, Selection(), self.limits, others=others, caller=caller)
