"""Replay past ticks, in one transaction that cannot write to any table of the ledger or of the
team."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, LiteralString, Self, cast

from rekindle.errors import DatabaseError, DatabaseUnreachable, SourceError
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import Aftermath, Applied, Evaluation, Fidelities, Fidelity, Judged, Past, PastTick, Replays
from rekindle.postgres.aftermath import aftermath
from rekindle.postgres.claims import survey
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import OF_TRIALS, WITH_ONE_TEXT, Moment, optional_views
from rekindle.postgres.faults import database_faults
from rekindle.postgres.fidelity import fidelity
from rekindle.postgres.guard import Claim, weigh
from rekindle.postgres.own_query import returned_rows
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.postgres.twins import DATED, FUNCTIONS, PARTS, TWINS, over_twins
from rekindle.scenario import AnyScenario, OwnQuery

_INSTANTS = ("timestamp with time zone",)
_FIRST_ANALYZED = 100
_STAGED = (
    "twin_index",
    "twin_clock",
    "replayed_create",
    "replayed_by_next",
    "replayed_by_sent",
    "outranking_create",
    "stage_create",
)


class PostgresReplays(Replays):
    """Replays over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replay(self, past: Past) -> AsyncGenerator[Fidelities | Judged | Aftermath]:
        """See `Replays.replay`."""
        async with Stage.open(self._database, timeout_seconds=past.timeout_seconds) as stage:
            applied = {one.applied.scenario_type: one.applied for tick in past.ticks for one in tick.evaluations}
            trusted = await stage.trust(applied.values(), past.ends)
            yield Fidelities(trusted)
            recipients = (await survey(stage.connection, Selection())).recipients
            for tick in past.ticks:
                async for judged in stage.judge(tick):
                    held = await stage.held(judged, past.guard, recipients)
                    yield replace(judged, held=held)
            yield await aftermath(stage.connection, past)


