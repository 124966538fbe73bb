"""People are counted once per run, and correctly even if the view lists a person several times."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from database.statement_counter import counting
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Survey
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted

HERE, THERE = UUID(int=1), UUID(int=2)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def test_a_person_who_is_in_the_view_twice_is_counted_once_everywhere(
    programme: Programme,
) -> None:
    twice = await programme.person(organisation_id=HERE)
    await programme.person(user_id=twice, organisation_id=THERE, tokens=())
    await programme.person(user_id=twice, organisation_id=THERE, tokens=())
    await programme.person(organisation_id=THERE)
    await programme.person(organisation_id=THERE, active=False)
    for selection, expected in (
        (Selection(), Survey(2, 2)),
        (Selection(organisations=(HERE,)), Survey(1, 2)),
        (Selection(organisations=(THERE,)), Survey(2, 2)),
        (Selection(organisations=(HERE, THERE)), Survey(2, 2)),
        (Selection(organisations=(UUID(int=3),)), Survey(0, 2)),
        (Selection(user_id=twice), Survey(1, 1)),
        (Selection(user_id=twice, organisations=(UUID(int=3),)), Survey(0, 1)),
    ):
        assert await programme.store.survey(selection, timeout_seconds=20) == expected, selection
    await programme.want(twice)
    numbers = await programme.claim(wanted())
    assert (numbers.evaluated, numbers.claimed, numbers.not_due) == (2, 1, 1)


async def test_people_are_counted_once_a_run_whatever_the_number_of_scenarios(database_url: str) -> None:
    async with (
        counting(database_url) as counter,
        open_programme(database_url, ledger_url=counter.url, connections=8) as programme,
    ):
        await programme.people(3)
        counter.statements.clear()
        report = await run_cycle(
            Deps(ScriptedDispatcher(), programme.store, programme.store),
            [applied(scenario("milestone", at=[n]), f"mark{n}") for n in (1, 2, 3)],
            Selection(),
            Limits(guard=UNGUARDED),
        )
        assert [one.evaluated for one in report.scenarios] == [3, 3, 3]
        counted = [text for text in counter.statements.elements() if "/* rekindle:survey */" in text]
        assert len(counted) == 1


async def test_a_view_of_recipients_that_cannot_be_read_is_the_fault_of_each_scenario(programme: Programme) -> None:
    await programme.people(1)
    await programme.sql.execute("drop view rekindle_source.recipient cascade")
    report = await run_cycle(
        Deps(ScriptedDispatcher(), programme.store, programme.store),
        [applied(scenario("milestone", at=[n]), f"mark{n}") for n in (1, 2)],
        Selection(),
        Limits(guard=UNGUARDED),
    )
    assert report.status == "halted"
    assert (report.halted_by or "").count("the view rekindle_source.recipient does not exist") == 1  # said once
