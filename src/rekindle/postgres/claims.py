"""Evaluate and claim. The number of statements per scenario does not depend on the number of
people."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, LiteralString
from uuid import UUID

from psycopg import errors
from psycopg.types.json import Jsonb

from rekindle.model import Candidate, Numbers, Selection
from rekindle.policy import Guard
from rekindle.ports import Applied, Evaluation, Survey
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import begin, optional_views, staged_rows
from rekindle.postgres.guard import pass_guard
from rekindle.postgres.locks import share_with_claims
from rekindle.postgres.names import require_name
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.render import read_variables

_STREAM_ROWS = 1_000


async def claim(
    database: Database,
    run_id: UUID,
    evaluation: Evaluation,
    *,
    reserved_seconds: float,
    guard: Guard,
) -> Numbers:
    """`Store.claim`: one transaction of ten statements.

    It is one statement fewer if the evaluation has its survey already. It is three more if the
    scenario has its own query, and as many more for each scenario that outranks it.
    """
    applied, terms = evaluation.applied, evaluation.terms
    async with (
        staged_rows(database, (*evaluation.outranking, applied), terms) as rows,
        # A UniqueViolation means a second call.
        database.transaction(
            timeout_seconds=terms.timeout_seconds, pass_through=(errors.UniqueViolation,)
        ) as connection,
        evaluating(f"scenario {applied.scenario_type}"),
    ):
        await share_with_claims(connection)  # mutant: not-while-erasing
        await require_name(connection, applied)  # mutant: under-its-name
        moment = await begin(connection, evaluation, rows)
        parameters = await moment.of(applied) | claim_parameters(applied, run_id, reserved_seconds)
        counted = evaluation.survey or await survey(connection, evaluation.selection)
        verdicts = await _win(connection, moment.statement("claim", applied.scenario), parameters)
        claimed = verdicts.pop("claimed", 0)
        # People may have joined after the count: each statement sees the rows committed before it.
        evaluated = max(counted.evaluated, claimed + verdicts.total())
        active = max(counted.recipients, evaluated)
        confirmed = await pass_guard(database, connection, run_id, evaluation, claimed, active, guard)  # mutant: guard
        numbers = Numbers(
            scenario_type=applied.scenario_type,
            evaluated=evaluated,
            not_due=evaluated - claimed - verdicts.total(),
            refusals=dict(verdicts),
            claimed=claimed,
            pending=claimed,
            confirmed=confirmed,
        )
        await _open_numbers(connection, run_id, numbers)
    return numbers


async def _win(connection: Connection, text: LiteralString, parameters: dict[str, Any]) -> Counter[str]:
    """Claim, and return the number of people by verdict. Claims that won the gate but not the cap
    give the gate back."""
    cursor = await connection.execute(text, parameters)
    verdicts: Counter[str] = Counter()
    undone: list[UUID] = []
    for row in await cursor.fetchall():
        verdicts[row["verdict"]] = int(row["people"])
        undone += row["undone"]
    if undone:  # mutant: undo
        undo = {"scenario_type": parameters["scenario_type"], "claim_ids": undone}
        await connection.execute(statement("claim_undo"), undo)
    return verdicts


async def _open_numbers(connection: Connection, run_id: UUID, numbers: Numbers) -> None:
    """Write the numbers of the claim to the run, in the transaction of the claim."""
    names = ("scenario_type", "evaluated", "not_due", "refused", "claimed", "confirmed")
    parameters = {name: getattr(numbers, name) for name in names}
    refusals = Jsonb(dict(numbers.refusals))
    await connection.execute(statement("run_scenario_open"), {"run_id": run_id, "refusals": refusals, **parameters})


def claim_parameters(applied: Applied, run_id: UUID, reserved_seconds: float) -> dict[str, Any]:
    """The parameters of claim.sql beyond those of an evaluation."""
    return {
        "run_id": run_id,
        "version": applied.version,
        "kind": applied.scenario.kind,
        "priority": applied.scenario.priority,
        "resend": applied.scenario.uncertain == "resend",
        "reserved_seconds": reserved_seconds,
    }


async def candidates(database: Database, evaluation: Evaluation) -> AsyncGenerator[Candidate]:
    """`Store.candidates`: a server-side cursor, so that memory does not grow with the number of
    people."""
    applied, terms = evaluation.applied, evaluation.terms
    async with (
        staged_rows(database, (*evaluation.outranking, applied), terms) as rows,
        database.transaction(timeout_seconds=terms.timeout_seconds, bounded=False) as connection,
        evaluating(f"scenario {applied.scenario_type}"),
    ):
        # Between two reads this waits for the caller, so each wait for the server has its own time
        # limit.
        async with asyncio.timeout(terms.timeout_seconds):
            moment = await begin(connection, evaluation, rows)
            parameters = await moment.of(applied)
        async with connection.cursor(name="rekindle_plan") as cursor:
            await cursor.execute(moment.statement("plan", applied.scenario), parameters)
            while True:
                async with asyncio.timeout(terms.timeout_seconds):
                    read = await cursor.fetchmany(_STREAM_ROWS)
                if not read:
                    return
                for row in read:
                    yield _candidate(applied.scenario_type, row)


def _candidate(scenario_type: str, row: dict[str, Any]) -> Candidate:
    return Candidate(
        user_id=row["user_id"],
        organisation_id=row["organisation_id"],
        scenario_type=scenario_type,
        occurrence=row["occurrence"],
        refusal=row["refusal"],
        locale=row["locale"],
        timezone=row["zone"],
        variables=read_variables(row["variables"]),
        variant=row["variant"],
        devices=tuple((kind, target) for kind, target in row["devices"]),
        other_occurrences=tuple(row["other_occurrences"] or ()),
        held_out_of=row["held_out_of"],
        text_name=row["text_name"],
    )


async def survey(connection: Connection, selection: Selection) -> Survey:
    """Return the number of active recipients; see `Store.survey`."""
    parameters = {"organisations": list(selection.organisations), "user_id": selection.user_id}
    # Without organisations, a person counts wherever they are.
    views = await optional_views(connection) if selection.organisations else {"membership": "membership_absent"}
    row = await (await connection.execute(statement("survey", **views), parameters)).fetchone()
    return Survey(**(row or {}))
