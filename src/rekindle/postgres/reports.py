"""Read runs, scenarios and unknown sends from the ledger, and store applied configuration."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from rekindle import policy
from rekindle.errors import WouldRetire
from rekindle.model import HeldBack, KeyHolder, Look, Numbers, Report, Sight, UnknownSend
from rekindle.ports import Applied, Change, Filter, Names, ScenarioDay, ScenarioStatus, ScenarioVersion, TrialChange
from rekindle.postgres.audit import Entry, audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.installation import require_ready
from rekindle.postgres.lists import page_of
from rekindle.postgres.locks import exclude_claims, take
from rekindle.postgres.migrate import migrations
from rekindle.postgres.names import names_of, require_distinct
from rekindle.postgres.pool import Database
from rekindle.postgres.rights import missing_rights
from rekindle.postgres.sql import statement
from rekindle.postgres.stored import stored_scenario
from rekindle.postgres.trials import apply_trials, trial_changes
from rekindle.scenario import AnyScenario, Config, changed_values, definition, fingerprint

_APPLIED = Entry("config.applied")
_ALL = Filter()


class Reports:
    """The applied configuration and the runs. Every method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_fitness(self) -> None:
        """Refuse a server that cannot keep the ledger's promises, or lacks this version's tables.

        Raises:
            NotMigrated, DatabaseUnfit: as `rekindle.postgres.installation.require_ready`.
        """
        async with self._database.transaction() as connection:
            await require_ready(connection)

    async def missing_rights(self) -> list[str]:
        """Return what rekindle_worker lacks of the rights that the migrations give it, as short
        texts."""
        async with self._database.transaction() as connection:
            return await missing_rights(connection, [migration.text for migration in migrations()])

    async def scenarios(self) -> list[ScenarioStatus]:
        """Return every scenario in force, enabled or not, highest priority first."""
        return [_status(row) for row in await self._database.rows(statement("scenarios"))]

    async def versions(self, scenario_types: Sequence[str] = ()) -> list[ScenarioVersion]:
        """Return every version of these scenarios (empty: all), newest first."""
        rows = await self._database.rows(statement("scenario_versions"), {"scenario_types": list(scenario_types)})
        versions: list[ScenarioVersion] = []
        before: dict[str, Any] | None = None
        for row in rows:
            if row["version"] == 1:
                before = None
            change = "retired" if row["retired"] else "added" if before is None else "changed"
            values = {} if change != "changed" or before is None else changed_values(before, row["definition"])
            at, by = row["applied_at"].astimezone(UTC), row["applied_by"]
            versions.append(
                ScenarioVersion(row["scenario_type"], row["version"], change, tuple(values), at, by, values)
            )
            before = None if row["retired"] else row["definition"]
        return sorted(versions, key=lambda version: (version.applied_at, version.scenario_type), reverse=True)

    async def days(self, scenario_type: str, days: Sequence[datetime]) -> list[ScenarioDay]:
        """Return what the runs of each day did for a scenario; see scenario_days.sql."""
        parameters = {"scenario_type": scenario_type, "days": list(days)}
        return [ScenarioDay(**row) for row in await self._database.rows(statement("scenario_days"), parameters)]

    async def runs(
        self, *, run_id: UUID | None = None, limit: int = 20, sees: Collection[UUID] | None = None
    ) -> list[Report]:
        """Return reports of runs, newest first: those that an actor limited to the organisations
        `sees` (None: not limited) may see."""
        return await self.run_page(Filter(sees=sees, limit=limit), run_id=run_id)

    async def run_page(self, asked: Filter, *, run_id: UUID | None = None) -> list[Report]:
        """Return reports of runs, newest first, by time and id: the part that is asked for."""
        async with self._database.transaction() as connection:
            return await read_runs(connection, asked, run_id=run_id)

    async def confirmable(self, run_id: UUID, *, sees: Collection[UUID] | None) -> dict[str, Any] | None:
        """Return what a run covered, and whether it may be confirmed; see run_confirmable.sql."""
        parameters = {
            "run_id": run_id,
            "sees": None if sees is None else list(sees),
            "within_seconds": policy.CONFIRM_SECONDS,
        }
        rows = await self._database.rows(statement("run_confirmable"), parameters)
        return rows[0] if rows else None

    async def look(self, run_id: UUID) -> Look | None:
        """Return how far a run is, or how it ended; None if there is no such run."""
        parameters = {"run_id": run_id, "lost_seconds": policy.LOST_SECONDS}
        rows = await self._database.rows(statement("run_progress"), parameters)
        if not rows:
            return None
        (report,) = _reports(rows)
        over: Sight = "abandoned" if rows[0]["lost"] or report.status == "abandoned" else "ended"
        return Look("progress" if report.status == "running" and not rows[0]["lost"] else over, report)

    async def asked(self, key: str) -> KeyHolder | None:
        """Return the last run that was requested with the key; None if there is none."""
        parameters = {"request_key": key, "lost_seconds": policy.LOST_SECONDS}
        rows = await self._database.rows(statement("run_asked"), parameters)
        return KeyHolder(rows[0]["run_id"], rows[0]["request_sha256"], rows[0]["free"]) if rows else None

    async def unknown(self, asked: Filter = _ALL) -> list[UnknownSend]:
        """Return unknown sends, held or closed, newest first, by time, claim and device: the part
        that is asked for."""
        parameters = page_of(asked) | {"claim_id": asked.claim_id}
        return [UnknownSend(**row) for row in await self._database.rows(statement("unknown"), parameters)]

    async def deliveries(self) -> list[tuple[UUID, str]]:
        """Return every device that accepted, as the claim and the provider's name for the push, in
        order of claim."""
        rows = await self._database.rows(statement("deliveries"))
        return [(row["claim_id"], row["provider_name"]) for row in rows]

    async def names(self, config: Config) -> Mapping[str, Names]:
        """Return the other names of each scenario of a configuration, applied or not."""
        async with self._database.transaction() as connection:
            return await names_of(connection, config)

    async def store_config(self, config: Config, *, retire: bool = False, entry: Entry = _APPLIED) -> list[Change]:
        """Put every scenario of the configuration in force and retire all others.

        Concurrent calls run one after the other, and the last one replaces the whole configuration.
        A scenario that gets another name is renamed: no claim is under way while that is committed,
        and none under the former name follows.
        A scenario whose meaning has not changed gets no new version. The schedules of the enabled
        scenarios are put in force with it. Its trials start or go on, and all others end. If a
        scenario or a trial has changed, the entry is written.

        Raises:
            TrialRefused: a trial cannot start; nothing has changed.
            WouldRetire: scenarios would be retired, and `retire` is false; nothing has changed.
            NamesCollide: two scenarios are one, which was renamed; nothing has changed.
            StatementTooSlow: a claim that the renaming waits for did not end in time; nothing has
                changed.
        """
        scenarios = dict(sorted(config.scenario.items()))
        parameters = {
            "scenario_types": list(scenarios),
            "definitions": [Jsonb(definition(scenario)) for scenario in scenarios.values()],
            "fingerprints": [fingerprint(scenario) for scenario in scenarios.values()],
            "actor": entry.signature,
        }
        async with self._database.transaction() as connection:
            await take(self._database, connection, "apply")
            names = await names_of(connection, config)
            require_distinct(names)
            rows = await (await connection.execute(statement("apply"), parameters)).fetchall()
            changes = _with_renamed([Change(**row) for row in rows], names)
            if not retire and (retired := [one.scenario_type for one in changes if one.change == "retired"]):
                raise _would_retire(retired)  # mutant: retire
            if any(names[one.scenario_type].earlier for one in changes if one.scenario_type in names):
                await exclude_claims(connection)  # mutant: rename-without-claims
            await connection.execute(statement("schedule_apply"), _schedules(config, names))
            trials = await apply_trials(connection, config)  # mutant: trials
            if changes or trials:
                await audit(connection, replace(entry, details=_named(changes) | _scopes(trials)))  # mutant: audit
        return changes

    async def trial_changes(self, config: Config) -> list[TrialChange]:
        """Return the trials that an apply of the configuration would end and start now.

        Raises:
            TrialRefused: one of them cannot start.
        """
        async with self._database.transaction() as connection:
            return await trial_changes(connection, config)


