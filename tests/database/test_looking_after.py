"""What somebody who looks after people reads of them: by name, and of their organisations alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.model import Acceptance
from rekindle.postgres.looking_after import looked_after
from rekindle.scenario import definition, fingerprint
from team.programme import Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, OTHER = UUID(int=1), UUID(int=2)


async def send(programme: Programme, *people: UUID, occasion: str) -> None:
    await programme.want(*people, occurrence=occasion)
    run_id, units = await programme.armed_units(wanted(cooldown="1d"))
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.device_id}/{occasion}") for unit in units])


async def test_people_of_these_organisations_are_named_with_what_they_got_and_when_they_were_active(
    database_url: str,
) -> None:
    async with open_programme(database_url) as programme:
        await programme.at(NOW - 90 * DAY)
        one = wanted(cooldown="1d")
        await programme.sql.execute(
            "insert into rekindle.scenario (scenario_type, version, definition, fingerprint)"
            " values ('nudge', 1, %s, %s)",
            [Jsonb(definition(one)), fingerprint(one)],
        )
        back, away, moved, theirs = [await programme.person(organisation_id=ONE) for _ in range(4)]
        alone, young, elsewhere = [await programme.person(organisation_id=ONE, tokens=[]) for _ in range(3)]
        await programme.sql.execute("update team.person set organisation_id = %s where user_id = %s", [OTHER, theirs])
        await programme.sql.execute(
            "update team.person set organisation_id = %s where user_id = %s", [OTHER, elsewhere]
        )
        for user_id, number in ((alone, 60), (young, 3), (elsewhere, 60), (away, 50)):
            await programme.activity(user_id, NOW - number * DAY)
        await send(programme, back, occasion="too long ago")
        await programme.at(NOW - 20 * DAY)
        await send(programme, back, away, moved, theirs, occasion="first")
        await programme.sql.execute("update team.person set organisation_id = %s where user_id = %s", [OTHER, moved])
        await programme.activity(back, NOW - 19 * DAY)
        await programme.activity(away, NOW + DAY)  # not yet
        await programme.at(NOW)

        found = await looked_after(programme.database, [ONE], within=56 * DAY, away=14 * DAY)
        assert {(one.user_id, one.back) for one in found.told} == {(back, True), (away, False)}
        assert all(one.name == "Ada" and one.scenario_type == "nudge" for one in found.told), found.told
        assert found.all_told
        assert [(one.user_id, one.name, one.active_at) for one in found.alone] == [(alone, "Ada", NOW - 60 * DAY)]
        both = await looked_after(programme.database, [ONE, OTHER], within=56 * DAY, away=14 * DAY)
        assert {one.user_id for one in both.alone} == {alone, elsewhere}
        assert [one.at for one in both.told] == sorted((one.at for one in both.told), reverse=True)
