"""The names of organisations and chapters are read from views and columns that may not exist."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from rekindle.engine.places import place_names
from rekindle.errors import PermissionMissing
from rekindle.model import Place, PlaceNames
from rekindle.postgres.source import MAX_PLACE_CHARS, PostgresSource
from team.programme import Programme, open_programme

ONE, TWO, THREE, FOUR, CHAPTER = (UUID(int=number) for number in range(1, 6))
PLACES = [Place(ONE, CHAPTER), Place(TWO), Place(THREE), Place(FOUR), Place(None)]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def test_each_place_has_the_name_in_its_view_as_one_printable_line(programme: Programme) -> None:
    names = {ONE: "Oslo Red Cross", TWO: "Oslo Red Cross", THREE: None, FOUR: "  \n "}
    for organisation_id, name in names.items():
        await programme.sql.execute("insert into team.organisation values (%s, null, %s)", [organisation_id, name])
    hostile = "\x1b]0;owned\x07 \x9b2J\u202eeman\n" + "x" * 10_000
    await programme.sql.execute("insert into team.chapter values (%s, null, %s)", [CHAPTER, hostile])
    source = PostgresSource(programme.database)
    found = await source.place_names(PLACES)
    assert found.organisations == {ONE: "Oslo Red Cross", TWO: "Oslo Red Cross"}
    assert found.of(Place(ONE, CHAPTER)) == ("Oslo Red Cross", found.chapters[CHAPTER])
    assert found.chapters[CHAPTER].startswith("\ufffd]0;owned\ufffd \ufffd2J\ufffdeman xxx")
    assert found.chapters[CHAPTER].endswith("x…")
    assert len(found.chapters[CHAPTER]) == MAX_PLACE_CHARS
    assert await source.place_names([Place(None)]) == PlaceNames()


async def test_a_view_or_its_column_may_be_missing_or_list_a_place_twice(programme: Programme) -> None:
    source = PostgresSource(programme.database)
    await programme.sql.execute("drop view rekindle_source.chapter, rekindle_source.organisation")
    assert await source.place_names(PLACES) == PlaceNames()
    await programme.sql.execute(f"create view rekindle_source.organisation as select '{ONE}'::uuid as organisation_id")
    assert await source.place_names(PLACES) == PlaceNames()
    await programme.sql.execute(
        "create or replace view rekindle_source.organisation as "
        f"select '{ONE}'::uuid as organisation_id, name from (values (null), (7), (8)) as one (name)"
    )
    assert (await source.place_names(PLACES)).organisations == {ONE: "7"}


async def test_a_name_that_cannot_be_read_is_a_warning_and_no_error(
    programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    source = PostgresSource(programme.database)
    await programme.sql.execute("create role nobody_here")
    await programme.sql.execute("alter view rekindle_source.organisation owner to nobody_here")
    try:
        with pytest.raises(PermissionMissing):
            await source.place_names(PLACES)
        assert await place_names(source, PLACES) == PlaceNames()
        assert [record.getMessage().split()[0] for record in caplog.records] == ["places.unnamed"]
    finally:
        await programme.sql.execute("drop owned by nobody_here cascade; drop role nobody_here")
