"""The guard: it stops a claim of unusually many people until somebody confirms the number. It is
part of the claim's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from rekindle.errors import HeldByGuard
from rekindle.policy import MEDIAN_DAYS, MEDIAN_LEAST_DAYS, Guard
from rekindle.ports import Evaluation
from rekindle.postgres.connection import Connection
from rekindle.postgres.locks import take
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim that the guard checks: the people of one scenario, by any of its `names`, of all
    active recipients. Either
    its run has begun (`run_id`), or it would begin after claims of `ahead` people. `limited`: the
    run is limited to organisations."""

    scenario_type: str
    names: tuple[str, ...]
    people: int
    recipients: int
    run_id: UUID | None = None
    ahead: int = 0
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the guard allows, and how many people the claim comes to. See guard.sql."""

    since: datetime
    own_at_most: int
    total_at_most: int
    confirmed: int
    days: int
    median: float | None
    by_share: int | None
    by_median: int | None

    def over_share(self, guard: Guard, own: int, total: int) -> bool:
        """Whether these numbers exceed the share of the recipients."""
        return own > guard.floor and self.by_share is not None and total > self.by_share

    def over_median(self, guard: Guard, own: int) -> bool:
        """Whether this number exceeds what is usual."""
        return own > guard.floor and self.by_median is not None and own > self.by_median

    def over(self, guard: Guard, own: int, total: int) -> bool:
        """Whether these numbers exceed any limit."""
        return self.over_share(guard, own, total) or self.over_median(guard, own)


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
    limited = bool(evaluation.selection.organisations)
    applied = evaluation.applied
    claim = Claim(applied.scenario_type, applied.names, claimed, recipients, run_id=run_id, limited=limited)
    weighed = await weigh(connection, claim, guard)
    if not weighed.over(guard, weighed.own_at_most, weighed.total_at_most):
        return 0
    own, total = await people_of(connection, claim, since=weighed.since, claiming="claiming")
    if not weighed.over(guard, own, total):
        return 0
    if claimed <= guard.confirmed - weighed.confirmed:  # mutant: confirmed
        return claimed
    raise held(claim, guard, weighed, own, total)


async def people_of(connection: Connection, claim: Claim, *, since: datetime, claiming: str) -> tuple[int, int]:
    """Return how many different people the claims of 24 hours come to with this one: of its
    scenario, and of all."""
    parameters = {
        "scenario_type": claim.scenario_type,
        "names": list(claim.names),
        "run_id": claim.run_id,
        "since": since,
    }
    row = await (await connection.execute(statement("guard_people", claiming=claiming), parameters)).fetchone() or {}
    return row["own"], row["total"]


async def weigh(
    connection: Connection,
    claim: Claim,
    guard: Guard,
    over: Callable[[LiteralString], LiteralString] = lambda text: text,
) -> Weighed:
    """Return what the guard allows, and the most people that the claim can come to. `over` puts
    other tables in place of those of the ledger."""
    parameters = {
        **asdict(claim),
        "names": list(claim.names),
        "max_share": guard.max_share,
        "max_times_median": guard.max_times_median,
        "median_days": MEDIAN_DAYS,
        "median_least_days": MEDIAN_LEAST_DAYS,
    }
    row = await (await connection.execute(over(statement("guard")), parameters)).fetchone()
    return Weighed(**(row or {}))


def held(claim: Claim, guard: Guard, weighed: Weighed, own: int, total: int) -> HeldByGuard:
    """Return the error, which names each exceeded limit with the number of people and the number
    allowed. These numbers count the people of all organisations, so the error of a run that is
    limited to some does not have them: its readers may be limited, too."""
    exceeded: list[str] = []
    if claim.limited:  # mutant: totals
        exceeded.append("with the claims of 24 hours, that is more than max_share or max_times_median allows")
    elif weighed.over_share(guard, own, total):
        exceeded.append(
            f"that makes {total:,} people in 24 hours for {claim.recipients:,} active recipients, and "
            f"max_share = {100 * (guard.max_share or 0):g}% allows {weighed.by_share:,}"
        )
    if weighed.over_median(guard, own) and not claim.limited:
        exceeded.append(
            f"that makes {own:,} people of this scenario in 24 hours, and "
            f"max_times_median = {guard.max_times_median:g} allows {weighed.by_median:,} "
            f"(median of {weighed.days} days)"
        )
    return HeldByGuard(
        f"scenario {claim.scenario_type} would claim {claim.people:,} people: {'; '.join(exceeded)}",
        hint=f"See `rekindle plan`. To allow them, run `rekindle run --confirm {claim.people}`.",
        people=claim.people,
        scenario_type=claim.scenario_type,
        figures={} if claim.limited else figures(claim, weighed, own, total),
    )


def figures(claim: Claim, weighed: Weighed, own: int, total: int) -> Mapping[str, Any]:
    """What the guard compared, in people: `total` of all scenarios in 24 hours with this claim, of
    which `share_allows` are allowed for the active `recipients`; `own` of this scenario, of which
    `median_allows` are, by the `median` of its days. A limit that does not apply is left out. They
    are fields of `rekindle.model.HeldBack`."""
    found: dict[str, float | None] = {
        "recipients": claim.recipients,
        "total": total,
        "share_allows": weighed.by_share,
        "own": own,
        "median_allows": weighed.by_median,
        "median": weighed.median,
    }
    return {name: number for name, number in found.items() if number is not None}
