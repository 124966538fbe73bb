"""Measures how each kind of scenario is evaluated among many people, of which one in a hundred is
due: it counts the people who would be claimed, as a run does before it writes.

One database (embedded Postgres, its default, safe settings, without parallel workers), the kinds in
turns. It measures the processor time of the server process, so waits for the disk and other load on
the machine count little. Only ratios within one table are meaningful.
"""

import argparse
import asyncio
import os
import platform
import statistics
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from server_time import server_time

from rekindle.embedded import EmbeddedPostgres
from rekindle.model import Selection
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import fingerprint, parse_scenario

PEOPLE: LiteralString = """
create schema team;
create table team.person as
  select gen_random_uuid() as user_id, n, null::uuid as organisation_id, null::uuid as chapter_id,
         (array['Europe/Oslo', 'Europe/Berlin', 'Africa/Lagos'])[1 + n %% 3] as timezone, 'en'::text as locale,
         true as active
  from generate_series(1, %s) n;
create table team.activity as
  select user_id, now() - make_interval(days => case when n %% 100 = 0 then 20 else n %% 10 end) as activity_date,
         case when n %% 100 = 0 then 12.5 else 1.5 end::numeric as amount
  from team.person;
create table team.certificate as
  select gen_random_uuid() as certification_id, user_id, 'First aid'::text as name,
         current_date + case when n %% 100 = 0 then -10 else 100 + n %% 500 end as expires_on
  from team.person;
create table team.event as
  select 'e' || n as event_id, user_id, 'Shift'::text as name,
         now() + case when n %% 100 = 0 then interval '3 hours' else interval '3 days' end as starts_at
  from team.person;
create table team.device as
  select user_id, 'token-' || user_id as token, 'token'::text as target_kind, 'android'::text as platform,
         null::timestamptz as last_registered_at
  from team.person;
create index on team.person (user_id);
create index on team.activity (user_id, activity_date);
create index on team.certificate (user_id, expires_on);
create index on team.event (user_id, starts_at);
create index on team.device (user_id);
create schema rekindle_source;
create view rekindle_source.recipient as
  select user_id, organisation_id, chapter_id, timezone, locale, active from team.person;
create view rekindle_source.activity as select * from team.activity;
create view rekindle_source.certification as select * from team.certificate;
create view rekindle_source.event as select * from team.event;
create view rekindle_source.device_token as select * from team.device;
"""
EACH: dict[str, dict[str, Any]] = {
    "inactivity": {"kind": "inactivity", "after": ["14d"]},
    "milestone, a count": {"kind": "milestone", "at": [2]},
    "milestone, a sum": {"kind": "milestone", "at": [10], "of": "sum"},
    "expiry, before": {"kind": "expiry", "before": ["60d"]},
    "expiry, before and after": {"kind": "expiry", "before": ["60d"], "after": ["7d"], "max_age": "30d"},
    "event": {"kind": "event", "before": ["24h", "2h"]},
}
"""The keys of a scenario of each kind. Nobody is due under the count and before the expiry."""


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, help="counted rounds")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.2f}")
    print(f"{options.people:,} people; median of {options.repeat} rounds, after one that is not counted.")
    print()
    with EmbeddedPostgres(settings={"max_parallel_workers_per_gather": "0"}) as server:
        asyncio.run(migrate(server.url))
        with psycopg.connect(server.url, autocommit=True) as connection:
            for step in (PEOPLE % options.people).split(";\n"):
                connection.execute(step.encode())
            connection.execute("vacuum analyze")
        rounds = asyncio.run(measured(server.url, options.repeat))
    print(f"{'':<26} {'due':>9}  count s  (min–max)  ratio to inactivity")
    for name in EACH:
        seconds = [one[name][1] for one in rounds]
        ratio = statistics.median(one[name][1] / one["inactivity"][1] for one in rounds)
        spread = f"({min(seconds):.2f}–{max(seconds):.2f})"
        print(f"{name:<26} {rounds[0][name][0]:>9,}  {statistics.median(seconds):6.2f}  {spread}  {ratio:.2f}")


async def measured(url: str, repeat: int) -> Sequence[dict[str, tuple[int, float]]]:
    """Of each counted round, by kind: the people who were due, and the processor seconds."""
    database = Database(url, connections=1)
    await database.open()
    try:
        spent = await server_time(database)
        store = PostgresStore(database)
        rounds: list[dict[str, tuple[int, float]]] = []
        for _ in range(repeat + 1):
            found: dict[str, tuple[int, float]] = {}
            for name, keys in EACH.items():
                began = spent()
                due = await store.claimable(evaluation(keys))
                found[name] = (due, spent() - began)
            rounds.append(found)
        return rounds[1:]
    finally:
        await database.close()


def evaluation(keys: dict[str, Any]) -> Evaluation:
    """A scenario with these keys, as a run evaluates it."""
    text = {"en": {"title": "t", "body": "b"}}
    scenario = parse_scenario({"cooldown": "7d", "message": text} | keys)
    one = Applied("nudge", 1, scenario, fingerprint(scenario))
    return Evaluation(one, Selection(scenarios=("nudge",)), terms=Terms(timezone="UTC", timeout_seconds=600))


if __name__ == "__main__":
    main()
