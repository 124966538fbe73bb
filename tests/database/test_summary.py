"""What `rekindle report` counts, per scenario and organisation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.model import Acceptance, Ending
from rekindle.ports import PlaceSummary
from rekindle.postgres.summary import summary
from rekindle.scenario import definition, fingerprint
from team.programme import open_programme, wanted

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, OTHER = UUID(int=1), UUID(int=2)
MONTH = 30 * 86_400.0


async def test_each_organisation_gets_its_numbers_and_a_limited_reader_only_those(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.at(NOW - 40 * DAY)
        one = wanted(cooldown="1d")
        await programme.sql.execute(
            "insert into rekindle.scenario (scenario_type, version, definition, fingerprint)"
            " values ('nudge', 1, %s, %s)",
            [Jsonb(definition(one)), fingerprint(one)],
        )
        early = await programme.person(organisation_id=ONE)

        async def send(*people: UUID, occasion: str) -> None:
            await programme.want(*people, *without, occurrence=occasion)
            run_id, units = await programme.armed_units(one)
            assert {unit.user_id for unit in units} == set(people)
            lost = [unit for unit in units if unit.user_id in dead]
            unclear = [unit for unit in units if unit.user_id in unknown]
            done = [unit for unit in units if unit not in (*lost, *unclear)]
            await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.device_id}/{occasion}") for unit in done])
            await programme.store.finish(run_id, [Ending(unit, "dead", "unregistered", prune=True) for unit in lost])
            await programme.store.hold([(unit, "timeout") for unit in unclear])

        without: list[UUID] = []
        dead: list[UUID] = []
        unknown: list[UUID] = []
        await send(early, occasion="too long ago")
        await programme.at(NOW - 20 * DAY)
        back, away = [await programme.person(organisation_id=ONE, tokens=tokens) for tokens in (["a", "b"], ["c"])]
        dead, unknown = [await programme.person(organisation_id=ONE)], [await programme.person(organisation_id=OTHER)]
        without = [await programme.person(organisation_id=ONE, tokens=[])]
        await send(back, away, *dead, *unknown, occasion="first")
        await programme.activity(back, NOW - 19 * DAY)
        await programme.sql.execute("insert into team.preference values (%s, null, true)", [away])
        await programme.at(NOW - 2 * DAY)
        assert await programme.store.look_back(timezone=None, limit=100, timeout_seconds=10) == 3
        await send(back, occasion="second")
        await programme.at(NOW)

        everything = await summary(programme.database, within_seconds=MONTH, sees=None)
        first = PlaceSummary(
            "nudge", ONE, reached=2, records=3, pushes=5, opened=None, horizon_days=14, looked_back=2, came_back=1,
            opted_out=1, unknown=0, dead_tokens=1,
        )  # fmt: skip
        second = PlaceSummary(
            "nudge", OTHER, reached=0, records=0, pushes=0, opened=None, horizon_days=None, looked_back=0, came_back=0,
            opted_out=0, unknown=1, dead_tokens=0,
        )  # fmt: skip
        assert (everything.since, everything.at) == (NOW - 30 * DAY, NOW)
        assert everything.places == (first, second)
        assert everything.refusals == {"nudge": {"no_token": 2}}
        limited = await summary(programme.database, within_seconds=MONTH, sees=[OTHER])
        assert (limited.places, limited.refusals) == ((second,), {})
        nobody = await summary(programme.database, within_seconds=1, sees=None)
        assert (nobody.places, nobody.refusals) == ((), {})
