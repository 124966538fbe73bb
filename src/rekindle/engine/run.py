"""One cycle: evaluate, claim, dispatch, record, report."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from rekindle.engine.breaker import Breaker
from rekindle.engine.claim import claim
from rekindle.engine.deadline import Deadline
from rekindle.engine.dispatch import Bounds, Dispatch
from rekindle.engine.pace import RAMP_SECONDS, Pacer
from rekindle.engine.record import Recorder
from rekindle.engine.report import report
from rekindle.engine.steady import answered, steadily
from rekindle.engine.sweep import sweep
from rekindle.errors import ConfigNotApplied, DatabaseUnreachable, ProviderUnreachable, RekindleError, UnknownScenario
from rekindle.log import log
from rekindle.model import Asked, Numbers, Report, Selection
from rekindle.policy import GUARDED, Guard
from rekindle.ports import Applied, Dispatcher, NotificationRepository, Store, Terms
from rekindle.scenario import Config, fingerprint


@dataclass(frozen=True, slots=True)
class Deps:
    """What a cycle needs of the world. The dispatcher and the notification repository may be replaced in a test; the
    ledger is the same one always."""

    dispatcher: Dispatcher
    notifications: NotificationRepository
    store: Store


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a cycle may take and how hard it may push; seconds."""

    budget_seconds: float = 30.0
    timeout_seconds: float = 10.0
    concurrency: int = 1_000
    per_minute: int = 600_000
    timezone: str | None = None
    guard: Guard = GUARDED

    @classmethod
    def of(cls, config: Config, *, budget_seconds: float | None = None, confirmed: int = 0) -> "Limits":
        """The limits that a configuration sets; a budget given here wins. So many people are confirmed to the guard."""
        return cls(
            budget_seconds=budget_seconds or config.run.budget,
            timeout_seconds=config.dispatcher.timeout,
            concurrency=config.dispatcher.concurrency,
            per_minute=config.dispatcher.per_minute,
            timezone=config.run.timezone,
            guard=config.run.guard(confirmed=confirmed),
        )

    def answer_seconds(self) -> float:
        """How long one request may take: the time-out, and never more than two fifths of the budget."""
        return min(self.timeout_seconds, self.budget_seconds * 0.4)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: `opened` when the run has its row, `claimed` after each run of the claim stage, `settled` after
    each batch of answers."""

    opened: Callable[[UUID], None] = field(default=lambda _: None)
    claimed: Callable[[Sequence[Numbers]], None] = field(default=lambda _: None)
    settled: Callable[[int], None] = field(default=lambda _: None)


async def run_cycle(
    deps: Deps,
    applied: Sequence[Applied],
    selection: Selection,
    limits: Limits,
    *,
    others: Sequence[Applied] = (),
    asked: Asked | None = None,
    watch: Watch | None = None,
    stop: asyncio.Event | None = None,
) -> Report:
    """Everyone who is due under the scenarios was nudged once, as far as the budget went, and the report says so.

    Any number of cycles may run at once on one database: each person is claimed by one of them. A cycle that is
    killed at any point leaves nothing that the next one cannot put right without sending twice. `stop` ends it early
    in good order. It also carries on what earlier cycles left of the same selection. `others` are the enabled scenarios
    that this cycle leaves alone: one with a higher priority still goes first under a frequency cap.

    Raises:
        KeyTaken: there is a run that was `asked` for under the same key; nothing was claimed.
        ProviderError: sending is not possible; nothing was claimed.
        DatabaseError: the ledger failed on the way; leases and the sweep decide what becomes of the units.
    """
    watch = watch or Watch()
    store = deps.store
    answer_seconds = limits.answer_seconds()
    deadline = Deadline.after(
        limits.budget_seconds, answer_seconds=0.0 if deps.dispatcher.immediate else answer_seconds
    )
    selection = replace(selection, scenarios=tuple(one.scenario_type for one in applied))
    await _open(deps.dispatcher, deadline)
    await steadily(lambda: sweep(store), deadline)
    run_id, kind = uuid4(), deps.dispatcher.kind
    await steadily(
        lambda: store.open_run(budget_seconds=limits.budget_seconds, dispatcher=kind, run_id=run_id, asked=asked),
        deadline,
    )
    watch.opened(run_id)
    terms = Terms(timezone=limits.timezone)
    breaker = Breaker()
    try:
        claimed = await claim(
            store, run_id, applied, selection, others=others, terms=terms, guard=limits.guard, deadline=deadline
        )
        watch.claimed(claimed.numbers)
        dispatch = Dispatch(
            store,
            deps.dispatcher,
            Recorder(store, deps.notifications, run_id, breaker=breaker, deadline=deadline, on_settled=watch.settled),
            run_id,
            selection,
            bounds=Bounds(limits.concurrency, answer_seconds, deadline),
            pacer=Pacer(limits.per_minute / 60, ramp_seconds=0.0 if deps.dispatcher.immediate else RAMP_SECONDS),
            breaker=breaker,
            stop=stop or asyncio.Event(),
        )
        await dispatch.run()
    except RekindleError as fault:
        await _give_up(store, run_id, selection, fault, deadline)
        raise
    faults = [*claimed.faults, *breaker.broken.values()]
    return await steadily(lambda: report(store, run_id, selection, halted=breaker.halted, faults=faults), deadline)


async def evaluate_and_dispatch(
    mentor_id: UUID, scenario_type: str, config: Config, deps: Deps, *, stop: asyncio.Event | None = None
) -> Report:
    """One recipient was evaluated under one scenario and, if due, nudged: a cycle of one, through the same statements.

    Safe beside any number of other calls and cycles: the ledger lets one of them win. The report's one scenario says
    what happened: `recorded` 1, or a refusal such as {"cooldown": 1}, or `not_due` 1.

    Args:
        mentor_id: the recipient's user_id.
        scenario_type: the scenario's name in the configuration.
        config: the configuration that the caller means; it must be the one that is applied.
        deps: dispatcher, notification repository and ledger.

    Raises:
        UnknownScenario: the configuration has no such scenario.
        ConfigNotApplied: the ledger holds another version of it; nothing was evaluated.
        ProviderError, DatabaseError: as `run_cycle`.
    """
    wanted = config.scenario.get(scenario_type)
    if wanted is None:
        raise UnknownScenario(
            f"the configuration has no scenario {scenario_type!r}",
            mend=f"It has: {', '.join(config.scenario) or 'none'}.",
        )
    in_force = await deps.store.applied()
    applied = [one for one in in_force if one.scenario_type == scenario_type]
    if not applied or applied[0].fingerprint != fingerprint(wanted):
        raise ConfigNotApplied(
            f"scenario {scenario_type!r} is not applied as this configuration has it", mend="Run `rekindle apply`."
        )
    enabled = [one for one in applied if one.scenario.enabled_somewhere]
    others = [one for one in in_force if one.scenario.enabled_somewhere and one.scenario_type != scenario_type]
    return await run_cycle(deps, enabled, Selection(user_id=mentor_id), Limits.of(config), others=others, stop=stop)


async def _open(dispatcher: Dispatcher, deadline: Deadline) -> None:
    try:
        async with asyncio.timeout(deadline.left()):
            await dispatcher.open()
    except TimeoutError:
        raise ProviderUnreachable(
            "the provider gave no answer within the budget", mend="Check the network, and try again later."
        ) from None


async def _give_up(store: Store, run_id: UUID, selection: Selection, fault: RekindleError, deadline: Deadline) -> None:
    """Say on the run's row why it ended, if the ledger still answers; else a later run's sweep will."""
    if isinstance(fault, DatabaseUnreachable):
        return  # it was waited for until the deadline
    try:
        await answered(lambda: report(store, run_id, selection, halted=None, faults=[fault]), deadline.patience())
    except RekindleError as another:
        log.error("report.failed", run_id=str(run_id), code=another.code)
