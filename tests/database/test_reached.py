"""How many people were reached on each day, for readers of everybody and of some organisations."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from conftest import one_server
from rekindle.postgres.reached import reached
from team.programme import Programme, open_programme

server = one_server

OSLO = ZoneInfo("Europe/Oslo")
OURS, THEIRS = UUID(int=1), UUID(int=2)
LATE = datetime(2026, 10, 25, 23, 30, tzinfo=OSLO)
"""Half an hour before the end of a day with 25 hours."""
DAYS = [datetime.combine(LATE.date() + timedelta(days=day), time.min, tzinfo=OSLO) for day in range(-1, 3)]


async def ran(programme: Programme, at: datetime, scenario_type: str, recorded: int, **more: Any) -> None:
    """A run that recorded this number of people."""
    run_id = uuid4()
    await programme.sql.execute(
        "insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)"
        " values (%s, 'done', %s, %s, 1, 'log')",
        [run_id, at, at],
    )
    await programme.sql.execute(
        "insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at)"
        " values (%s, %s, 1, %s, %s, %s, %s)",
        [run_id, scenario_type, recorded, recorded, recorded, at],
    )


async def recorded(programme: Programme, at: datetime, organisation_id: UUID, user_id: UUID | None = None) -> None:
    """The record of a push to one person."""
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key,"
        " organisation_id) values (%s, %s, 'nudge', %s, %s, %s)",
        [uuid4(), user_id or uuid4(), at, str(uuid4()), organisation_id],
    )


async def counts(programme: Programme, sees: Sequence[UUID] | None, **more: int) -> tuple[dict[str, list[int]], int]:
    found = await reached(programme.database, DAYS, sees=sees, **more)
    return {name: list(people) for name, people in found.people.items()}, found.whole


async def test_a_day_is_the_readers_also_when_it_has_25_hours(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await ran(programme, DAYS[0] - timedelta(seconds=1), "nudge", 1_000)
        await ran(programme, DAYS[1] - timedelta(seconds=1), "nudge", 1)
        await ran(programme, DAYS[1], "nudge", 2)
        await ran(programme, LATE, "nudge", 3)
        await ran(programme, LATE, "zeal", 7)
        await ran(programme, LATE + timedelta(minutes=30), "nudge", 11)
        await ran(programme, DAYS[3], "nudge", 1_000)
        assert (DAYS[2].astimezone(ZoneInfo("UTC")) - DAYS[1].astimezone(ZoneInfo("UTC"))) == timedelta(hours=25)
        assert await counts(programme, None) == ({"nudge": [1, 5, 11], "zeal": [0, 7, 0]}, 0)


async def test_a_limited_reader_counts_the_people_of_their_organisations_alone(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        twice = uuid4()
        for at, organisation, person in (
            (DAYS[0], OURS, None),
            (LATE, OURS, twice),
            (LATE, OURS, twice),
            (LATE, THEIRS, None),
            (DAYS[0] - timedelta(seconds=1), OURS, None),
            (DAYS[3], OURS, None),
        ):
            await recorded(programme, at, organisation, person)
        assert await counts(programme, [OURS]) == ({"nudge": [1, 1, 0]}, 0)
        assert await counts(programme, [OURS, THEIRS]) == ({"nudge": [1, 2, 0]}, 0)
        assert await counts(programme, []) == ({}, 0)


async def test_where_there_are_too_many_records_the_days_that_are_not_whole_are_named(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        for number in range(3):
            await recorded(programme, DAYS[0] + timedelta(hours=number), OURS)
            await recorded(programme, DAYS[1] + timedelta(hours=number), OURS)
            await recorded(programme, DAYS[2] + timedelta(hours=number), OURS)
        people, whole = await counts(programme, [OURS], most=4)
        assert (people["nudge"][2], whole) == (3, 2), "only the last day is whole"
        assert (await counts(programme, [OURS], most=10))[1] == 0
