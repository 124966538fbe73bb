"""The engine: one cycle, and everything that must be in order before it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Self
from uuid import UUID

from rekindle.app.access import Access
from rekindle.app.backtests import Backtests
from rekindle.app.confirm import Confirming
from rekindle.app.database import check_database
from rekindle.app.fleet import Scheduled
from rekindle.app.gauges import Gauges
from rekindle.app.looking_after import LookingAfter
from rekindle.app.migrations import database_url
from rekindle.app.pages import Pages
from rekindle.app.people import People
from rekindle.app.retention import Retained
from rekindle.app.sign_in import check_sign_in
from rekindle.app.tests import Testing
from rekindle.app.tokens import Tokens
from rekindle.app.watch import Watching
from rekindle.configuration import configured
from rekindle.dispatchers.registry import build_dispatcher, of_its_kind
from rekindle.engine.changes import changes, edited
from rekindle.engine.check import check, check_applied, check_dispatcher
from rekindle.engine.check_reach import check_caps, check_reach
from rekindle.engine.cycle import Caller, Limits
from rekindle.engine.findings import Finding, raise_faults
from rekindle.engine.run import run_cycle
from rekindle.engine.scenarios import enabled_or_named
from rekindle.errors import NamesCollide, TrialRefused
from rekindle.log import log
from rekindle.model import Report, Selection
from rekindle.ports import Applied, Change, Changed, Dispatcher, TrialChange
from rekindle.postgres import installation
from rekindle.postgres.names import require_distinct
from rekindle.postgres.pool import CONNECTIONS, Database
from rekindle.scenario import Config
from rekindle.settings import Settings


class Engine(
    Pages, Confirming, People, Retained, Scheduled, Watching, Gauges, Access, Tokens, Testing, Backtests, LookingAfter
):
    """Rekindle over one database. The command line and the API call it. Use `Engine.open`.

    Its methods may be called concurrently in one event loop.
    """

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings | None = None,
        config: Config | None = None,
        *,
        dispatcher: Dispatcher | None = None,
        runs: int = 1,
        fit: bool = True,
        waiting: asyncio.Event | None = None,
    ) -> AsyncGenerator[Self]:
        """An engine whose database has answered and is fit for the ledger. It is closed when the
        block ends.

        Args:
            settings: None for those of the environment.
            config: None for the file that the environment names, rekindle.toml if it names none.
                With settings given, None is a configuration without scenarios, for uses that need
                none, such as reports.
            dispatcher: None for the one that the configuration names.
            runs: how many runs may be under way at once: each has four separate connections.
            fit: False to open it on a database that is not fit, for `check`, which says why.
            waiting: for a process that should outlast the database: wait for one that does not
                answer yet, until this is set. None to raise at once.

        Raises:
            ConfigError: the configuration is read and cannot be used.
            DatabaseError: there is no database, it does not answer, it is not migrated, or it could
                not keep the promises.
        """
        if config is None:
            config = Config() if settings is not None else configured(Settings())
        environment = settings or Settings()
        database = Database(
            database_url(environment), connections=CONNECTIONS * runs, installation=environment.installation
        )
        dispatcher = dispatcher or build_dispatcher(config.dispatcher)
        if waiting is not None:
            await database.wait(waiting)
        await database.open()
        try:
            engine = cls(database, config, dispatcher)
            if fit:
                await engine._reports.check_fitness()
            yield engine
        finally:
            await dispatcher.close()
            await database.close()

    async def ready(self) -> None:
        """Check that a run could begin: the database answers, is migrated and fit for the ledger,
        and is on the server that the latest run wrote to, or on one that was confirmed.

        Raises:
            DatabaseError: it does not, or is not.
        """
        await self._reports.check_fitness()
        fault, _ = await installation.look(self._database)
        if fault is not None:
            raise fault

    async def adopt(self) -> str:
        """Let runs send from this installation, although the latest run wrote to another one.
        Returns where it is.

        A run halts with InstallationNotAdopted until then. This database may lack what that run
        recorded, so that the people concerned get a second push; or it may be a copy, from which
        nothing should be sent.

        Raises:
            BadArgument: there is nothing to adopt; nothing has changed.
        """
        return await installation.adopt(self._database, entry=self._entry("installation.adopted"))

    async def adopted(self) -> str | None:
        """Where this installation is, if runs may write to it; None: it must be adopted first."""
        return await installation.adopted(self._database)

    async def check(self) -> list[Finding]:
        """What a run of this configuration would meet, from the database to the provider. Changes
        nothing and sends nothing."""
        findings, readable = await check_database(self._database, self._reports, self._source)
        if not readable:
            return findings
        in_force = await self.deps.store.applied()
        return [
            *findings,
            *await self._check(in_force),
            *check_caps(self.config.scenario),
            *(Finding(one.subject, one.message, note=True) for one in await self._notes.notes()),
            await check_dispatcher(
                self.deps.dispatcher,
                of_its_kind(self.config.dispatcher).ready,
                timeout_seconds=self.config.dispatcher.timeout,
            ),
            *await self._check_alerts(scheduled=any(one.schedule for one in self.config.scenario.values())),
            *await check_sign_in(self.config.sign_in),
            check_applied(changes(in_force, edited(self.config, await self._reports.names(self.config)))),
        ]

    async def ready_to_apply(self) -> None:
        """Check that nothing prevents this configuration from being applied. Notes are logged.

        Raises:
            RekindleError: something prevents it.
        """
        findings = await self._check(await self.deps.store.applied())
        raise_faults(findings)
        for finding in findings:
            if finding.note:
                log.warning("check.note", subject=finding.subject, message=finding.message)

    async def _check(self, in_force: Sequence[Applied]) -> list[Finding]:
        findings = await check(self.config, self._source)
        names = await self._reports.names(self.config)
        if not any(finding.fault for finding in findings if finding.subject == "preference"):
            applied = [one.scenario_type for one in in_force]
            findings += await check_reach(self.config, self._source, applied, names)
        try:
            require_distinct(names)
        except NamesCollide as fault:
            findings.append(Finding("names", fault.message, fault))
        try:
            await self.trial_changes()
        except TrialRefused as fault:
            findings.append(Finding("trials", fault.message, fault))
        return findings

    async def apply(self, *, checked: bool = False, retire: bool = False) -> list[Change]:
        """Put the configuration's scenarios into force and retire all others, or change nothing.
        Its trials start or go on, and all others end.

        Concurrent calls take effect one after another; the last one wins.

        Args:
            checked: the caller has just awaited `ready_to_apply`.
            retire: scenarios that are in force and not in the configuration may be retired.

        Raises:
            WouldRetire: scenarios would be retired, and `retire` is false; nothing has changed.
            NamesCollide: two scenarios are one, which was renamed; nothing has changed.
            RekindleError: as `ready_to_apply`.
        """
        if not checked:
            await self.ready_to_apply()
        return await self._reports.store_config(self.config, retire=retire, entry=self._entry("config.applied"))

    async def trial_changes(self) -> list[TrialChange]:
        """The trials that an `apply` of this configuration would end and start now.

        Raises:
            TrialRefused: one of them cannot start.
        """
        return await self._reports.trial_changes(self.config)

    async def changes(self) -> Mapping[str, Changed]:
        """How each scenario of this configuration, or in force, would change if this
        configuration were applied."""
        edit = edited(self.config, await self._reports.names(self.config))
        return changes(await self.deps.store.applied(), edit)

    async def run(
        self,
        *,
        scenarios: Sequence[str] = (),
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
        budget_seconds: float | None = None,
        confirmed: int = 0,
        confirms: UUID | None = None,
        caller: Caller | None = None,
    ) -> Report:
        """One cycle over the enabled scenarios, or those named, for everybody or for one person.
        See `rekindle.engine.run.run_cycle`.

        The guard allows `confirmed` more people, over all scenarios of the cycle; it does not apply
        to a single person. `confirms`: the run that the guard halted and that this one confirms;
        see `confirmation`. `caller` watches the run and may stop it.

        Raises:
            UnknownScenario: no scenario is applied, or a name is not.
            BadArgument: a named scenario is not enabled.
            KeyTaken, ProviderError, DatabaseError: as `run_cycle`.
        """
        applied, others = enabled_or_named(scenarios, await self.deps.store.applied())
        limits = Limits.of(self.config, budget_seconds=budget_seconds, confirmed=confirmed)
        selection = Selection(organisations=tuple(organisations), user_id=user_id)
        details: dict[str, object] = {
            "scenarios": list(scenarios),
            "organisations": [str(one) for one in organisations],
            "confirmed": confirmed,
        }
        if confirms is not None:
            details["confirms"] = str(confirms)
        if user_id is not None:
            details["one_person"] = True
        entry = self._entry(
            "run.started" if confirms is None else "run.confirmed",
            scenario_type=scenarios[0] if len(scenarios) == 1 else None,
            organisation_id=organisations[0] if len(organisations) == 1 else None,
        )
        started = replace(entry, details=details)
        caller = replace(caller or Caller(), started=started, started_by=started.signature)
        return await run_cycle(self.deps, applied, selection, limits, others=others, caller=caller)
