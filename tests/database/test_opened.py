"""Which pushes were opened: what the view may look like, and what `rekindle report` counts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle.engine.check import check
from rekindle.engine.findings import Finding
from rekindle.errors import RekindleError, SourceViewWrong
from rekindle.model import Acceptance
from rekindle.ports import PlaceSummary
from rekindle.postgres.source import PostgresSource
from rekindle.postgres.summary import summary
from rekindle.scenario import Config
from team.programme import SHOW_OPENED, SHOW_OPENED_BY_PERSON, Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OURS, THEIRS = UUID(int=1), UUID(int=2)
CONFIG = Config.model_validate({"scenario": {"nudge": wanted().model_dump(exclude_none=True)}})


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def send(programme: Programme, *people: UUID, occasion: str) -> dict[UUID, UUID]:
    """Send each person one push. Returns the claim of each."""
    await programme.want(*people, occurrence=occasion)
    run_id, units = await programme.armed_units(wanted(cooldown="1d"))
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.device_id}/{occasion}") for unit in units])
    return {unit.user_id: unit.claim_id for unit in units}


async def places(programme: Programme, sees: list[UUID] | None = None) -> list[PlaceSummary]:
    return list((await summary(programme.database, within_seconds=30 * 86_400, sees=sees)).places)


async def opened(programme: Programme, sees: list[UUID] | None = None) -> list[tuple[int, int | None]]:
    """The records of each organisation, and how many of them were opened."""
    return [(one.records, one.opened) for one in await places(programme, sees)]


async def test_a_claim_that_was_opened_counts_once_for_its_own_organisation(programme: Programme) -> None:
    await programme.at(NOW - 2 * DAY)
    ada, bo = [await programme.person(organisation_id=OURS, tokens=tokens) for tokens in (["a", "b"], ["c"])]
    cy = await programme.person(organisation_id=THEIRS)
    claims = await send(programme, ada, bo, cy, occasion="first")
    await programme.at(NOW)
    assert await opened(programme) == [(2, None), (1, None)]
    await programme.sql.execute(SHOW_OPENED)
    assert await opened(programme) == [(2, 0), (1, 0)]
    early = NOW - timedelta(days=900)
    for claim, at in ((claims[ada], early), (claims[ada], NOW), (claims[bo], None), (claims[cy], NOW), (uuid4(), NOW)):
        await programme.sql.execute("insert into team.opened (claim_id, opened_at) values (%s, %s)", [claim, at])
    assert await opened(programme) == [(2, 1), (1, 1)]
    assert await opened(programme, sees=[THEIRS]) == [(1, 1)]


async def test_an_open_of_a_person_counts_for_the_last_push_of_the_scenario_before_it(programme: Programme) -> None:
    await programme.sql.execute(SHOW_OPENED_BY_PERSON)
    ada, bo = [await programme.person(organisation_id=OURS) for _ in range(2)]
    for days, occasion in ((6, "first"), (4, "second"), (2, "third")):
        await programme.at(NOW - days * DAY)
        await send(programme, ada, bo, occasion=occasion)
    await programme.at(NOW)

    async def taps(*rows: tuple[UUID, str, timedelta]) -> list[tuple[int, int | None]]:
        await programme.sql.execute("truncate team.opened")
        for who, scenario, ago in rows:
            await programme.sql.execute(
                "insert into team.opened (user_id, scenario_type, opened_at) values (%s, %s, %s)",
                [who, scenario, NOW - ago],
            )
        return await opened(programme)

    assert await taps((ada, "nudge", 7 * DAY), (ada, "other", DAY), (uuid4(), "nudge", DAY)) == [(6, 0)]
    assert await taps((ada, "nudge", 5 * DAY), (ada, "nudge", 4.5 * DAY)) == [(6, 1)]
    assert await taps((ada, "nudge", 5 * DAY), (ada, "nudge", DAY), (bo, "nudge", DAY)) == [(6, 3)]


WRONG: dict[str, tuple[LiteralString, str]] = {
    "another type": (
        "create view rekindle_source.opened as select null::text as claim_id, null::timestamptz as opened_at",
        "rekindle_source.opened: claim_id is of type text and must be uuid",
    ),
    "a day": (
        "create view rekindle_source.opened as select null::uuid as claim_id, null::date as opened_at",
        "rekindle_source.opened: opened_at is of type date and must be timestamp with time zone",
    ),
    "nobody": (
        "create view rekindle_source.opened as select null::timestamptz as opened_at",
        "rekindle_source.opened: column claim_id (uuid) is missing",
    ),
    "no scenario": (
        "create view rekindle_source.opened as select null::uuid as user_id, null::timestamptz as opened_at",
        "rekindle_source.opened: column scenario_type",
    ),
}


async def finding(programme: Programme) -> Finding:
    [found] = [one for one in await check(CONFIG, PostgresSource(programme.database)) if one.subject == "opened"]
    return found


@pytest.mark.parametrize("view", [SHOW_OPENED, SHOW_OPENED_BY_PERSON])
async def test_both_forms_of_the_view_are_in_order(programme: Programme, view: LiteralString) -> None:
    await programme.sql.execute(view)
    await programme.sql.execute("grant select on rekindle_source.opened to rekindle_worker")
    found = await finding(programme)
    assert (found.fault, found.message) == (None, "rekindle_source.opened has the right columns")


@pytest.mark.parametrize("what", WRONG)
async def test_a_view_that_cannot_be_read_is_found_by_the_check_and_named_by_the_report(
    programme: Programme, what: str
) -> None:
    view, message = WRONG[what]
    await programme.sql.execute(view)
    found = await finding(programme)
    assert isinstance(found.fault, SourceViewWrong)
    assert found.fault.message.startswith(message)
    assert ("claim_id::uuid as claim_id" in (found.fault.hint or "")) == (what == "another type")
    if what != "a day":
        with pytest.raises(RekindleError) as caught:
            await places(programme)
        assert caught.value.hint, caught.value


async def test_a_row_that_cannot_be_read_is_a_fault_of_the_view_and_its_value_is_not_shown(
    programme: Programme,
) -> None:
    await programme.sql.execute(
        "create table team.tap (claim text); insert into team.tap values ('canary'); "
        "create view rekindle_source.opened as select claim::uuid as claim_id, now() as opened_at from team.tap"
    )
    await send(programme, await programme.person(), occasion="first")
    with pytest.raises(SourceViewWrong, match="the report reads a value that is not valid") as caught:
        await places(programme)
    assert "canary" not in str(caught.value)
    assert isinstance((await finding(programme)).fault, SourceViewWrong)
