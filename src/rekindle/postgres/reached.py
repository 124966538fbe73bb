"""Read how many people were reached on each day."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from rekindle.ports import Reached
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

MOST = 20_000
"""How many records are read for a reader that is limited to some organisations: each of them gets
as many."""
SECONDS = 10.0

MADE_EXPENSIVE = ("enable_seqscan", "enable_sort", "enable_bitmapscan")


async def reached(
    database: Database, days: Sequence[datetime], *, sees: Collection[UUID] | None, most: int = MOST
) -> Reached:
    """Return the people of each scenario and day, in one statement. Without limits they are counted
    from the numbers of runs, and for some organisations from their newest records.

    Raises:
        StatementTooSlow: it took longer than `SECONDS`.
    """
    if sees is None:
        rows = await database.rows(statement("reached_by_runs"), {"days": list(days)})
    else:
        parameters = {"days": list(days), "organisations": sorted(sees), "most": max(1, most // max(1, len(sees)))}
        async with database.transaction(timeout_seconds=SECONDS) as connection:
            # The server takes an organisation for as large as the average one, and would read all
            # records of a large one to sort them. In the order of the index it stops at `most`.
            for setting in MADE_EXPENSIVE:
                await connection.execute("select set_config(%s, 'off', true)", [setting])
            rows = await (await connection.execute(statement("reached_by_records"), parameters)).fetchall()
    people: dict[str, list[int]] = {}
    for row in rows:
        people.setdefault(row["scenario_type"], [0] * (len(days) - 1))[row["day"]] = row["people"]
    cut = next((row["cut_at"] for row in rows), None) if sees is not None else None
    whole = 0 if cut is None else sum(day <= cut for day in days[:-1])
    return Reached(tuple(days), people, whole)
