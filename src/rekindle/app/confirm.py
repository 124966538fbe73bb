"""The part of the engine that confirms a run that the guard halted."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from rekindle import policy
from rekindle.app.questions import Questions
from rekindle.app.records import Records
from rekindle.engine.guard import held_in_a_run
from rekindle.errors import ConfirmedTooFew, NotConfirmable, RunNotFound
from rekindle.model import Asked, Selection


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The run that a confirmation starts: it covers what the halted run `run_id` covered. Its key
    is made of that id, so there is one such run."""

    run_id: UUID
    scenarios: tuple[str, ...]
    organisations: tuple[UUID, ...]
    budget_seconds: float
    asked: Asked


class Confirming(Questions, Records):
    """Confirms runs."""

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
        applied = await self.deps.store.applied()
        enabled = {one.scenario_type for one in applied if one.scenario.enabled_somewhere}
        names = tuple(name for name in row["scenario_types"] if name in enabled)
        if not names:
            raise NotConfirmable("no scenario of this run is enabled any more")
        asked = Asked(f"{policy.CONFIRM}{run_id}", sha256(run_id.bytes).hexdigest())
        found = Confirmation(run_id, names, tuple(row["organisations"]), row["budget_seconds"], asked)
        if await self.run_under(asked) is None:
            held = await self._held_of(found)
            if people < held:  # mutant: confirmed-people
                raise ConfirmedTooFew(f"the guard would hold back {held:,} people now", people=held)
        return found

    async def _held_of(self, wanted: Confirmation) -> int:
        """How many people the guard would hold back now in a run of the same selection."""
        planned = await self._planned(wanted.scenarios, Selection(organisations=wanted.organisations))
        held = await held_in_a_run(self.deps.store, planned, self.config.run.guard())
        return sum(one.people for one in held.values())
