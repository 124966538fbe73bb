"""The ids that a team knows are read from a column that may not exist, and may not be unique."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from rekindle import stable_uuid
from rekindle.engine.check_rows import check_rows
from rekindle.engine.places import names
from rekindle.errors import PermissionMissing
from rekindle.model import Names, Place
from rekindle.postgres.source import MAX_EXTERNAL_ID_CHARS, PostgresSource
from rekindle.scenario import Config
from team.programme import Programme, open_programme

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))
PEOPLE = [ONE, TWO, THREE, FOUR]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def show(programme: Programme, rows: str, type_name: str = "text") -> None:
    """Let the view of recipients list these rows: a person, and their id in the column."""
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as select user_id::uuid, organisation_id, chapter_id, "
        f"timezone, locale, active, first_name, shown.external_id::{type_name} as external_id "
        f"from (values {rows}) shown (user_id, external_id) left join team.person using (user_id)".encode()
    )


async def test_each_person_has_the_first_external_id_of_the_view_if_it_can_be_given_to_a_command(
    programme: Programme,
) -> None:
    source = PostgresSource(programme.database)
    assert await source.external_ids(PEOPLE) == {}
    longest = "x" * MAX_EXTERNAL_ID_CHARS
    rows = [(ONE, "b"), (ONE, "a"), (ONE, ""), (TWO, longest), (THREE, longest + "x"), (FOUR, "4")]
    await show(programme, ", ".join(f"('{user_id}'::uuid, '{text}')" for user_id, text in rows))
    assert await source.external_ids(PEOPLE[:3]) == {ONE: "a", TWO: longest}
    assert await source.external_ids([]) == {}
    await programme.sql.execute("drop view rekindle_source.recipient")
    await show(programme, f"('{ONE}'::uuid, 4711), (null, 4712), ('{TWO}', null)", "bigint")
    assert await source.external_ids(PEOPLE) == {ONE: "4711"}


async def test_external_ids_that_cannot_be_read_are_a_warning_and_places_keep_their_names(
    programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    source = PostgresSource(programme.database)
    await programme.sql.execute("insert into team.organisation values (%s, null, 'Granvik')", [ONE])
    await programme.sql.execute("create role nobody_here; alter view rekindle_source.recipient owner to nobody_here")
    try:
        with pytest.raises(PermissionMissing):
            await source.external_ids(PEOPLE)
        assert await names(source, [Place(ONE)], PEOPLE) == Names({ONE: "Granvik"})
        assert [record.getMessage().split()[0] for record in caplog.records] == ["people.unnamed"]
    finally:
        await programme.sql.execute("drop owned by nobody_here cascade; drop role nobody_here")


async def test_check_counts_the_external_ids_that_several_people_have(programme: Programme) -> None:
    source = PostgresSource(programme.database)

    async def noted() -> list[str]:
        found = await check_rows(Config(), source, needed={"recipient"}, broken=())
        return [one.message for one in found if one.subject == "recipients" and one.note]

    assert await noted() == []
    await show(programme, f"('{ONE}'::uuid, 'a'), ('{ONE}', 'a'), ('{TWO}', 'b'), ('{THREE}', null), ('{FOUR}', null)")
    assert await noted() == []
    await show(programme, f"('{ONE}'::uuid, 'a'), ('{ONE}', 'b'), ('{TWO}', 'a'), ('{THREE}', 'a')")
    note = "1 external_id belongs to 3 people; commands take only the user_id of these people"
    assert await noted() == [note]
    await show(programme, f"('{ONE}'::uuid, 'a'), ('{TWO}', 'a'), ('{ONE}', 'b'), ('{FOUR}', 'b')")
    assert await noted() == [note.replace("1 external_id belongs to 3", "2 external_ids belong to 4")]


async def test_an_id_has_the_same_uuid_in_sql_and_python_and_another_one_in_another_space(programme: Programme) -> None:
    cases = [("people", "7"), ("organisations", "7"), ("people", "Ada"), ("people", "ada"), ("people", "")]
    ours = [stable_uuid(*case) for case in cases]
    assert ours[0] == UUID("9a759b4b-79ea-8a0d-b530-72fcf86e46e7")
    assert len(set(ours)) == len(cases)
    for (space, text), one in zip(cases, ours, strict=True):
        assert await programme.value("select rekindle.stable_uuid(%s, %s::text)", space, text) == one
    assert await programme.value("select rekindle.stable_uuid('people', 7)") == ours[0]
