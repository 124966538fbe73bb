"""The composition root: settings and configuration become a working engine."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Self
from uuid import UUID

from rekindle.dispatchers.registry import build_dispatcher
from rekindle.engine.changes import changes, edited
from rekindle.engine.check import check
from rekindle.engine.cycle import Caller, Deps, Limits, Watch
from rekindle.engine.difference import chosen, difference, edits
from rekindle.engine.explain import explain
from rekindle.engine.findings import Finding, raise_faults
from rekindle.engine.guard import GuardPreview
from rekindle.engine.preview import Preview, dry_run, plan
from rekindle.engine.priority import evaluations
from rekindle.engine.run import run_cycle
from rekindle.engine.show import Shown, show
from rekindle.errors import BadArgument, DatabaseUrlMissing, UnknownScenario
from rekindle.log import log
from rekindle.model import Asked, Candidate, Report, Selection, Switch, Turned, UnknownSend
from rekindle.ports import (
    Affected,
    Applied,
    Changed,
    Difference,
    Dispatcher,
    Evaluation,
    PersonExplained,
    Terms,
)
from rekindle.postgres import script, switches
from rekindle.postgres.difference import PostgresDifferences
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.pool import CONNECTIONS, Database
from rekindle.postgres.reports import Change, Reports, ScenarioStatus, ScenarioVersion
from rekindle.postgres.script import SqlOfDispatch, SqlOfEvaluation
from rekindle.postgres.settle import settle
from rekindle.postgres.source import PostgresSource
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import Config
from rekindle.settings import Settings

PLAN_SECONDS = 60.0


def database_url(settings: Settings) -> str:
    """The address of the team's database.

    Raises:
        DatabaseUrlMissing: the environment names none.
    """
    if settings.database_url is None or not settings.database_url.get_secret_value():
        raise DatabaseUrlMissing(
            mend="Set REKINDLE_DATABASE_URL, such as postgresql://user:password@host:5432/database."
        )
    return settings.database_url.get_secret_value()


class Engine:
    """Rekindle over one database: what the command line and the API are doors to. Use `Engine.open`."""

    def __init__(self, database: Database, config: Config, dispatcher: Dispatcher) -> None:
        store = PostgresStore(database)
        self._database = database
        self.config = config
        self.deps = Deps(dispatcher=dispatcher, notifications=store, store=store)
        self.reports = Reports(database)
        self._source = PostgresSource(database)
        self._explanations = PostgresExplanations(database)
        self._differences = PostgresDifferences(database)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        config: Config | None = None,
        *,
        dispatcher: Dispatcher | None = None,
        connections: int = CONNECTIONS,
    ) -> AsyncGenerator[Self]:
        """An engine whose database answered and is fit for the ledger; closed when the block ends.

        One run at a time is well served by the `connections` that there are by default; several want as many each.

        Raises:
            DatabaseError: no database, none that answers, not migrated, or one that could not keep the promises.
        """
        config = config or Config()
        database = Database(database_url(settings), connections=connections)
        dispatcher = dispatcher or build_dispatcher(config.dispatcher)
        await database.open()
        try:
            engine = cls(database, config, dispatcher)
            await engine.reports.check_fitness()
            yield engine
        finally:
            await dispatcher.close()
            await database.close()

    async def check(self) -> list[Finding]:
        """What a run of this configuration would meet; reads only."""
        return await check(self.config, self._source)

    async def apply(self) -> list[Change]:
        """The configuration's scenarios are in force, or nothing has changed.

        Raises:
            RekindleError: something that `check` finds is in the way.
        """
        await self.ready_to_apply()
        return await self.reports.store_config(self.config)

    async def ready_to_apply(self) -> None:
        """Nothing that `check` finds is in the way of this configuration; what it notes is logged.

        Raises:
            RekindleError: something is.
        """
        findings = await self.check()
        raise_faults(findings)
        for finding in findings:
            if finding.note:
                log.warning("check.note", subject=finding.subject, message=finding.message)

    async def difference(
        self,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
        unchanged: bool = True,
    ) -> AsyncGenerator[Affected | Difference]:
        """Which people this configuration, applied or not, would claim now and what is in force would not, and the
        other way round; see `rekindle.engine.difference.difference`. Without `unchanged`, scenarios are left out that
        no edit can have touched. Both sides take `run.timezone` from this configuration.

        Raises:
            UnknownScenario: a name is neither in the configuration nor applied.
        """
        in_force, new_ones = await self.deps.store.applied(), edited(self.config)
        _require_applied(scenarios, [*in_force, *new_ones])
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        compared = chosen(edits(in_force, new_ones, selection, self._terms()), names=scenarios, unchanged=unchanged)
        guarded = GuardPreview(self.deps.store, self.config.run.guard(), selection)
        async with aclosing(difference(self._differences, compared, guarded)) as steps:
            async for step in steps:
                yield step

    async def changes(self) -> Mapping[str, Changed]:
        """How each scenario of this configuration, or in force, would change if this configuration were applied."""
        return changes(await self.deps.store.applied(), edited(self.config))

    async def run(
        self,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        budget_seconds: float | None = None,
        confirmed: int = 0,
        asked: Asked | None = None,
        watch: Watch | None = None,
        stop: asyncio.Event | None = None,
    ) -> Report:
        """One cycle over the enabled scenarios, or those named. See `rekindle.engine.run.run_cycle`.

        `confirmed`: so many people, over all scenarios of the cycle, are claimed though the guard would hold them back.
        """
        applied, others = await self._chosen(scenarios)
        limits = Limits.of(self.config, budget_seconds=budget_seconds, confirmed=confirmed)
        return await run_cycle(
            self.deps,
            applied,
            Selection(organisations=tuple(organisations)),
            limits,
            others=others,
            caller=Caller(asked, watch or Watch(), stop or asyncio.Event()),
        )

    async def dry_run(self, *, scenarios: Sequence[str] = (), organisations: Sequence[UUID] = ()) -> list[Preview]:
        """Everything that a run would send now was rendered and checked by the provider; nothing claimed or sent."""
        planned = await self._planned(scenarios, Selection(organisations=tuple(organisations)))
        await self.deps.dispatcher.open()
        return await dry_run(
            self.deps.store,
            self.deps.dispatcher,
            planned,
            guard=self.config.run.guard(),
            timeout_seconds=self.config.dispatcher.timeout,
        )

    async def plan(
        self, *, scenarios: Sequence[str] = (), organisations: Sequence[UUID] = (), user_id: UUID | None = None
    ) -> AsyncGenerator[Candidate | Preview]:
        """Who would be notified now and who not, and why; see `rekindle.engine.preview.plan`."""
        planned = await self._planned(scenarios, Selection(organisations=tuple(organisations), user_id=user_id))
        async with aclosing(plan(self.deps.store, planned, guard=self.config.run.guard())) as steps:
            async for step in steps:
                yield step

    async def explain(
        self, user_id: UUID, *, scenarios: Sequence[str] = (), run_id: UUID | None = None, limit: int = 5
    ) -> PersonExplained:
        """Where a person stands under every applied scenario, or those named, and their latest claims; reads only.

        The id may be anybody's. With a run: what that run did for the person, and nothing of how they stand now;
        a scenario named may then be retired.

        Raises:
            UnknownScenario: a name is not applied.
            BadArgument: there is no such run.
            DatabaseError: the ledger cannot be read. A scenario's own fault is in its explanation.
        """
        standing = await self._explanations.standing(user_id)
        claims = await self._explanations.history(user_id, scenarios=scenarios, run_id=run_id, limit=limit)
        if run_id is not None:
            reports = await self.reports.runs(run_id=run_id)
            if not reports:
                raise BadArgument(f"there is no run {run_id}", mend="See `rekindle runs`.")
            return PersonExplained(user_id, standing, (), tuple(claims), reports[0])
        applied = await self.deps.store.applied()
        _require_applied(scenarios, applied)
        explained = await explain(self._explanations, user_id, applied, names=scenarios, terms=self._terms())
        return PersonExplained(user_id, standing, explained, tuple(claims))

    async def show(
        self, user_id: UUID, *, scenarios: Sequence[str] = (), organisations: Sequence[UUID] = ()
    ) -> list[Shown]:
        """What one person would read now, scenario by scenario; see `rekindle.engine.show.show`."""
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        return await show(self.deps.store, await self._planned(scenarios, selection))

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
        """A statement of the engine as a script for psql, with every parameter in place; see `postgres.script`.

        Nothing is written. The script ends with a rollback; `explained` puts EXPLAIN in front of the statement.

        Raises:
            BadArgument: a statement that evaluates needs a scenario, and `explain` a person.
            UnknownScenario: the scenario is not applied.
        """
        if statement in ("arm", "record"):
            return await script.dispatching(self._database, statement, run_id=run_id, explained=explained)
        if scenario is None:
            raise BadArgument(f"{statement} evaluates one scenario", mend="Name it with --scenario.")
        if statement == "explain" and user_id is None:
            raise BadArgument("explain is about one person", mend="Name them with --user.")
        applied = {one.scenario_type: one for one in await self.deps.store.applied()}
        _require_applied([scenario], list(applied.values()))
        enabled = [one for one in applied.values() if one.scenario.enabled_somewhere]
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        [evaluation] = evaluations([applied[scenario]], selection, enabled, self._terms())
        return await script.evaluating(self._database, statement, evaluation, run_id=run_id, explained=explained)

    async def scenarios(self) -> list[ScenarioStatus]:
        """Every applied scenario with its latest numbers."""
        return await self.reports.scenarios()

    async def versions(self, *, scenarios: Sequence[str] = ()) -> list[ScenarioVersion]:
        """What was applied when and by whom, newest first, retired scenarios among it."""
        return await self.reports.versions(scenarios)

    async def runs(self, *, run_id: UUID | None = None, limit: int = 20) -> list[Report]:
        """The newest runs first, or the one that is named."""
        return await self.reports.runs(run_id=run_id, limit=limit)

    async def unknown(self, *, limit: int = 100) -> list[UnknownSend]:
        """Sends whose outcome nobody knows, newest first."""
        return await self.reports.unknown(limit=limit)

    async def settle(self, claim_id: UUID, *, provider_name: str | None) -> int:
        """Settle a claim's unknown sends on the operator's word; see `rekindle.postgres.settle.settle`."""
        return await settle(self._database, claim_id, provider_name=provider_name)

    async def switch(
        self,
        turned: Turned,
        *,
        scenario_type: str | None = None,
        organisation_id: UUID | None = None,
        reason: str | None = None,
    ) -> None:
        """Hold back a scenario, an organisation, or everything, at once; or let it go on. See `switches.throw`.

        Raises:
            UnknownScenario: no scenario of that name is applied; nothing has changed.
        """
        known = {one.scenario_type for one in await self.deps.store.applied()}
        if scenario_type is not None and scenario_type not in known:
            raise UnknownScenario(
                f"no scenario {scenario_type} is applied", mend=f"Applied are: {', '.join(sorted(known)) or 'none'}."
            )
        await switches.throw(
            self._database, turned, scenario_type=scenario_type, organisation_id=organisation_id, reason=reason
        )

    async def switches(self) -> Sequence[Switch]:
        """Every switch that was ever thrown, in its last state, newest first."""
        return await switches.switches(self._database)

    def _terms(self) -> Terms:
        return Terms(timezone=self.config.run.timezone, timeout_seconds=PLAN_SECONDS)

    async def _planned(self, names: Sequence[str], selection: Selection) -> list[Evaluation]:
        """What a run of these scenarios would evaluate, each before any of them is claimed. Raises as `_chosen`."""
        applied, others = await self._chosen(names)
        return evaluations(applied, selection, [*applied, *others], self._terms())

    async def _chosen(self, names: Sequence[str]) -> tuple[list[Applied], list[Applied]]:
        """The enabled scenarios, or those named; and the other enabled ones.

        Raises:
            UnknownScenario: none is applied, or a name is not.
            BadArgument: a scenario named is switched off.
        """
        applied = {one.scenario_type: one for one in await self.deps.store.applied()}
        if not applied:
            raise UnknownScenario("no scenario is applied", mend="Run `rekindle apply`.")
        _require_applied(names, list(applied.values()))
        off = [name for name in names if not applied[name].scenario.enabled_somewhere]
        if off:
            raise BadArgument(f"scenario {', '.join(off)} is switched off", mend="Set enabled = true and apply again.")
        enabled = [one for one in applied.values() if one.scenario.enabled_somewhere]
        chosen = [one for one in enabled if not names or one.scenario_type in names]
        return chosen, [one for one in enabled if one not in chosen]


def _require_applied(names: Sequence[str], applied: Sequence[Applied]) -> None:
    known = sorted({one.scenario_type for one in applied})
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownScenario(
            f"no scenario {', '.join(unknown)} is applied", mend=f"Applied are: {', '.join(known) or 'none'}."
        )
