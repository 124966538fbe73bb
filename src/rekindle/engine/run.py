"""One cycle: evaluate, claim, dispatch, record, report."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from rekindle.engine.changes import changes, edited
from rekindle.engine.claim import claim
from rekindle.engine.cycle import Caller, Cycle, Deps, Limits
from rekindle.engine.dispatch import dispatch
from rekindle.engine.lease import renewed_lease
from rekindle.engine.look_back import look_back
from rekindle.engine.measured import measured_run
from rekindle.engine.open import open_dispatcher, open_run
from rekindle.engine.report import report, reported_fault
from rekindle.engine.sweep import sweep
from rekindle.errors import ConfigNotApplied, UnknownScenario
from rekindle.model import Report, Selection
from rekindle.ports import Applied
from rekindle.scenario import Config
from rekindle.telemetry.spans import stage


async def run_cycle(
    deps: Deps,
    applied: Sequence[Applied],
    selection: Selection,
    limits: Limits,
    *,
    others: Sequence[Applied] = (),
    claims: bool = True,
    caller: Caller | None = None,
) -> Report:
    """Nudge everyone who is due under the scenarios once, as far as the budget allows, and report
    it.

    Any number of cycles may run at once on one database: each person is claimed by one of them. A
    cycle may be killed at any point: the next one repairs what it left, without sending twice. It
    also continues the work that earlier cycles left for the same selection; without `claims` it
    does only that. While it works, it renews the lease on its row. `others` are the
    enabled scenarios that this cycle does not claim: one with a higher priority still comes first
    under a frequency cap.

    Raises:
        KeyTaken: a run that was asked for under the same key is alive or has ended; nothing was
            claimed.
        ProviderError: sending is not possible; nothing was claimed. The run's row has the status
            not_started and the reason, and its key may begin another attempt.
        NotMigrated, DatabaseUnfit, InstallationNotAdopted: the database is not fit, or not the one
            that the latest run wrote to; nothing was claimed.
        DatabaseError: the ledger failed during the run; the leases and the sweep decide what
            becomes of the units.
    """
    cycle = Cycle.begin(deps, applied, selection, limits, others=others, claims=claims, caller=caller)
    with measured_run(cycle):
        await open_run(cycle)
        async with renewed_lease(cycle):
            async with reported_fault(cycle, "not_started"):
                with stage("open"):
                    await open_dispatcher(cycle)
                with stage("sweep"):
                    await sweep(cycle)
            cycle.caller.watch.opened(cycle.run_id)
            async with reported_fault(cycle, "halted"):
                with stage("claim"):
                    claimed = await claim(cycle)
                with stage("dispatch"):
                    await dispatch(cycle)
            with stage("report"):
                await look_back(cycle)
                return await report(cycle, claimed.faults)


async def evaluate_and_dispatch(
    mentor_id: UUID, scenario_type: str, config: Config, deps: Deps, *, stop: asyncio.Event | None = None
) -> Report:
    """Evaluate one recipient under one scenario and, if due, nudge them: a cycle for one person, by
    the same statements.

    Safe beside any number of other calls and cycles: the ledger lets one of them win. The report's
    one scenario says what happened: `recorded` 1, or a refusal such as {"cooldown": 1}, or
    `not_due` 1.

    Args:
        mentor_id: the recipient's user_id.
        scenario_type: the scenario's name in the configuration.
        config: the caller's configuration; it must be the one that is applied.
        deps: dispatcher, notification repository and ledger.

    Raises:
        UnknownScenario: the configuration has no such scenario.
        ConfigNotApplied: the ledger has another version of it; nothing was evaluated.
        ProviderError, DatabaseError: as `run_cycle`.
    """
    if scenario_type not in config.scenario:
        raise UnknownScenario(
            f"the configuration has no scenario {scenario_type!r}",
            hint=f"It has: {', '.join(config.scenario) or 'none'}.",
        )
    in_force = await deps.store.applied()
    if changes(in_force, edited(config))[scenario_type] != "same":
        raise ConfigNotApplied(
            f"the applied version of scenario {scenario_type!r} differs from this configuration",
            hint="Run `rekindle apply`.",
        )
    enabled = [one for one in in_force if one.scenario.enabled_somewhere]
    applied = [one for one in enabled if one.scenario_type == scenario_type]
    others = [one for one in enabled if one.scenario_type != scenario_type]
    caller = Caller(stop=stop or asyncio.Event())
    return await run_cycle(deps, applied, Selection(user_id=mentor_id), Limits.of(config), others=others, caller=caller)
