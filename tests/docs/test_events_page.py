"""docs/how-to/events-twice-a-day.md: its view and its scenario send what the page says, when it
says."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from docs.documents import blocks, read
from rekindle.configuration import load_config
from rekindle.engine.compose import Composer
from rekindle.model import Acceptance
from team.programme import open_programme

PAGE = read("docs/how-to/events-twice-a-day.md")
SHOWN = {block.info: block.text for block in blocks(PAGE)}
ROW = re.compile(r"^\| (20[0-9-]+ [0-9:]+) \| (.*) \|$", re.MULTILINE)
OSLO = ZoneInfo("Europe/Oslo")
TABLES = """
create table shifts (id int primary key, title text, starts_at timestamptz, cancelled_at timestamptz);
create table bookings (id int primary key, volunteer_id uuid, shift_id int, cancelled_at timestamptz);
insert into shifts values
  (1, 'Kitchen', '2026-06-13 10:00 Europe/Oslo', null), (2, 'Evening bar', '2026-06-13 18:00 Europe/Oslo', null),
  (3, 'Cancelled', '2026-06-13 10:00 Europe/Oslo', now());
"""


async def test_the_shifts_of_the_page_are_told_as_it_says(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "rekindle.toml"
    path.write_text(SHOWN["toml"], encoding="utf-8")
    shift = load_config(path).scenario["shift"]
    expected = [(datetime.fromisoformat(at).replace(tzinfo=OSLO), push) for at, push in ROW.findall(PAGE)]
    assert len(expected) == 4
    told: list[tuple[datetime, str]] = []
    async with open_programme(database_url) as programme:
        await programme.sql.execute(TABLES.encode())
        await programme.sql.execute(SHOWN["sql"].encode())
        user = await programme.person(timezone="Europe/Oslo")
        for number in (1, 2, 3):
            await programme.sql.execute("insert into bookings values (%s, %s, %s)", [number, user, number])
        for due, _ in expected:
            for at in (due - timedelta(seconds=1), due, due + timedelta(minutes=5)):
                await programme.at(at)
                run_id, units = await programme.armed_units(shift, scenario_type="shift")
                messages = map(Composer(shift).message, units)
                told += [(at, re.sub(r"\s", " ", f"{one.title}: {one.body}")) for one in messages]
                await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])
    assert told == expected