def _would_retire(names: Sequence[str]) -> WouldRetire:
    return WouldRetire(
        f"this configuration does not have {', '.join(names)}, so applying it would retire "
        f"{'it' if len(names) == 1 else 'them'}; nothing has changed",
        hint="If that is meant, run `rekindle apply --retire`. If one was renamed, say so with `was` in its table: "
        "otherwise people may get its pushes again.",
    )


def _with_renamed(changes: Sequence[Change], names: Mapping[str, Names]) -> list[Change]:
    """The changes, with each scenario that goes on under another name as one change."""
    retired = {one.scenario_type for one in changes if one.change == "retired"}
    former = {name: earlier for name, one in names.items() for earlier in one.earlier if earlier in retired}
    return [
        one
        if one.scenario_type not in former
        else replace(one, was=former[one.scenario_type], change="renamed" if one.change == "added" else one.change)
        for one in changes
        if one.scenario_type not in former.values()
    ]


def _named(changes: Sequence[Change]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for one in changes:
        named.setdefault(one.change, []).append(one.scenario_type)
    return named


def _scopes(trials: Sequence[TrialChange]) -> dict[str, list[str]]:
    scopes: dict[str, list[str]] = {}
    for one in trials:
        scopes.setdefault(f"trials_{one.change}", []).append(one.terms.scope)
    return scopes


def _schedules(config: Config, names: Mapping[str, Names]) -> dict[str, Any]:
    scheduled = {
        name: (scenario.schedule, scenario.schedule_timezone or config.run.timezone or "UTC")
        for name, scenario in config.scenario.items()
        if scenario.schedule is not None and scenario.enabled_somewhere
    }
    return {
        "scenario_types": list(scheduled),
        "crons": [cron for cron, _ in scheduled.values()],
        "timezones": [timezone for _, timezone in scheduled.values()],
        "renamed": [name for name, one in names.items() for _ in one.earlier],
        "earlier": [earlier for one in names.values() for earlier in one.earlier],
    }


async def read_runs(connection: Connection, asked: Filter, *, run_id: UUID | None = None) -> list[Report]:
    """Return the reports of the runs that are asked for, or of one, with the scenarios in the order
    in which they were claimed."""
    parameters = page_of(asked) | {"run_id": run_id, "sees": None if asked.sees is None else list(asked.sees)}
    cursor = await connection.execute(statement("runs"), parameters)
    return _reports(await cursor.fetchall())


def _reports(rows: Sequence[dict[str, Any]]) -> list[Report]:
    """Return the report of each run, from a row per run and scenario."""
    reports: dict[UUID, tuple[dict[str, Any], list[Numbers]]] = {}
    for row in rows:
        _, scenarios = reports.setdefault(row["run_id"], (row, []))
        if row["numbers"] is not None:
            scenarios.append(_numbers(row["numbers"]))
    return [_report(row, scenarios) for row, scenarios in reports.values()]


def _report(row: dict[str, Any], scenarios: Sequence[Numbers]) -> Report:
    names = (
        "run_id",
        "status",
        "started_at",
        "finished_at",
        "budget_seconds",
        "dispatcher",
        "halted_by",
        "abandoned_at",
        "tick",
        "attempt",
        "reached",
        "started_by",
    )
    return Report(
        **{name: row[name] for name in names},
        scenarios=tuple(scenarios),
        organisations=tuple(row["organisations"]),
        held=tuple(HeldBack(**{name: one.get(name) for name in _HELD}) for one in row["held"]),
    )


_HELD = tuple(field.name for field in fields(HeldBack))
_NUMBERS = tuple(field.name for field in fields(Numbers))


def _numbers(row: dict[str, Any]) -> Numbers:
    return Numbers(**{name: row[name] for name in _NUMBERS if name in row})


def _applied(row: dict[str, Any], scenario: AnyScenario) -> Applied:
    return Applied(
        row["scenario_type"],
        row["version"],
        scenario,
        row["fingerprint"],
        row["passed_over"],
        tuple(row["earlier"]),
    )


def _status(row: dict[str, Any]) -> ScenarioStatus:
    scenario = stored_scenario(row["scenario_type"], row["version"], row["definition"])
    return ScenarioStatus(
        applied=_applied(row, scenario),
        applied_at=row["applied_at"],
        applied_by=row["applied_by"],
        last_run_at=row["started_at"],
        latest=None if row["numbers"] is None else _numbers(row["numbers"]),
    )
