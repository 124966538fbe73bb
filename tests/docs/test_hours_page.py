"""The page about hours does what it says."""

import tomllib
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from conftest import one_server
from docs.documents import blocks, read
from rekindle import Engine
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import open_programme

server = one_server


async def test_people_are_thanked_once_for_the_hours_that_their_shifts_add_up_to(database_url: str) -> None:
    page = {block.info: block.text for block in blocks(read("docs/how-to/hours-volunteered.md"))}
    today = datetime.now(UTC)
    hours = {"Ada": [6.0, 4.5, None], "Bo": [9.75], "Cy": [5.0, 8.0, -4.0], "Di": [12.0]}
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            "create schema app; create table app.shifts (volunteer_id uuid, began_at timestamptz, took interval); "
            "create index on app.shifts (volunteer_id, began_at); drop view rekindle_source.activity"
        )
        await programme.sql.execute(page["sql"].encode())
        await programme.sql.execute("grant select on rekindle_source.activity to rekindle_worker")
        people = {name: await programme.person(first_name=name) for name in hours}
        for name, took in hours.items():
            # Di gave her hours in the year before the day that `since` names.
            at = datetime(2025, 12, 1, tzinfo=UTC) if name == "Di" else today - timedelta(hours=len(took))
            for number, one in enumerate(took):
                await programme.sql.execute(
                    "insert into app.shifts values (%s, %s, make_interval(secs => %s * 3600))",
                    [people[name], at + timedelta(minutes=number), one],
                )
        config = Config.model_validate(tomllib.loads(page["toml"]))
        dispatcher = ScriptedDispatcher()
        async with Engine.open(Settings(database_url=SecretStr(database_url)), config, dispatcher=dispatcher) as engine:
            assert [
                finding for finding in await engine.check() if finding.fault and finding.subject == "activity"
            ] == []
            await engine.apply(checked=True)
            for _ in range(2):
                await engine.run()
    assert [(one.title, one.body) for one in dispatcher.sent] == [
        ("10 hours, Ada", "You have given 10.5 hours in 3 visits."),
    ]
