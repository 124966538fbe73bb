"""The names of people are read from columns that may not exist."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from rekindle.postgres.source import MAX_PERSON_CHARS, PostgresSource
from team.programme import Programme, open_programme

ONE, TWO, THREE = (UUID(int=number) for number in range(1, 4))
OURS, THEIRS = UUID(int=11), UUID(int=12)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def show(programme: Programme, columns: str, rows: str) -> None:
    """Let the view of recipients list these rows: a person, their place, and these columns."""
    await programme.sql.execute("drop view rekindle_source.recipient")
    await programme.sql.execute(
        "create view rekindle_source.recipient as select null::uuid as chapter_id, 'UTC' as timezone, 'en' as locale, "
        f"true as active, shown.* from (values {rows}) shown (user_id, organisation_id, {columns})".encode()
    )


async def test_the_name_is_the_first_column_of_a_name_that_is_not_blank(programme: Programme) -> None:
    source = PostgresSource(programme.database)
    long = "x" * (MAX_PERSON_CHARS + 1)
    people = [ONE, TWO, THREE]
    await show(
        programme,
        "first_name, display_name",
        f"('{ONE}'::uuid, null::uuid, 'Ada', ' '), ('{TWO}', null, 'Bo', E'Bo\\n Berg'), ('{THREE}', null, null, null)",
    )
    assert await source.people_names(people) == {ONE: "Ada", TWO: "Bo Berg"}
    await show(programme, "name", f"('{ONE}'::uuid, null::uuid, 'b'), ('{ONE}', null, 'a'), ('{TWO}', null, '{long}')")
    assert await source.people_names(people) == {ONE: "a", TWO: f"{long[:-2]}…"}
    await show(programme, "colour", f"('{ONE}'::uuid, null::uuid, 'red')")
    assert await source.people_names(people) == {}
    assert await source.people_names([]) == {}


async def test_a_limited_reader_gets_the_names_of_recipients_of_its_organisations_alone(programme: Programme) -> None:
    source = PostgresSource(programme.database)
    await show(programme, "name", f"('{ONE}'::uuid, '{OURS}'::uuid, 'Ada'), ('{TWO}', '{THEIRS}', 'Bo')")
    assert await source.people_names([ONE, TWO], sees=[OURS]) == {ONE: "Ada"}
    assert await source.people_names([ONE, TWO], sees=[]) == {}
    assert await source.people_names([ONE, TWO]) == {ONE: "Ada", TWO: "Bo"}
    await programme.sql.execute("insert into team.membership values (%s, %s, null)", [TWO, OURS])
    assert await source.people_names([ONE, TWO], sees=[OURS]) == {ONE: "Ada", TWO: "Bo"}
    assert await source.people_names([ONE, TWO], sees=[UUID(int=13)]) == {}
    await programme.sql.execute("drop view rekindle_source.membership")
    assert await source.people_names([ONE, TWO], sees=[OURS]) == {ONE: "Ada"}
