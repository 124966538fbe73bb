"""The part of the engine that answers what would happen, and why. Nothing is claimed or sent."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from rekindle.app.base import PLAN_SECONDS, Base
from rekindle.configuration import edited_config
from rekindle.engine.changes import edited
from rekindle.engine.difference import chosen, difference, edits
from rekindle.engine.explain import explain, with_guard
from rekindle.engine.guard import GuardPreview, held_in_a_run
from rekindle.engine.places import names, place_names, shown_names
from rekindle.engine.preview import Preview, dry_run, plan
from rekindle.engine.priority import evaluations, outranking
from rekindle.engine.scenarios import enabled_or_named, require_applied
from rekindle.engine.show import Shown, show
from rekindle.errors import BadArgument, HeldByGuard, NotFound, StatementTooSlow
from rekindle.model import Candidate, Names, Place, PlaceNames, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Affected, Difference, Evaluation, PersonExplained, Standing, Terms
from rekindle.postgres import script
from rekindle.postgres.script import SqlOfDispatch, SqlOfEvaluation
from rekindle.postgres.sql import statement

_A_MINUTE = timedelta(minutes=1)
"""The minute that has begun may be asked for."""
_FARTHEST = timedelta(days=366)


class Questions(Base):
    """What a run would do, what an edit would change, and why a person is nudged or not."""

    async def plan(
        self,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
        at: datetime | None = None,
    ) -> AsyncGenerator[Candidate | Preview]:
        """People who would be notified now, people who would not, and why; see
        `rekindle.engine.preview.plan`.

        With `at`, a later moment is judged by the rows of now: cooldowns, caps, days and hours are
        those of that moment, and what happens until then is not known. The guard, which looks at
        what was claimed before a run, is left out.

        Raises:
            BadArgument: `at` has no time zone, is past, or is more than 366 days ahead.
        """
        await self._may_be_asked(at)
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        planned = await self._planned(scenarios, selection, replace(self._terms(), at=at))
        guard = self.config.run.guard() if at is None else UNGUARDED
        async with aclosing(plan(self.deps.store, planned, guard=guard)) as steps:
            async for step in steps:
                yield step

    async def dry_run(
        self, *, scenarios: Sequence[str] = (), organisations: Sequence[UUID] = (), user_id: UUID | None = None
    ) -> list[Preview]:
        """Render everything that a run would send now, to everybody or to one person, and let the
        provider check it. Nothing is claimed or sent."""
        planned = await self._planned(scenarios, Selection(organisations=tuple(organisations), user_id=user_id))
        await self.deps.dispatcher.open()
        return await dry_run(
            self.deps.store,
            self.deps.dispatcher,
            planned,
            guard=self.config.run.guard(),
            timeout_seconds=self.config.dispatcher.timeout,
        )

    async def show(
        self,
        user_id: UUID,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        at: datetime | None = None,
    ) -> list[Shown]:
        """What one person would read now, or at a later moment as in `plan`, scenario by scenario;
        see `rekindle.engine.show.show`."""
        await self._may_be_asked(at)
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        return await show(self.deps.store, await self._planned(scenarios, selection, replace(self._terms(), at=at)))

    async def standing(self, user_id: UUID, *, sees: Collection[UUID] | None = None) -> Standing:
        """What is known of an id. With `sees`, a reader that is limited to these organisations
        asks.

        Raises:
            NotFound: the reader is limited, and the person is not a recipient of its organisations.
        """
        found = await self._explanations.standing(user_id, sees=sees)
        if sees is not None and not found.listed:  # mutant: own-person
            raise NotFound
        return found

    async def explain(
        self,
        user_id: UUID,
        *,
        scenarios: Sequence[str] = (),
        run_id: UUID | None = None,
        limit: int = 5,
        sees: Collection[UUID] | None = None,
        guard: bool = True,
    ) -> PersonExplained:
        """One person under every applied scenario, or those named, and their latest claims. Reads
        only.

        The guard is the last condition of a scenario that nothing else blocks. To know what it
        would hold back, everybody is evaluated, as for a plan. Without `guard` it is not asked.

        Any id is allowed. With a run: what that run did for the person, and nothing about the
        present; a named scenario may then be retired.

        With `sees`, a reader that is limited to these organisations asks: only they and what was
        claimed in them exist, and the guard is asked about a run of them alone.

        Raises:
            UnknownScenario: a name is not applied.
            BadArgument: there is no such run.
            NotFound: the reader is limited, and the person is not a recipient of its organisations.
            DatabaseError: the ledger cannot be read. A scenario's own fault is in its explanation.
        """
        standing = await self.standing(user_id, sees=sees)
        claims = await self._explanations.history(user_id, scenarios=scenarios, run_id=run_id, sees=sees, limit=limit)
        if run_id is not None:
            reports = await self._reports.runs(run_id=run_id)
            if not reports:
                raise BadArgument(f"there is no run {run_id}", hint="See `rekindle runs`.")
            return PersonExplained(user_id, standing, (), tuple(claims), reports[0])
        applied = await self.deps.store.applied()
        require_applied(scenarios, applied)
        explained = await explain(
            self._explanations,
            user_id,
            applied,
            names=scenarios,
            organisations=tuple(sees or ()),
            terms=self._terms(),
        )
        if guard and any(one.fault is None and not one.blocked_by for one in explained):
            explained = with_guard(explained, await self._held(sees))
        return PersonExplained(user_id, standing, explained, tuple(claims))

    async def place_names(self, places: Iterable[Place]) -> PlaceNames:
        """The names that the team's views give these organisations and chapters; see
        `rekindle.engine.places.place_names`."""
        return await place_names(self._source, places)

    async def names(self, places: Iterable[Place], people: Iterable[UUID]) -> Names:
        """The names of these places, and the external_ids of these people; see
        `rekindle.engine.places.names`."""
        return await names(self._source, places, set(people))

    async def shown_names(
        self, places: Iterable[Place], people: Iterable[UUID], *, sees: Collection[UUID] | None = None
    ) -> Names:
        """The same, with the names of these people, for pages. With `sees`, a reader that is
        limited to these organisations asks: only their recipients have a name."""
        return await shown_names(self._source, places, set(people), sees=sees)

    async def difference(
        self,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
        unchanged: bool = True,
    ) -> AsyncGenerator[Affected | Difference]:
        """The people that only this configuration, applied or not, would claim now, those that only
        the one in force would claim, and those that both would; see
        `rekindle.engine.difference.difference`. Without `unchanged`, scenarios that no edit can
        have affected are left out. Both sides take `run.timezone` from this configuration. Quiet
        hours, weekdays and `send_at` are left out of both: otherwise the answer would depend on the
        hour at which it is asked for.

        Raises:
            UnknownScenario: a name is neither in the configuration nor applied.
        """
        in_force = await self.deps.store.applied()
        new_ones = edited(self.config, await self._reports.names(self.config))
        require_applied(scenarios, [*in_force, *new_ones])
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        terms = replace(self._terms(), by_the_hour=False)  # mutant: compared-at-any-hour
        compared = chosen(edits(in_force, new_ones, selection, terms), names=scenarios, unchanged=unchanged)
        guarded = GuardPreview(self.deps.store, self.config.run.guard(), selection)
        async with aclosing(difference(self._differences, compared, guarded)) as steps:
            async for step in steps:
                yield step

    async def difference_of(self, text: str, *, organisations: Sequence[UUID] = ()) -> list[Difference]:
        """The numbers of `difference` for the configuration in a text, as in a rekindle.toml,
        instead of this engine's own. Nothing is stored, no file is read, and no query is run that
        is not in force; see `rekindle.configuration.edited_config`.

        Raises:
            ConfigInvalid: the text has mistakes; all of them are in `problems`.
            StatementTooSlow: it took longer than `PLAN_SECONDS`.
        """
        applied = {one.scenario_type: one.scenario for one in await self.deps.store.applied()}
        other = copy(self)
        other.config = edited_config(text, applied)
        try:
            async with (
                asyncio.timeout(PLAN_SECONDS),
                aclosing(other.difference(organisations=organisations)) as steps,
            ):
                return [step async for step in steps if isinstance(step, Difference)]
        except TimeoutError:
            raise StatementTooSlow(
                f"the comparison took longer than {PLAN_SECONDS:g} s", hint="Use `rekindle plan --changes`."
            ) from None

    async def sql(
        self,
        statement: SqlOfEvaluation | SqlOfDispatch,
        *,
        scenario: str | None = None,
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
        run_id: UUID | None = None,
        explained: bool = False,
    ) -> str:
        """A statement of the engine as a script for psql, with every parameter filled in; see
        `postgres.script`.

        Nothing is written: the script ends with a rollback. `explained` puts EXPLAIN in front of
        the statement.

        Raises:
            BadArgument: a statement that evaluates needs a scenario, and `explain` a person.
            UnknownScenario: the scenario is not applied.
        """
        if statement in ("arm", "record"):
            return await script.dispatching(self._database, statement, run_id=run_id, explained=explained)
        if scenario is None:
            raise BadArgument(f"{statement} needs one scenario", hint="Name it with --scenario.")
        if statement == "explain" and user_id is None:
            raise BadArgument("explain needs one person", hint="Name them with --user.")
        applied = {one.scenario_type: one for one in await self.deps.store.applied()}
        require_applied([scenario], list(applied.values()))
        above = outranking(applied[scenario], [one for one in applied.values() if one.scenario.enabled_somewhere])
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        evaluation = Evaluation(applied[scenario], selection, above, self._terms())
        return await script.evaluating(self._database, statement, evaluation, run_id=run_id, explained=explained)

    async def _held(self, sees: Collection[UUID] | None) -> Mapping[str, HeldByGuard]:
        """By scenario, why the guard would hold back what a run of everything, or of these
        organisations, would claim now."""
        planned = await self._planned((), Selection(organisations=tuple(sees or ())))
        return await held_in_a_run(self.deps.store, planned, self.config.run.guard())

    async def _planned(
        self, names: Sequence[str], selection: Selection, terms: Terms | None = None
    ) -> list[Evaluation]:
        """The evaluations of a run of these scenarios, before any of them is claimed. Raises as
        `run`."""
        applied, others = enabled_or_named(names, await self.deps.store.applied())
        return evaluations(applied, selection, [*applied, *others], terms or self._terms())

    async def _may_be_asked(self, at: datetime | None) -> None:
        """Raise BadArgument for a moment that no plan can be made for. The ledger's clock
        decides."""
        if at is None:
            return
        hint = "Give a moment between now and 366 days ahead, such as 2026-12-24T09:00+01:00."
        if at.tzinfo is None:
            raise BadArgument("the moment of a plan has no time zone", hint=hint)
        now: datetime = (await self._database.row(statement("moment")))["at"]
        if at < now - _A_MINUTE:
            raise BadArgument(
                "the moment of a plan is past; the ledger knows what happened: `rekindle runs`, `rekindle explain`",
                hint=hint,
            )
        if at > now + _FARTHEST:
            raise BadArgument("the moment of a plan is more than 366 days ahead", hint=hint)
