"""Everything that the stages of one run need, made once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from rekindle.engine.breaker import Breaker
from rekindle.engine.deadline import Deadline
from rekindle.engine.patience import PatientStore
from rekindle.engine.priority import evaluations
from rekindle.engine.progress import Progress
from rekindle.model import Asked, Numbers, Selection
from rekindle.policy import GUARDED, Guard
from rekindle.ports import Applied, Dispatcher, Entry, Evaluation, NotificationRepository, Store, Terms
from rekindle.scenario import Config


@dataclass(frozen=True, slots=True)
class Deps:
    """The outside parts that a cycle needs. A test may replace the dispatcher and the notification
    repository; the ledger is always the same one."""

    dispatcher: Dispatcher
    notifications: NotificationRepository
    store: Store


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a cycle may take and how fast it may send; in seconds."""

    budget_seconds: float = 30.0
    timeout_seconds: float = 10.0
    concurrency: int = 1_000
    per_minute: int = 600_000
    timezone: str | None = None
    guard: Guard = GUARDED

    @classmethod
    def of(cls, config: Config, *, budget_seconds: float | None = None, confirmed: int = 0) -> "Limits":
        """The limits that a configuration sets; a budget given here wins. The guard allows
        `confirmed` more people."""
        return cls(
            budget_seconds=budget_seconds or config.run.budget,
            timeout_seconds=config.dispatcher.timeout,
            concurrency=config.dispatcher.concurrency,
            per_minute=config.dispatcher.per_minute,
            timezone=config.run.timezone,
            guard=config.run.guard(confirmed=confirmed),
        )

    def answer_seconds(self) -> float:
        """How long one request may take: the time-out, but at most two fifths of the budget."""
        return min(self.timeout_seconds, self.budget_seconds * 0.4)


@dataclass(frozen=True, slots=True)
class Watch:
    """Callbacks of a run. `opened` is called when the run has its row. `claimed` is called after
    the claim stage with the numbers of each scenario. `answered` is called after each batch of
    answers with their number."""

    opened: Callable[[UUID], None] = field(default=lambda _: None)
    claimed: Callable[[Sequence[Numbers]], None] = field(default=lambda _: None)
    answered: Callable[[int], None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller's side of a run: the key of the request, the callbacks, and `stop`, which ends the
    run early and in an orderly way. `run_id`: the run's row, if the caller has written it already,
    as for a tick. `started_by`: the label of the actor that the row names; None: the database
    login. `started`: the entry of the audit, if somebody asked for this run."""

    asked: Asked | None = None
    run_id: UUID | None = None
    started_by: str | None = None
    started: Entry | None = None
    watch: Watch = field(default_factory=Watch)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One run: everything its stages share. `evaluations` are in the order in which they are
    claimed."""

    run_id: UUID
    dispatcher: Dispatcher
    store: PatientStore
    evaluations: Sequence[Evaluation]
    selection: Selection
    limits: Limits
    deadline: Deadline
    caller: Caller
    breaker: Breaker = field(default_factory=Breaker)
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def begin(
        cls,
        deps: Deps,
        applied: Sequence[Applied],
        selection: Selection,
        limits: Limits,
        *,
        others: Sequence[Applied] = (),
        claims: bool = True,
        caller: Caller | None = None,
    ) -> "Cycle":
        """A cycle over these scenarios. Its time starts now. See
        `rekindle.engine.run.run_cycle`."""
        answer_seconds = 0.0 if deps.dispatcher.immediate else limits.answer_seconds()
        deadline = Deadline.after(limits.budget_seconds, answer_seconds=answer_seconds)
        caller = caller or Caller()
        return cls(
            run_id=caller.run_id or uuid4(),
            dispatcher=deps.dispatcher,
            store=PatientStore(deps.store, deps.notifications, deadline),
            # Only `others`: the cycle's own scenarios that outrank one are claimed before it.
            evaluations=evaluations(applied if claims else (), selection, others, Terms(timezone=limits.timezone)),
            selection=replace(selection, scenarios=tuple(one.scenario_type for one in applied)),
            limits=limits,
            deadline=deadline,
            caller=caller,
        )
