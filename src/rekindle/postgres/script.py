"""A statement of the engine as a script for psql: composed, with every parameter in place."""

import re
from collections.abc import Mapping
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import AsyncClientCursor, sql

from rekindle.ports import Applied, Evaluation
from rekindle.postgres.claims import claim_parameters
from rekindle.postgres.evaluation import begin, optional_views
from rekindle.postgres.own_query import returned_rows
from rekindle.postgres.pool import Connection, Database
from rekindle.postgres.sql import statement
from rekindle.scenario import OwnQuery

SqlOfEvaluation = Literal["claim", "plan", "explain"]
SqlOfDispatch = Literal["arm", "record"]

NO_RUN = UUID(int=0)
"""Stands for the run where none is named."""

_SECONDS = 30.0
"""Stands for how long a lease lasts."""
_WRITES = {
    "claim": "it claims people, and no run sends to them",
    "arm": "it arms units, and nobody sends them",
    "record": "it records units as accepted, without proof",
}
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
    """The script of a statement that evaluates one scenario, after all that it finds staged.

    It is for the moment of the ledger's clock at which this is called, and ends with a rollback.
    Nothing is written, and a query of the team's own is printed, not run.
    """
    applied, terms = evaluation.applied, evaluation.terms
    async with database.transaction(timeout_seconds=terms.timeout_seconds) as connection:
        moment = await begin(connection, Evaluation(applied, evaluation.selection, (), terms), {})
        script = _Script(connection)
        if evaluation.outranking:
            script.add(statement("outranking_create"))
            moment.bind(outranking="outranking")
        for one in evaluation.outranking:
            script.stage(one)
            script.add(moment.statement("stage_outranking", one.scenario), await moment.of(one))
        script.stage(applied)
        parameters = await moment.of(applied)
        if name == "claim":
            parameters |= claim_parameters(applied, run_id or NO_RUN, _SECONDS)
        heading = f"{name}, scenario {applied.scenario_type}, version {applied.version}"
        return script.text(heading, name, moment.statement(name, applied.scenario), parameters, explained=explained)


async def dispatching(
    database: Database, name: SqlOfDispatch, *, run_id: UUID | None = None, explained: bool = False
) -> str:
    """The script of a statement about units: at most 500 that the run holds, none without a run.
    Ends with a rollback.

    Only ids are printed: neither a token nor a text.
    """
    async with database.transaction() as connection:
        found = {"run_id": run_id or NO_RUN, "state": _STATES[name]}
        units = await (await connection.execute(statement("run_units"), found)).fetchall()
        parameters: dict[str, Any] = {
            "claim_ids": [unit["claim_id"] for unit in units],
            "device_ids": [unit["device_id"] for unit in units],
            "epochs": [unit["epoch"] for unit in units],
            "user_ids": sorted({unit["user_id"] for unit in units}),
            "lease_seconds": _SECONDS,
            "run_id": run_id or NO_RUN,
            "names": ["example" for _ in units],
        }
        views = await optional_views(connection) if name == "arm" else {}
        heading = f"{name}, {len(units)} units" + (f" of run {run_id}" if run_id else "")
        return _Script(connection).text(heading, name, statement(name, **views), parameters, explained=explained)


class _Script:
    """Statements in order, each with its parameters in place."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = AsyncClientCursor(connection)
        self._lines: list[str] = []
        self._staged = False

    def add(self, text: LiteralString, parameters: Mapping[str, Any] | None = None, *, before: str = "") -> None:
        """One more statement."""
        whole = self._cursor.mogrify(text, parameters)
        self._lines.append(f"{before}{whole};")

    def stage(self, applied: Applied) -> None:
        """The rows of the scenario's own query, if it has one, in place of those of another."""
        if isinstance(applied.scenario, OwnQuery):
            if self._staged:
                self.add(statement("stage_drop"))
            self.add(statement("stage_create"))
            self.add(returned_rows(applied.scenario), before="insert into pg_temp.rekindle_candidate\n")
            self._staged = True

    def text(
        self, heading: str, name: str, text: LiteralString, parameters: Mapping[str, Any], *, explained: bool
    ) -> str:
        """The whole script, which ends with this statement."""
        header = [f"-- rekindle sql {heading}"]
        if name in _WRITES:
            header.append(f"-- WARNING: this writes. Committed, {_WRITES[name]}. The script ends with a rollback.")
        used = dict.fromkeys(_PARAMETER.findall(text))
        literals = {key: sql.Literal(parameters[key]).as_string(self._connection) for key in used}
        header += [f"--   {key} = {literal}" for key, literal in literals.items()]
        self.add(text, {key: parameters[key] for key in used}, before="explain (analyze, buffers)\n" * explained)
        return "\n".join([*header, "begin;", *self._lines, "rollback;"]) + "\n"
