"""The part of the engine that confirms a run that the guard halted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from rekindle import policy
from rekindle.app.questions import Questions
from rekindle.app.records import Records
from rekindle.engine.guard import held_in_a_run
from rekindle.errors import ConfirmedTooFew, HeldByGuard, NotConfirmable, RunNotFound
from rekindle.model import Asked, Report, Selection


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The run that a confirmation starts: it covers what the halted run `run_id` covered. Its key
    is made of that id, so there is one such run."""

    run_id: UUID
    scenarios: tuple[str, ...]
    organisations: tuple[UUID, ...]
    budget_seconds: float
    asked: Asked


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run that the guard halted, and what can still be done about it.

    Args:
        scenarios: those of the run that are still enabled.
        organisations: the selection; empty: all.
        recent: whether it ended within the time in which it may be confirmed.
        confirmed: the run that a confirmation has started; None: nobody has confirmed it.
    """

    run_id: UUID
    scenarios: tuple[str, ...]
    organisations: tuple[UUID, ...]
    recent: bool
    confirmed: Report | None

    @property
    def open(self) -> bool:
        """Whether it may be confirmed now."""
        return self.confirmed is None and self.recent and bool(self.scenarios)


class Confirming(Questions, Records):
    """Confirms runs."""

    async def held_run(self, run_id: UUID, *, sees: Collection[UUID] | None = None) -> HeldRun | None:
        """What can still be done about a run; None: the guard did not halt it. Reads a few rows.

        Raises:
            RunNotFound: there is no such run, or it is not limited to the organisations `sees`.
        """
        row = await self._reports.confirmable(run_id, sees=sees)
        if row is None:
            raise RunNotFound
        if not row["held"]:
            return None
        names = await self._enabled(row["scenario_types"])
        confirmed = await self.run_under(_asked(run_id))
        return HeldRun(run_id, names, tuple(row["organisations"]), row["recent"], confirmed)

    async def held_now(self, run: HeldRun) -> Mapping[str, HeldByGuard]:
        """What the guard would hold back now, by scenario, in a run that covers what this one
        covered. Everybody is evaluated, as for a plan."""
        return await self._held_of(run.scenarios, run.organisations)

    async def confirmation(self, run_id: UUID, people: int, *, sees: Collection[UUID] | None = None) -> Confirmation:
        """What to start if up to `people` are allowed past the guard that halted this run. Starts
        nothing.

        If that run has been started already, the number is not compared any more.

        Raises:
            RunNotFound: there is no such run, or it is not limited to the organisations `sees`.
            NotConfirmable: the guard did not halt it, it ended over 24 hours ago, or none of its
                scenarios is enabled any more.
            ConfirmedTooFew: the guard would hold back more people now.
        """
        row = await self._reports.confirmable(run_id, sees=sees)
        if row is None:
            raise RunNotFound
        if not row["held"]:  # mutant: held-by-the-guard
            raise NotConfirmable("the guard did not halt this run")
        if not row["recent"]:  # mutant: old-confirmation
            raise NotConfirmable("this run ended over 24 hours ago", hint="Start a new run.")
        names = await self._enabled(row["scenario_types"])
        if not names:
            raise NotConfirmable("no scenario of this run is enabled any more")
        asked = _asked(run_id)
        found = Confirmation(run_id, names, tuple(row["organisations"]), row["budget_seconds"], asked)
        if await self.run_under(asked) is None:
            held = sum(one.people for one in (await self._held_of(names, found.organisations)).values())
            if people < held:  # mutant: confirmed-people
                raise ConfirmedTooFew(f"the guard would hold back {held:,} people now", people=held)
        return found

    async def _enabled(self, scenario_types: Sequence[str]) -> tuple[str, ...]:
        """Those that are enabled somewhere."""
        applied = await self.deps.store.applied()
        enabled = {one.scenario_type for one in applied if one.scenario.enabled_somewhere}
        return tuple(name for name in scenario_types if name in enabled)

    async def _held_of(self, scenarios: Sequence[str], organisations: Sequence[UUID]) -> Mapping[str, HeldByGuard]:
        """What the guard would hold back now in a run of this selection, by scenario."""
        planned = await self._planned(scenarios, Selection(organisations=tuple(organisations)))
        return await held_in_a_run(self.deps.store, planned, self.config.run.guard())


def _asked(run_id: UUID) -> Asked:
    """The one request that confirms a run."""
    return Asked(f"{policy.CONFIRM}{run_id}", sha256(run_id.bytes).hexdigest())