class Stage:
    """A transaction with the temporary tables of a replay, READ ONLY for everything else."""

    def __init__(self, connection: Connection, url: str, parts: dict[str, str], recorded: frozenset[str]) -> None:
        self.connection = connection
        self._url = url
        self.recorded = recorded
        self.parts = parts
        self._left_out: set[str] = set()
        self._claimed = 0
        self._analyzed_at = _FIRST_ANALYZED

    @classmethod
    @asynccontextmanager
    async def open(cls, database: Database, *, timeout_seconds: float) -> AsyncGenerator[Self]:
        """A stage on which nothing has happened yet. The server refuses every write to a table that
        is not temporary, whatever a query of the team calls."""
        async with database.snapshot(timeout_seconds=timeout_seconds, bounded=False) as connection:
            for table in TWINS:
                await connection.execute(statement("twin_create", twin=f'"{table}"'))
            for name in _STAGED:
                await connection.execute(statement(name))
            rows = await (await connection.execute(statement("twin_functions"), {"names": list(FUNCTIONS)})).fetchall()
            for row in rows:
                await connection.execute(over_twins(cast("LiteralString", row["definition"])))
            columns = await (await connection.execute(statement("source_columns"))).fetchall()
            recorded = frozenset(
                row["view_name"]
                for row in columns
                if row["column_name"] == "recorded_at" and row["type_name"] in _INSTANTS and row["view_name"] in DATED
            )
            # No trial of now holds anybody out in the past.
            parts = await optional_views(connection) | {slot: f"{slot}_absent" for slot in OF_TRIALS}
            await connection.execute("set transaction read only")  # mutant: cannot-write
            yield cls(connection, database.url, parts, recorded)

    async def trust(self, applied: Iterable[Applied], at: datetime) -> Mapping[str, Fidelity]:
        """Return how far each scenario can be trusted. Refused ones are left out from now on."""
        trusted = await fidelity(self.connection, self._url, applied, at)
        self._left_out |= {name for name, one in trusted.items() if one.label == "refused"}
        return trusted

    async def judge(self, tick: PastTick) -> AsyncGenerator[Judged]:
        """Yield what each scenario of the tick does, in the order of a run. The server's work for
        one scenario is a constant number of statements, whatever the number of people."""
        await self.connection.execute(statement("replay_at"), {"at": tick.at})
        for evaluation in tick.evaluations:
            name = evaluation.applied.scenario_type
            if name in self._left_out:
                continue
            try:
                with database_faults(self._url):
                    async with evaluating(f"scenario {name}"), self.connection.transaction():
                        judged = await self._judge(tick, evaluation)
            except DatabaseUnreachable:
                raise
            except (SourceError, DatabaseError) as fault:
                self._left_out.add(name)
                judged = Judged(name, tick.at, tick.counted, fault=fault)
            yield judged
            self._claimed += judged.claimed
            if self._claimed >= self._analyzed_at:
                await self._analyze()

    async def held(self, judged: Judged, guard: Guard, recipients: int) -> bool:
        """Whether the guard would have held back this claim. It counts for later ticks."""
        if not judged.claimed:
            return False
        name = judged.scenario_type
        weighed = await weigh(self.connection, Claim(name, (name,), judged.claimed, recipients), guard, over_twins)
        counted = {"scenario_type": name, "claimed": judged.claimed, "at": judged.at}
        await self.connection.execute(over_twins(statement("replay_run")), counted)
        if not guard.watches or not weighed.over(guard, weighed.own_at_most, weighed.total_at_most):
            return False
        parameters = {"scenario_type": name, "since": weighed.since}
        row = await (await self.connection.execute(statement("replay_people"), parameters)).fetchone() or {}
        return weighed.over(guard, row["own"], row["total"])

    async def _judge(self, tick: PastTick, evaluation: Evaluation) -> Judged:
        moment = _PastMoment.of_tick(self, evaluation, tick)
        outranking = [one for one in evaluation.outranking if one.scenario_type not in self._left_out]
        await moment.stage_outranking(outranking)
        parameters = await moment.of(evaluation.applied) | {"counted": tick.counted}
        text = moment.statement("replay", evaluation.applied.scenario)
        rows = await (await self.connection.execute(text, parameters)).fetchall()
        verdicts = Counter({row["name"]: int(row["people"]) for row in rows if row["what"] == "verdict"})
        return Judged(
            evaluation.applied.scenario_type,
            tick.at,
            tick.counted,
            claimed=verdicts.pop("claimed", 0),
            pushes=sum(int(row["devices"]) for row in rows),
            registered=sum(int(row["registered"]) for row in rows),
            refusals=dict(verdicts),
            collisions={row["name"]: int(row["people"]) for row in rows if row["what"] == "collision"},
        )

    async def _analyze(self) -> None:
        """Tell the planner how large the temporary tables are by now; again when they have
        doubled."""
        self._analyzed_at = 2 * self._claimed
        for table in (*TWINS, "rekindle_replayed"):
            await self.connection.execute(statement("replay_analyze", table=f'"{table}"'))


class _PastMoment(Moment):
    """A moment of the past, on a stage."""

    def __init__(self, stage: Stage, common: dict[str, Any]) -> None:
        super().__init__(stage.connection, common, stage.parts, {})
        self._recorded = stage.recorded

    @classmethod
    def of_tick(cls, stage: Stage, evaluation: Evaluation, tick: PastTick) -> Self:
        return cls(
            stage,
            {
                "at": tick.at,
                "evaluated_on": tick.at.astimezone(UTC).date(),
                "timezone": evaluation.terms.timezone,
                "organisations": list(evaluation.selection.organisations),
                "user_id": evaluation.selection.user_id,
            },
        )

    async def of(self, applied: Applied) -> dict[str, Any]:
        """As `Moment.of`. The team's query runs here, at the moment of the tick."""
        if isinstance(applied.scenario, OwnQuery):
            await self._connection.execute(statement("replay_clear", table='"rekindle_candidate"'))
            rows = returned_rows(applied.scenario)
            await self._connection.execute(f"insert into pg_temp.rekindle_candidate\n{rows}")
        return await super().of(applied)

    async def stage_outranking(self, outranking: Sequence[Applied]) -> None:
        """As `Moment.stage_outranking`, in a table that exists already."""
        if not outranking:
            return
        await self._connection.execute(statement("replay_clear", table='"rekindle_outranking"'))
        self.bind(outranking="outranking")
        for applied in outranking:
            parameters = await self.of(applied)
            await self._connection.execute(self.statement("stage_outranking", applied.scenario), parameters)

    def statement(self, name: str, scenario: AnyScenario, **bound: str) -> LiteralString:
        """As `Moment.statement`, over the temporary tables."""
        return over_twins(super().statement(name, scenario, **(WITH_ONE_TEXT | PARTS | bound)), self._recorded)
