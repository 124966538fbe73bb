"""Measures a backtest: the time of its ticks, with people who were active over half a year.

It prints the seconds that it took, the processor time of the server process, and how many people
and pushes it counted. The server is an embedded Postgres with its default, safe settings.
"""

import argparse
import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psutil
import psycopg

from rekindle.embedded import EmbeddedPostgres
from rekindle.engine.backtest import backtest
from rekindle.policy import GUARDED
from rekindle.ports import Applied, Terms
from rekindle.postgres.backtest import PostgresReplays
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import Database
from rekindle.scenario import fingerprint, parse_scenario

PEOPLE: LiteralString = """
create schema team;
create table team.person as
  select gen_random_uuid() as user_id, null::uuid as organisation_id, null::uuid as chapter_id,
         (array['Europe/Oslo', 'Europe/Berlin', 'Africa/Lagos'])[1 + n %% 3] as timezone, 'en'::text as locale,
         true as active
  from generate_series(1, %s) n;
create table team.activity as
  select user_id, now() - random() * interval '240 days' as activity_date
  from team.person, generate_series(1, 10);
create table team.device as
  select user_id, 'token-' || user_id as token, 'token'::text as target_kind, 'android'::text as platform,
         null::timestamptz as last_registered_at
  from team.person;
create index on team.person (user_id);
create index on team.activity (user_id, activity_date);
create index on team.device (user_id);
create index on team.device (token);
create schema rekindle_source;
create view rekindle_source.recipient as select * from team.person;
create view rekindle_source.activity as select * from team.activity;
create view rekindle_source.device_token as select * from team.device;
analyze
"""

SCENARIO = {
    "kind": "inactivity",
    "after": ["14d", "30d"],
    "cooldown": "7d",
    "caps": ["2 per 7d"],
    "message": {"en": {"title": "Hello", "body": "There"}},
}


async def measured(server: EmbeddedPostgres, days: int) -> None:
    """Replay this many daily ticks after the warm-up, and print what it took."""
    scenario = parse_scenario(SCENARIO)
    applied = [Applied("absent", 1, scenario, fingerprint(scenario))]
    database = Database(server.url)
    await database.open()
    try:
        until = datetime.now(UTC)
        terms = Terms(timezone="Europe/Oslo", timeout_seconds=60)
        since = until - timedelta(days=days)
        began, busy = time.monotonic(), _busy(server)
        done = await backtest(PostgresReplays(database), applied, terms, GUARDED, since=since, until=until)
        took, busy = time.monotonic() - began, _busy(server) - busy
    finally:
        await database.close()
    [past] = done.scenarios
    if past.fault is not None:
        raise past.fault
    print(
        f"{done.ticks} ticks and the warm-up: {took:.1f} s, {busy:.1f} s of processor time of the server; "
        f"due a day {past.spread('due').median:,.0f}, nudged {past.total('nudged'):,}, load {os.getloadavg()[0]:.1f}"
    )


def _busy(server: EmbeddedPostgres) -> float:
    """The processor time of all processes of the server that live. The one of the replay lives
    until its connection is closed."""
    root = psutil.Process(server.pid)
    each = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    return sum(one.user + one.system for one in each)


def main() -> None:
    """Measure with the people and the days that are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=180)
    given = parser.parse_args()
    with EmbeddedPostgres() as server:
        asyncio.run(migrate(server.url))
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute((PEOPLE % given.people).encode())
        asyncio.run(measured(server, given.days))


if __name__ == "__main__":
    main()
