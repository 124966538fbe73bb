"""Print a statement of the engine as a script for psql, with its parts and its parameters filled
in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import AsyncClientCursor, sql

from rekindle.ports import Applied, Evaluation
from rekindle.postgres.claims import claim_parameters
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import begin, kinds_that_look, optional_views, source_views
from rekindle.postgres.own_query import NOT_LOOKED_AT, returned_rows
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement
from rekindle.scenario import KINDS, OwnQuery

SqlOfEvaluation = Literal["claim", "plan", "explain"]
SqlOfDispatch = Literal["arm", "record"]

NO_RUN = UUID(int=0)
"""The run in the script, if none is given."""

_SECONDS = 30.0
"""The length of a lease in the script."""
_WRITES = {
    "claim": "it claims people, and no run sends to them",
    "arm": "it arms units, and no run sends them",
    "record": "it records units as accepted, without proof",
}
_STILL_DUE = (
    "-- A run first asks the query `still_due` of {}, and passes the people that it returns in looked_at and "
    "still_…. This script asks nobody, so it arms people who are no longer due."
)
_STATES = {"arm": "claimed", "record": "dispatching"}
_PARAMETER = re.compile(r"%\((\w+)\)s")


async def evaluating(
    database: Database,
    name: SqlOfEvaluation,
    evaluation: Evaluation,
    *,
    run_id: UUID | None = None,
    explained: bool = False,
) -> str:
    """Return the script of a statement that evaluates one scenario, after the statements that stage
    its rows.

    It uses the ledger's clock at the time of this call, and ends with a rollback. This writes
    nothing. The team's own queries are printed, not run.
    """
    applied, terms = evaluation.applied, evaluation.terms
    async with database.transaction(timeout_seconds=terms.timeout_seconds) as connection:
        moment = await begin(connection, Evaluation(applied, evaluation.selection, (), terms), {})
        script = _Script(connection)
        if evaluation.outranking:
            script.add(statement("outranking_create"))
            moment.bind(outranking="outranking")
        for outranking in evaluation.outranking:
            script.stage(outranking)
            parameters = await moment.of(outranking)
            script.add(moment.statement("stage_outranking", outranking.scenario), parameters)
        script.stage(applied)
        parameters = await moment.of(applied)
        if name == "claim":
            parameters |= claim_parameters(applied, run_id or NO_RUN, _SECONDS)
        heading = f"{name}, scenario {applied.scenario_type}, version {applied.version}"
        return script.text(heading, name, moment.statement(name, applied.scenario), parameters, explained=explained)


async def dispatching(
    database: Database, name: SqlOfDispatch, *, run_id: UUID | None = None, explained: bool = False
) -> str:
    """Return the script of a statement about units: at most 500 units of the run, none without a
    run. It ends with a rollback.

    It contains only ids, no token and no text. It does not run the queries of `still_due`, and says
    so if these units have any.
    """
    async with database.transaction() as connection:
        of_run = {"run_id": run_id or NO_RUN, "state": _STATES[name]}
        units = await (await connection.execute(statement("run_units"), of_run)).fetchall()
        parameters: dict[str, Any] = {
            "claim_ids": [unit["claim_id"] for unit in units],
            "device_ids": [unit["device_id"] for unit in units],
            "epochs": [unit["epoch"] for unit in units],
            "user_ids": sorted({unit["user_id"] for unit in units}),
            "lease_seconds": _SECONDS,
            "run_id": run_id or NO_RUN,
            "names": ["example" for _ in units],
            **NOT_LOOKED_AT,
        }
        views = await optional_views(connection) if name == "arm" else {}
        kinds = kinds_that_look(KINDS, await source_views(connection))
        heading = f"{name}, {len(units)} units" + (f" of run {run_id}" if run_id else "")
        own = {"scenario_types": sorted({unit["scenario_type"] for unit in units})} if name == "arm" else None
        rows = await (await connection.execute(statement("still_due"), own)).fetchall() if own else []
        asking = ", ".join(row["scenario_type"] for row in rows)
        return _Script(connection).text(
            heading,
            name,
            statement(name, kinds=kinds, **views),
            parameters,
            explained=explained,
            remarks=[_STILL_DUE.format(asking)] if asking else [],
        )


class _Script:
    """Statements in order, each with its parameters filled in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = AsyncClientCursor(connection)
        self._lines: list[str] = []
        self._staged = False

    def add(self, text: LiteralString, parameters: Mapping[str, Any] | None = None, *, before: str = "") -> None:
        """Add a statement."""
        whole = self._cursor.mogrify(text, parameters)
        self._lines.append(f"{before}{whole};")

    def stage(self, applied: Applied) -> None:
        """Add statements that stage the rows of the team's query, if the scenario has one. They
        replace another scenario's rows."""
        if isinstance(applied.scenario, OwnQuery):
            if self._staged:
                self.add(statement("stage_drop"))
            self.add(statement("stage_create"))
            self.add(returned_rows(applied.scenario), before="insert into pg_temp.rekindle_candidate\n")
            self._staged = True

    def text(
        self,
        heading: str,
        name: str,
        text: LiteralString,
        parameters: Mapping[str, Any],
        *,
        explained: bool,
        remarks: Sequence[str] = (),
    ) -> str:
        """Return the whole script, which ends with this statement."""
        header = [f"-- rekindle sql {heading}", *remarks]
        if name in _WRITES:
            header.append(
                f"-- WARNING: this writes. If you commit it, {_WRITES[name]}. The script ends with a rollback."
            )
        used = dict.fromkeys(_PARAMETER.findall(text))
        literals = {key: sql.Literal(parameters[key]).as_string(self._connection) for key in used}
        header += [f"--   {key} = {literal}" for key, literal in literals.items()]
        self.add(text, {key: parameters[key] for key in used}, before="explain (analyze, buffers)\n" * explained)
        return "\n".join([*header, "begin;", *self._lines, "rollback;"]) + "\n"
