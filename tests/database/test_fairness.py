"""Fairness: a large organisation does not use up a run before a small one gets its first push."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from rekindle.model import Selection, Unit
from team.programme import Programme, open_programme, wanted

NUDGE = Selection(scenarios=("nudge",))


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def two_organisations(programme: Programme) -> set[UUID]:
    """Add forty people of a large organisation, with the first ids, and four of a small one;
    return the four."""
    large, small = uuid4(), uuid4()
    many = [await programme.person(organisation_id=large, user_id=UUID(int=number)) for number in range(1, 41)]
    few = [await programme.person(organisation_id=small, user_id=UUID(int=number)) for number in range(91, 95)]
    await programme.want(*many, *few)
    return set(few)


def people(units: list[Unit]) -> set[UUID]:
    return {unit.user_id for unit in units}


async def test_a_run_sends_to_the_organisations_in_turn(programme: Programme) -> None:
    few = await two_organisations(programme)
    run_id = await programme.run()
    await programme.claim(wanted(), run_id=run_id)
    first = list(await programme.store.leased(run_id, NUDGE, limit=8))
    assert len(people(first) & few) == 4
    # The rest of a run that reached its deadline is taken over in the same order.
    await programme.store.release(run_id)
    another = await programme.run()
    assert await programme.store.lease(another, NUDGE, limit=8, lease_seconds=60) == 8
    assert len(people(await programme.held(another)) & few) == 4


async def test_a_person_with_many_devices_takes_no_turn_of_another_organisation(programme: Programme) -> None:
    one = await programme.person(tokens=[f"t{number}" for number in range(10)], user_id=UUID(int=1))
    other = await programme.person(user_id=UUID(int=2))
    await programme.want(one, other)
    run_id = await programme.run()
    await programme.claim(wanted(), run_id=run_id)
    assert other in people(list(await programme.store.leased(run_id, NUDGE, limit=2)))
