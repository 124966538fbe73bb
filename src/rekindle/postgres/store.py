"""The ledger on Postgres. Each method runs the statement of the same name in `sql/`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg import errors
from psycopg.types.json import Jsonb

from rekindle import policy
from rekindle.errors import HeldByGuard, KeyTaken, UnknownScenario
from rekindle.log import log
from rekindle.model import (
    EVERYTHING,
    Acceptance,
    Asked,
    Candidate,
    Ending,
    HeldBack,
    Numbers,
    Report,
    RunStatus,
    Selection,
    Unit,
    Verdict,
)
from rekindle.policy import GUARDED, Guard
from rekindle.ports import Applied, Entry, Evaluation, Filter, OwnOutcome, Store, Survey
from rekindle.postgres import claims, own_outcome
from rekindle.postgres.audit import audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import kinds_that_look, optional_views, source_views
from rekindle.postgres.guard_preview import claimable, held_back
from rekindle.postgres.installation import require_known, require_ready
from rekindle.postgres.locks import take_if_free
from rekindle.postgres.own_query import still_due
from rekindle.postgres.pool import Database
from rekindle.postgres.reports import Reports, read_runs
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.postgres.stored import stored_scenario
from rekindle.render import read_variables
from rekindle.scenario import ACTIVITY, AnyScenario

_COLLISIONS = (errors.UniqueViolation, errors.CardinalityViolation)


def _keys(units: Sequence[Unit]) -> dict[str, Any]:
    return {
        "claim_ids": [unit.claim_id for unit in units],
        "device_ids": [unit.device_id for unit in units],
        "epochs": [unit.epoch for unit in units],
    }


def _scope(selection: Selection) -> dict[str, Any]:
    return {
        "scenario_types": list(selection.scenarios),
        "organisations": list(selection.organisations),
        "user_id": selection.user_id,
    }


class PostgresStore(Store):
    """The ledger over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._scenarios: dict[tuple[str, int], AnyScenario] = {}
        self._optional_views: Mapping[str, str] | None = None
        self._source_views: frozenset[str] = frozenset()

    async def applied(self) -> Sequence[Applied]:
        return [status.applied for status in await Reports(self._database).scenarios()]

    async def scenario(self, scenario_type: str, version: int) -> AnyScenario:
        """Return one version of a scenario, as it was applied. It is cached, because a version
        never changes.

        Raises:
            UnknownScenario: there is no such version.
        """
        known = self._scenarios.get((scenario_type, version))
        if known is None:
            rows = await self._database.rows(
                statement("scenario_version"), {"scenario_type": scenario_type, "version": version}
            )
            if not rows:
                raise UnknownScenario(f"scenario {scenario_type} has no version {version}")
            known = self._scenarios[scenario_type, version] = stored_scenario(
                scenario_type, version, rows[0]["definition"]
            )
        return known

    async def open_run(
        self,
        *,
        budget_seconds: float,
        dispatcher: str,
        run_id: UUID | None = None,
        asked: Asked | None = None,
        selection: Selection = EVERYTHING,
        started_by: str | None = None,
        started: Entry | None = None,
    ) -> UUID:
        run_id = run_id or uuid4()
        key = asked and asked.key
        parameters = {
            "run_id": run_id,
            "budget_seconds": budget_seconds,
            "dispatcher": dispatcher,
            "request_key": key,
            "request_sha256": asked and asked.digest,
            "scenario_types": list(selection.scenarios),
            "organisations": list(selection.organisations),
            "started_by": started_by,
        }
        lost: dict[str, Any] = {}
        async with self._database.transaction() as connection:
            await require_ready(connection)  # mutant: fit-in-each-run
            await require_known(connection, name=self._database.installation)
            await self._look_up_views(connection)
            if key is not None:
                asked_for = {"request_key": key, "lost_seconds": policy.LOST_SECONDS}
                if lost := await _one(connection, statement("run_lost"), asked_for):
                    log.warning("run.lost", run_id=str(lost["run_id"]))
                    await _count(connection, lost["run_id"], "abandoned", None)
                # An existing row is from an earlier call, unless its key belongs to another run.
                opened = (await connection.execute(statement("run_open"), parameters)).rowcount
                if not opened and (await _one(connection, statement("run_asked"), asked_for))["run_id"] != run_id:
                    raise KeyTaken
            else:
                opened = (await connection.execute(statement("run_open"), parameters)).rowcount
            if started is not None and opened:
                await audit(connection, replace(started, subject=str(run_id)))  # mutant: audit
        if lost:
            await self.release(lost["run_id"])  # mutant: release-the-lost
        return run_id

    async def seen(self, run_id: UUID) -> None:
        await self._database.rows(statement("run_seen"), {"run_id": run_id})

    async def claim(
        self,
        run_id: UUID,
        evaluation: Evaluation,
        *,
        reserved_seconds: float,
        guard: Guard = GUARDED,
    ) -> Numbers:
        try:
            return await claims.claim(
                self._database, run_id, evaluation, reserved_seconds=reserved_seconds, guard=guard
            )
        except errors.UniqueViolation:  # a second call: `evaluating` lets only that of RUN_SCENARIO_KEY through
            async with self._database.transaction() as connection:
                (report,) = await read_runs(connection, Filter(limit=1), run_id=run_id)
            return next(
                numbers for numbers in report.scenarios if numbers.scenario_type == evaluation.applied.scenario_type
            )

    async def pass_over(self, run_id: UUID, scenario_type: str, code: str) -> None:
        parameters = {"run_id": run_id, "scenario_type": scenario_type, "fault": code}
        await self._database.rows(statement("run_scenario_fault"), parameters)

    def candidates(self, evaluation: Evaluation) -> AsyncGenerator[Candidate]:
        return claims.candidates(self._database, evaluation)

    async def claimable(self, evaluation: Evaluation) -> int:
        return await claimable(self._database, evaluation)

    async def held_back(
        self, evaluations: Sequence[Evaluation], people: int, *, recipients: int, ahead: int = 0, guard: Guard
    ) -> HeldByGuard | None:
        return await held_back(self._database, evaluations, people, recipients=recipients, ahead=ahead, guard=guard)

    async def survey(self, selection: Selection, *, timeout_seconds: float) -> Survey:
        async with (
            self._database.transaction(timeout_seconds=timeout_seconds) as connection,
            evaluating("the count of active recipients"),
        ):
            return await claims.survey(connection, selection)

    async def leased(self, run_id: UUID, selection: Selection, *, limit: int) -> Sequence[Unit]:
        parameters = {"run_id": run_id, "limit": limit, **_scope(selection)}
        rows = await self._database.rows(statement("leased"), parameters)
        return [Unit(**dict(row, variables=read_variables(row["variables"]))) for row in rows]

    async def lease(self, run_id: UUID, selection: Selection, *, limit: int, lease_seconds: float) -> int:
        parameters = {"run_id": run_id, "limit": limit, "lease_seconds": lease_seconds, **_scope(selection)}
        return (await self._database.row(statement("lease"), parameters))["leased"]

    async def arm(self, units: Sequence[Unit], *, lease_seconds: float) -> Mapping[tuple[UUID, UUID], str]:
        if self._optional_views is None:  # `open_run` looks them up, once per run
            async with self._database.transaction() as connection:
                await self._look_up_views(connection)
        parameters = _keys(units) | {
            "user_ids": sorted({unit.user_id for unit in units}),
            "lease_seconds": lease_seconds,
            **await self._still_due(units),  # mutant: still-due
        }
        # Only the kinds of these units: if a view that none of them reads is locked or slow, they
        # need not wait.
        kinds = kinds_that_look({unit.kind for unit in units}, self._source_views)
        arm = statement("arm", kinds=kinds, **(self._optional_views or {}))
        async with evaluating("the last look before sending"):
            rows = await self._database.rows(arm, parameters)  # mutant: commit
        return {(row["claim_id"], row["device_id"]): row["verdict"] for row in rows}

    async def _look_up_views(self, connection: Connection) -> None:
        self._optional_views = await optional_views(connection)
        self._source_views = await source_views(connection)

    async def _still_due(self, units: Sequence[Unit]) -> dict[str, list[Any]]:
        """Return the parameters of arm.sql about units of kind sql: what the queries of `still_due`
        return now for their people.

        The queries run before the units are locked. If one fails, no unit is armed: the caller asks
        again for each scenario alone, and what was not armed keeps its claim.
        """
        found: list[tuple[str, UUID, str | None]] = []
        looked_at: list[str] = []
        own = sorted({unit.scenario_type for unit in units if unit.kind == "sql"})
        for row in await self._database.rows(statement("still_due"), {"scenario_types": own}) if own else ():
            name = row["scenario_type"]
            people = sorted({unit.user_id for unit in units if unit.scenario_type == name})
            looked_at.append(name)
            found += [(name, *one) for one in await still_due(self._database, name, row["still_due"], people)]
        return {
            "looked_at": looked_at,
            "still_scenario_types": [name for name, _, _ in found],
            "still_user_ids": [user_id for _, user_id, _ in found],
            "still_occurrences": [occurrence for _, _, occurrence in found],
        }

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        """Write a notification for each acceptance, all or none. Return one verdict each, in order.

        Two cases fail the whole statement: another writer's row violates a unique constraint other
        than the key's, or two claims have one key (a late answer together with that of a later
        claim). The acceptances are then written one at a time, so that only the one concerned
        becomes a conflict.

        A statement that waited for a unit that a sweep was closing finds it neither in the outbox
        nor among the outcomes. Acceptances that are not found are therefore tried once more.
        """
        try:
            verdicts = await self._record(run_id, acceptances)
            missed = [
                acceptance for acceptance, verdict in zip(acceptances, verdicts, strict=True) if verdict == "stale"
            ]
            again = iter(await self._record(run_id, missed) if missed else ())
            return [next(again) if verdict == "stale" else verdict for verdict in verdicts]
        except _COLLISIONS:
            if len(acceptances) == 1:
                await self.hold([(acceptances[0].unit, "record_conflict")])
                return ["conflict"]
            return [verdict for acceptance in acceptances for verdict in await self.record(run_id, [acceptance])]

    async def _record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        keys = _keys([acceptance.unit for acceptance in acceptances])
        names = [acceptance.name for acceptance in acceptances]
        parameters = keys | {"run_id": run_id, "names": names}
        rows = await self._database.rows(statement("record"), parameters, pass_through=_COLLISIONS)
        verdicts: dict[tuple[UUID, UUID], Verdict] = {
            (row["claim_id"], row["device_id"]): row["verdict"] for row in rows
        }
        return [verdicts[acceptance.unit.claim_id, acceptance.unit.device_id] for acceptance in acceptances]

    async def reserve(self, account: str, sends: int, *, per_second: float) -> float:
        parameters = {
            "account": account,
            "sends": sends,
            "per_second": per_second,
            "burst_seconds": max(policy.BURST_SECONDS, 1 / per_second),
        }
        return (await self._database.row(statement("pace_reserve"), parameters))["wait_seconds"]

    async def retry(self, units: Sequence[tuple[Unit, str, float]]) -> int:
        parameters = _keys([unit for unit, _, _ in units]) | {
            "reasons": [reason for _, reason, _ in units],
            "delays": [delay for _, _, delay in units],
        }
        return (await self._database.row(statement("retry"), parameters))["retried"]

    async def finish(self, run_id: UUID, endings: Sequence[Ending]) -> int:
        parameters = _keys([ending.unit for ending in endings]) | {
            "run_id": run_id,
            "outcomes": [ending.outcome for ending in endings],
            "reasons": [ending.reason for ending in endings],
            "prunes": [ending.prune for ending in endings],
            "refused_seconds": policy.REFUSED_COOLDOWN_SECONDS,
        }
        return (await self._database.row(statement("finish"), parameters))["finished"]

    async def hold(self, units: Sequence[tuple[Unit, str]]) -> int:
        parameters = _keys([unit for unit, _ in units]) | {
            "reasons": [reason for _, reason in units],
            "hold_seconds": policy.HOLD_SECONDS,
            "resend_seconds": policy.RETRY_SECONDS,
        }
        return (await self._database.row(statement("hold"), parameters))["held"]

    async def sweep(self) -> Mapping[str, int]:
        """Finish what crashed runs left behind, in one transaction. Returns {} if another sweep is
        under way."""
        parameters = {
            "hold_seconds": policy.HOLD_SECONDS,
            "resend_seconds": policy.RETRY_SECONDS,
            "refused_seconds": policy.REFUSED_COOLDOWN_SECONDS,
        }
        swept: dict[str, int] = {}
        async with self._database.transaction() as connection:
            if not await take_if_free(connection, "sweep"):
                return swept
            for name in ("sweep_dispatching", "sweep_unknown", "sweep_stale", "sweep_gates"):
                swept[name.removeprefix("sweep_")] = (await _one(connection, statement(name), parameters))["swept"]
            cursor = await connection.execute(statement("runs_lost"), {"lost_seconds": policy.LOST_SECONDS})
            lost = await cursor.fetchall()
            for row in lost:
                await _count(connection, row["run_id"], "abandoned", None)
            swept["runs"] = len(lost)
        # In separate transactions, because units are locked before gates.
        for row in lost:
            await self.release(row["run_id"])
        return swept

    async def outcomes_over(self) -> Sequence[OwnOutcome]:
        return await own_outcome.outcomes_over(self._database)

    async def look_back(
        self, *, timezone: str | None, limit: int, timeout_seconds: float, outcome: OwnOutcome | None = None
    ) -> int:
        parameters: Mapping[str, Any] = {"limit": limit, "timezone": timezone, "outcome": ACTIVITY}
        if outcome is not None:
            # Its connection is released before the next one is taken, as in own_rows.
            parameters = await own_outcome.asked(
                self._database, outcome, timezone=timezone, limit=limit, timeout_seconds=timeout_seconds
            )
            if not parameters["claim_ids"]:
                return 0
        async with self._database.transaction(timeout_seconds=timeout_seconds) as connection:
            if outcome is None and "activity" not in await source_views(connection):
                return 0
            preference = (await optional_views(connection))["preference"]
            parts = {"preference": preference, "back": "back" if outcome is None else "back_asked"}
            async with evaluating("the look back at earlier pushes"):
                pushes = await _one(connection, statement("look_back", **parts), parameters)
                people = await _one(connection, statement("settle_enrolments", **parts), parameters)
                return max(pushes["looked_back"], people["settled"])

    async def release(self, run_id: UUID) -> int:
        return (await self._database.row(statement("release"), {"run_id": run_id}))["released"]

    async def waiting(self, run_id: UUID, selection: Selection) -> int:
        parameters = {"run_id": run_id, **_scope(selection)}
        return (await self._database.row(statement("waiting"), parameters))["waiting"]

    async def count_run(
        self,
        run_id: UUID,
        *,
        status: RunStatus | None = None,
        halted_by: str | None = None,
        held: Sequence[HeldBack] = (),
    ) -> Report:
        """Count the present state of every claim of this run from the ledger, and write it to the
        run's rows.

        It is one transaction: no reader sees new numbers of a scenario together with old totals of
        its run.
        """
        async with self._database.transaction() as connection:
            await _count(connection, run_id, status, halted_by, held)
            return (await read_runs(connection, Filter(limit=1), run_id=run_id))[0]


async def _count(
    connection: Connection,
    run_id: UUID,
    status: RunStatus | None,
    halted_by: str | None,
    held: Sequence[HeldBack] = (),
) -> None:
    await connection.execute(statement("run_lock"), {"run_id": run_id})  # mutant: lock-run
    await connection.execute(statement("run_scenario_close"), {"run_id": run_id})
    figures = Jsonb([{name: value for name, value in asdict(one).items() if value is not None} for one in held])
    parameters = {"run_id": run_id, "status": status, "halted_by": halted_by, "held": figures}
    await connection.execute(statement("run_close"), parameters)


async def _one(connection: Connection, query: LiteralString, parameters: Mapping[str, Any]) -> dict[str, Any]:
    row = await (await connection.execute(query, parameters)).fetchone()
    return row or {}
