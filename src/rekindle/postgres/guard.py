"""The guard: it stops a claim of unusually many people until somebody confirms the number. It is
part of the claim's transaction."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from rekindle.errors import HeldByGuard
from rekindle.policy import MEDIAN_DAYS, MEDIAN_LEAST_DAYS, Guard
from rekindle.ports import Evaluation
from rekindle.postgres.locks import take
from rekindle.postgres.pool import Connection, Database
from rekindle.postgres.sql import statement


@dataclass(frozen=True, slots=True)
class _Claim:
    """The claim that the guard checks: the people of one scenario, of all active recipients. Either
    its run has begun (`run_id`), or it would begin after `ahead` people of other scenarios."""

    scenario_type: str
    people: int
    recipients: int
    run_id: UUID | None = None
    ahead: int = 0


async def pass_guard(
    database: Database,
    connection: Connection,
    run_id: UUID,
    evaluation: Evaluation,
    claimed: int,
    recipients: int,
    guard: Guard,
) -> int:
    """Check that the guard allows the people claimed in this transaction. Return how many of them
    needed a confirmation.

    This is the last step before the claim is counted and committed. Claims of all runs, scenarios
    and organisations pass it one at a time, so that each sees the total of the claims before it. A
    claim of one named person counts as confirmed.

    Raises:
        HeldByGuard: the claim exceeds both the guard's limit and the number confirmed for this run.
            The transaction must be rolled back.
        StatementTooSlow: another claim has not passed within the time left.
    """
    if evaluation.selection.user_id is not None:
        return claimed
    if not claimed or not guard.watches:
        return 0
    await take(database, connection, "guard")  # mutant: lock
    claim = _Claim(evaluation.applied.scenario_type, claimed, recipients, run_id=run_id)
    weighed = await _weigh(connection, claim, guard)
    if not (weighed["over_share"] or weighed["over_median"]):
        return 0
    if claimed <= guard.confirmed - weighed["confirmed"]:  # mutant: confirmed
        return claimed
    raise _held(claim, guard, weighed)


async def held_back(
    database: Database, scenario_type: str, people: int, *, recipients: int, ahead: int, guard: Guard
) -> HeldByGuard | None:
    """`Store.held_back`."""
    if not people or not guard.watches:
        return None
    claim = _Claim(scenario_type, people, recipients, ahead=ahead)
    async with database.connection() as connection:
        weighed = await _weigh(connection, claim, guard)
    if not (weighed["over_share"] or weighed["over_median"]):
        return None
    return _held(claim, guard, weighed)


async def _weigh(connection: Connection, claim: _Claim, guard: Guard) -> dict[str, Any]:
    parameters = {
        **asdict(claim),
        "floor": guard.floor,
        "max_share": guard.max_share,
        "max_times_median": guard.max_times_median,
        "median_days": MEDIAN_DAYS,
        "median_least_days": MEDIAN_LEAST_DAYS,
    }
    row = await (await connection.execute(statement("guard"), parameters)).fetchone()
    return row or {}


def _held(claim: _Claim, guard: Guard, weighed: dict[str, Any]) -> HeldByGuard:
    """Return the error, which names each exceeded limit with the number of claims and the number
    allowed."""
    exceeded: list[str] = []
    if weighed["over_share"]:
        exceeded.append(
            f"that makes {weighed['total']:,} claims in 24 hours for {claim.recipients:,} active recipients, and "
            f"max_share = {100 * (guard.max_share or 0):g}% allows {weighed['by_share']:,}"
        )
    if weighed["over_median"]:
        exceeded.append(
            f"that makes {weighed['own']:,} claims of this scenario in 24 hours, and "
            f"max_times_median = {guard.max_times_median:g} allows {weighed['by_median']:,} "
            f"(median of {weighed['days']} days)"
        )
    return HeldByGuard(
        f"scenario {claim.scenario_type} would claim {claim.people:,} people: {'; '.join(exceeded)}",
        hint=f"See `rekindle plan`. To allow them, run `rekindle run --confirm {claim.people}`.",
        people=claim.people,
    )
