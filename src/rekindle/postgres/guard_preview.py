"""What the guard would decide about claims that are not made. Only temporary tables are written."""

from collections.abc import Sequence
from datetime import datetime

from rekindle.errors import HeldByGuard
from rekindle.policy import Guard
from rekindle.ports import Evaluation
from rekindle.postgres.evaluation import begin, staged_rows
from rekindle.postgres.guard import Claim, held, people_of, weigh
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement


async def claimable(database: Database, evaluation: Evaluation) -> int:
    """`Store.claimable`."""
    applied, terms = evaluation.applied, evaluation.terms
    async with (
        staged_rows(database, (*evaluation.outranking, applied), terms) as rows,
        database.transaction(timeout_seconds=terms.timeout_seconds) as connection,
        evaluating(f"scenario {applied.scenario_type}"),
    ):
        moment = await begin(connection, evaluation, rows)
        parameters = await moment.of(applied)
        cursor = await connection.execute(moment.statement("claimable", applied.scenario), parameters)
        return int((await cursor.fetchone() or {})["people"])


async def held_back(
    database: Database, evaluations: Sequence[Evaluation], people: int, *, recipients: int, ahead: int, guard: Guard
) -> HeldByGuard | None:
    """`Store.held_back`."""
    if not people or not guard.watches:
        return None
    last = evaluations[-1]
    limited = bool(last.selection.organisations)
    claim = Claim(last.applied.scenario_type, last.applied.names, people, recipients, ahead=ahead, limited=limited)
    async with database.transaction() as connection:
        weighed = await weigh(connection, claim, guard)
    if not weighed.over(guard, weighed.own_at_most, weighed.total_at_most):
        return None
    own, total = await _people_if_claimed(database, evaluations, claim, weighed.since)
    return held(claim, guard, weighed, own, total) if weighed.over(guard, own, total) else None


async def _people_if_claimed(
    database: Database, evaluations: Sequence[Evaluation], claim: Claim, since: datetime
) -> tuple[int, int]:
    """Return the numbers of `people_of`, as if these evaluations had claimed. One transaction,
    which writes only temporary tables."""
    scenarios = {one.scenario_type: one for each in evaluations for one in (*each.outranking, each.applied)}
    terms = evaluations[-1].terms
    async with (
        staged_rows(database, list(scenarios.values()), terms) as rows,
        database.transaction(timeout_seconds=terms.timeout_seconds) as connection,
        evaluating(f"scenario {evaluations[-1].applied.scenario_type}"),
    ):
        await connection.execute(statement("claimants_create"))
        for one in evaluations:
            moment = await begin(connection, one, rows)
            parameters = await moment.of(one.applied)
            await connection.execute(moment.statement("stage_claimants", one.applied.scenario), parameters)
            for staged in ("stage_drop", "outranking_drop"):
                await connection.execute(statement(staged))
        return await people_of(connection, claim, since=since, claiming="claiming_staged")
