"""Measures how long the pages of the console take where there are many people and deliveries.

One database (embedded Postgres, its default, safe settings) with people of 20 organisations, one
push to everybody within the last year, and a run a day. A real server answers over a socket. Each
page is loaded a few times after one load that is not counted. The times are those of this machine
at this moment: compare pages within one table.
"""

import argparse
import asyncio
import os
import platform
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg

from rekindle.embedded import EmbeddedPostgres
from rekindle.postgres.migrate import migrate

CONFIG = """
[run]
timezone = "Europe/Oslo"

[dispatcher]
kind = "log"

[scenario.inactivity]
kind = "inactivity"
after = ["14d", "30d"]
cooldown = "7d"
schedule = "7 9 * * *"
schedule_timezone = "Europe/Oslo"

[scenario.inactivity.message.en]
title = "It has been a while"
body = "You were here {days} days ago."
"""
PEOPLE: LiteralString = """
create schema team;
create table team.person as
  select md5('p' || n)::uuid as user_id, md5('o' || n %% 20)::uuid as organisation_id, null::uuid as chapter_id,
         'Europe/Oslo'::text as timezone, 'en'::text as locale, true as active, 'Person ' || n as name
  from generate_series(1, %(people)s) n;
create table team.activity as
  select md5('p' || n)::uuid as user_id, now() - make_interval(days => case when n %% 100 = 0 then 20 else n %% 10 end)
         as activity_date
  from generate_series(1, %(people)s) n;
create table team.device as
  select user_id, 'token-' || user_id as token, 'token'::text as target_kind, 'android'::text as platform,
         null::timestamptz as last_registered_at
  from team.person;
create unique index on team.person (user_id);
create index on team.person (organisation_id);
create index on team.activity (user_id, activity_date);
create index on team.device (user_id);
create unique index on team.device (token);
create schema rekindle_source;
create view rekindle_source.recipient as select * from team.person;
create view rekindle_source.activity as select * from team.activity;
create view rekindle_source.device_token as select * from team.device;
"""
PAST: LiteralString = """
insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)
  select md5('r' || n)::uuid, 'done', now() - make_interval(days => n), now() - make_interval(days => n, secs => -9),
         30, 'log'
  from generate_series(1, 365) n;
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, not_due, claimed, recorded, pushes, at)
  select md5('r' || n)::uuid, 'inactivity', 1, %(people)s, %(people)s - %(people)s / 365, %(people)s / 365,
         %(people)s / 365, %(people)s / 365, now() - make_interval(days => n)
  from generate_series(1, 365) n;
insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key, organisation_id,
                                            scenario_version, run_id, occurrence, cooldown_window_start)
  select md5('n' || n)::uuid, md5('p' || n)::uuid, 'inactivity', at, 'k' || n, md5('o' || n %% 20)::uuid, 1,
         md5('r' || 1 + n %% 365)::uuid, 'inactive:2025-01-01:14d', at
  from generate_series(1, %(people)s) n
  cross join lateral (select now() - make_interval(days => 1 + n %% 365, secs => n %% 20000) as at) moment;
insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name,
                               attempts)
  select id, md5('d' || user_id)::uuid, user_id, scenario_type, run_id, run_id, 'name', 1
  from rekindle.scenario_notification;
insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)
  select md5('x' || n)::uuid, md5('p' || n)::uuid, 'unregistered', now() - make_interval(mins => n)
  from generate_series(1, %(people)s / 10) n;
"""
PAGES = (
    "/today",
    "/today?days=90",
    "/scenarios",
    "/scenarios/inactivity",
    "/plan",
    "/people?id={person}",
    "/people/{person}",
    "/runs",
    "/runs/{run}",
    "/helps",
    "/unknown",
    "/dead-tokens",
    "/workers",
    "/audit",
    "/keys",
    "/erasures",
)
LIMITED = ("/mentors", "/mentors/messages", "/mentors/helps", "/today", "/scenarios/inactivity", "/runs")


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000, metavar="N", help="as many deliveries as people")
    parser.add_argument("--repeat", type=int, default=5, metavar="N")
    chosen = parser.parse_args()
    with EmbeddedPostgres() as postgres, tempfile.TemporaryDirectory() as folder:
        _fill(postgres.url, chosen.people)
        _measure(postgres.url, Path(folder), chosen.repeat)
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"\n{chosen.people:,} people; {platform.machine()}, {cores} cores, a load of {load:.0f}")


def _fill(url: str, people: int) -> None:
    asyncio.run(migrate(url))
    with psycopg.connect(url, autocommit=True) as connection:
        given = psycopg.ClientCursor(connection)
        given.execute(PEOPLE, {"people": people})
        given.execute(PAST, {"people": people})
        connection.execute("vacuum analyze")


def _measure(url: str, folder: Path, repeat: int) -> None:
    (folder / "rekindle.toml").write_text(CONFIG, encoding="utf-8")
    key = "rekindle_" + secrets.token_urlsafe(32)
    environment = os.environ | {"REKINDLE_DATABASE_URL": url, "REKINDLE_API_KEY": key}
    command = [sys.executable, "-m", "rekindle"]
    done = subprocess.run([*command, "apply"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(url) as connection:
        (organisation,) = connection.execute("select md5('o1')::uuid").fetchone() or ()
        (person, run) = connection.execute("select md5('p7')::uuid, md5('r7')::uuid").fetchone() or ()
    made = subprocess.run(
        [*command, "key", "create", "coordinator", "--scope", "read", "--organisation", str(organisation), "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    limited = next(word.strip('",') for word in made.stdout.split() if word.strip('",').startswith("rekindle_"))
    serve = [*command, "serve", "--port", "0", "--requests-per-minute", "1000000"]
    server = subprocess.Popen(
        serve, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        address = next(word for line in server.stdout for word in line.rstrip().split() if word.startswith("http://"))
        address = address.rstrip(";")
        named = {"person": person, "run": run}
        print("| page | reader | milliseconds | bytes |\n|---|---|---:|---:|")
        for reader, shown, pages in (("all organisations", key, PAGES), ("one organisation", limited, LIMITED)):
            with httpx.Client(base_url=address, headers={"apikey": shown}, timeout=120, trust_env=False) as client:
                for page in pages:
                    _load(client, page, page.format_map(named), reader, repeat)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _load(client: httpx.Client, page: str, path: str, reader: str, repeat: int) -> None:
    taken: list[float] = []
    size = 0
    for _ in range(1 + repeat):
        begun = time.perf_counter()
        answer = client.get(path)
        taken.append((time.perf_counter() - begun) * 1_000)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text[:500])
        size = len(answer.content)
    taken = taken[1:]
    times = f"{statistics.median(taken):.0f} ({min(taken):.0f} to {max(taken):.0f})"
    print(f"| `{page}` | {reader} | {times} | {size:,} |", flush=True)


if __name__ == "__main__":
    main()
