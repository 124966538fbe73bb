"""The guard: a claim of more people than is usual is held back until somebody confirms it, where
it is claimed."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from rekindle.errors import HeldByGuard
from rekindle.policy import MEDIAN_DAYS, MEDIAN_LEAST_DAYS, Guard
from rekindle.ports import Evaluation
from rekindle.postgres.pool import Connection, Database
from rekindle.postgres.sql import statement


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the guard weighs: the people of one scenario among all active recipients, in a run
    that has begun, or after `ahead` people of other scenarios in one that has not."""

    scenario_type: str
    people: int
    recipients: int
    run_id: UUID | None = None
    ahead: int = 0


async def pass_guard(
    connection: Connection, run_id: UUID, evaluation: Evaluation, claimed: int, recipients: int, guard: Guard
) -> int:
    """The guard allows the people claimed in this transaction. Returns how many of them because
    somebody confirmed them.

    This is the last step before the claim is counted and committed. Claims pass it one at a time,
    whatever their run, scenario or organisation, so that each sees the total of those before it. A
    claim of one named person counts as confirmed.

    Raises:
        HeldByGuard: it is more than the guard allows and than this run was confirmed for; the
            transaction must be rolled back.
    """
    if evaluation.selection.user_id is not None:
        return claimed
    if not claimed or not guard.watches:
        return 0
    await connection.execute(statement("guard_lock"))  # mutant: lock
    claim = _Claim(evaluation.applied.scenario_type, claimed, recipients, run_id=run_id)
    found = await _weigh(connection, claim, guard)
    if not (found["over_share"] or found["over_median"]):
        return 0
    if claimed <= guard.confirmed - found["confirmed"]:  # mutant: confirmed
        return claimed
    raise _held(claim, guard, found)


async def held_back(
    database: Database, scenario_type: str, people: int, *, recipients: int, ahead: int, guard: Guard
) -> HeldByGuard | None:
    """`Store.held_back`."""
    if not people or not guard.watches:
        return None
    claim = _Claim(scenario_type, people, recipients, ahead=ahead)
    async with database.connection() as connection:
        found = await _weigh(connection, claim, guard)
    if not (found["over_share"] or found["over_median"]):
        return None
    return _held(claim, guard, found)


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


def _held(claim: _Claim, guard: Guard, found: dict[str, Any]) -> HeldByGuard:
    """In one line, why: each limit that it is over, with what it comes to and what is allowed."""
    because: list[str] = []
    if found["over_share"]:
        because.append(
            f"that makes {found['total']:,} claims in 24 hours for {claim.recipients:,} active recipients, and "
            f"max_share = {100 * (guard.max_share or 0):g}% allows {found['by_share']:,}"
        )
    if found["over_median"]:
        because.append(
            f"that makes {found['own']:,} of its own in 24 hours, and max_times_median = {guard.max_times_median:g} "
            f"allows {found['by_median']:,}, by its last {found['days']} days"
        )
    return HeldByGuard(
        f"scenario {claim.scenario_type} would claim {claim.people:,} people: {'; '.join(because)}",
        hint=f"See `rekindle plan`; if they are meant, `rekindle run --confirm {claim.people}` lets them go.",
        people=claim.people,
    )
