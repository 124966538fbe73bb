"""A claim that is repeated, because it is not known whether it was committed, claims nobody a
second time."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from rekindle.errors import EvaluationFailed
from rekindle.model import Numbers
from team.programme import Programme, open_programme, wanted


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as one:
        yield one


async def claim(programme: Programme, run_id: UUID, scenario_type: str = "nudge") -> Numbers:
    return await programme.claim(wanted(), run_id=run_id, scenario_type=scenario_type)


async def test_the_second_call_returns_the_numbers_of_the_first_and_changes_nothing(programme: Programme) -> None:
    await programme.people(5)
    await programme.person(tokens=())
    run_id = await programme.run()
    first = await claim(programme, run_id)
    gates = await programme.rows("select * from rekindle.gate order by user_id")
    units = await programme.rows("select * from rekindle.outbox order by claim_id")
    second = await claim(programme, run_id)
    assert (first.claimed, first.evaluated) == (5, 6)
    assert second == first
    assert await programme.rows("select * from rekindle.gate order by user_id") == gates
    assert await programme.rows("select * from rekindle.outbox order by claim_id") == units


async def test_a_person_who_becomes_due_in_between_is_left_to_the_next_run(programme: Programme) -> None:
    await programme.people(2)
    run_id = await programme.run()
    await claim(programme, run_id)
    late = await programme.people(3)
    assert (await claim(programme, run_id)).claimed == 2
    assert await programme.rows("select from rekindle.gate where user_id = any (%s)", late) == []
    assert (await claim(programme, await programme.run())).claimed == 3


async def test_every_scenario_of_a_run_has_its_own_numbers(programme: Programme) -> None:
    await programme.people(2)
    run_id = await programme.run()
    one, two = await claim(programme, run_id, "one"), await claim(programme, run_id, "two")
    assert [await claim(programme, run_id, "two"), await claim(programme, run_id, "one")] == [two, one]
    assert await programme.value("select count(*) from rekindle.outbox") == 4


async def test_a_violation_of_another_unique_constraint_is_not_mistaken_for_a_second_call(programme: Programme) -> None:
    """The team's view gives one person's device twice under two persons' ids, which no
    constraint forbids. A trigger therefore simulates any other violation of a key."""
    await programme.people(1)
    await programme.sql.execute(
        "create table team.seen (key text primary key); insert into team.seen values ('x');"
        "create function team.break() returns trigger language plpgsql security definer as "
        "$$ begin insert into team.seen values ('x'); return new; end $$;"
        "create trigger break before insert on rekindle.outbox for each row execute function team.break()"
    )
    with pytest.raises(EvaluationFailed, match="SQLSTATE 23505, duplicate key value"):
        await claim(programme, await programme.run())
    assert await programme.value("select count(*) from rekindle.gate") == 0
