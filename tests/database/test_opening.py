"""When a person may be reached again: compared with the local time, minute by minute, over
summer time changes too."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.rows import dict_row

# The clocks change within two days of these moments: at night, at midnight, by half an hour, and
# not at all.
CASES = """
select zone, at, quiet.*, days.weekdays
from (values
  ('Europe/Oslo', timestamptz '2026-03-28 20:10Z'), ('Europe/Oslo', '2026-10-24 20:10Z'),
  ('Europe/Oslo', '2026-10-25 00:10Z'), ('America/New_York', '2026-03-08 04:30Z'),
  ('America/Havana', '2026-03-07 20:00Z'), ('America/Havana', '2026-10-31 20:00Z'),
  ('Asia/Beirut', '2026-03-28 12:00Z'), ('Asia/Beirut', '2026-10-24 12:00Z'),
  ('Australia/Lord_Howe', '2026-04-04 08:00Z'), ('Asia/Kathmandu', '2026-06-01 08:10Z')
) as place (zone, at)
cross join (values
  (null::time, null::time), ('21:00', '08:00'), ('22:00', '02:30'), ('22:00', '01:30'), ('00:30', '02:10'),
  ('23:00', '00:00'), ('12:00', '14:00')
) as quiet (quiet_from, quiet_until)
cross join (values ('{}'::int[]), ('{7}'), ('{1,2,3,4,5}')) as days (weekdays)
"""
BY_THE_MINUTE = f"""
select c.*, rekindle.opens_at(c.at, c.zone, c.quiet_from, c.quiet_until, c.weekdays) as said, (
    select m.at from generate_series(c.at, c.at + interval '9 days', interval '5 minutes') as m (at)
    where rekindle.is_weekday(m.at, c.zone, c.weekdays)
      and not rekindle.is_quiet(m.at, c.zone, c.quiet_from, c.quiet_until)
    order by m.at limit 1
  ) as is_open
from ({CASES}) c
"""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        yield connection


async def test_opens_at_gives_the_first_minute_that_is_neither_quiet_nor_on_a_forbidden_day(
    owner: psycopg.AsyncConnection,
) -> None:
    rows = await (await owner.execute(BY_THE_MINUTE)).fetchall()
    assert len(rows) == 210
    assert [row for row in rows if row["said"] != row["is_open"]] == []
