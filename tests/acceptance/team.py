"""A team's database made for tests: a few people, and one scenario that is due for whoever the test says."""

import asyncio
import uuid
from pathlib import Path
from typing import LiteralString

import psycopg

from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all

# The views over plain tables of the same columns. `nudge` is what the scenario of kind sql reads.
_TEAM: LiteralString = """
create schema team;
create schema rekindle_source;
create table team.person (user_id uuid primary key, organisation_id uuid, chapter_id uuid, timezone text, locale text,
                          active boolean not null default true, first_name text);
create table team.device (user_id uuid, token text, target_kind text not null default 'token',
                          platform text default 'android', last_registered_at timestamptz);
create table team.nudge (user_id uuid, occurrence text, variables jsonb);
create table team.activity (user_id uuid, activity_date timestamptz);
create index on team.activity (user_id, activity_date);
create view rekindle_source.recipient as select * from team.person;
create view rekindle_source.device_token as select * from team.device;
create view rekindle_source.nudge as select * from team.nudge;
create view rekindle_source.activity as select user_id, activity_date from team.activity;
grant usage on schema rekindle_source to rekindle_worker;
grant select on all tables in schema rekindle_source to rekindle_worker;
"""

SCENARIO = """
[scenario.nudge]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
[scenario.nudge.message.en]
title = "Hello {first_name}"
body = "You have {points} points."
[scenario.nudge.message.nb]
title = "Hei {first_name}"
body = "Du har {points} poeng."
"""

UNGUARDED = '[run]\nmax_share = "none"\nmax_times_median = "none"\n'

TEAM_CONFIG = UNGUARDED + '[dispatcher]\nkind = "fcm"\ntimeout = "1s"\n' + SCENARIO
"""The scenario `nudge`, through FCM; a send that is not answered within a second is unknown, and no number of people is
too many."""


def fill_team(url: str) -> None:
    """The ledger's tables and the team's, without anybody in them."""
    asyncio.run(migrate(url))
    asyncio.run(execute_all(url, [(_TEAM, None)]))


def person(number: int) -> uuid.UUID:
    """The id of the n-th person."""
    return uuid.UUID(int=(0xFEED << 64) + number)


class Team:
    """The team's side of a test database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def people(self, count: int, *, devices: int = 1) -> list[uuid.UUID]:
        """That many people, due now, with so many devices each: person n's are t<n>-1, t<n>-2 and so on."""
        ids = [person(number) for number in range(1, count + 1)]
        with psycopg.connect(self.url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into team.person (user_id, locale, first_name) values (%s, 'en', %s)",
                [(user_id, f"Name{number}") for number, user_id in enumerate(ids, 1)],
            )
            cursor.executemany(
                "insert into team.device (user_id, token) values (%s, %s)",
                [(ids[n - 1], f"t{n}-{d}") for n in range(1, count + 1) for d in range(1, devices + 1)],
            )
            cursor.executemany(
                "insert into team.nudge values (%s, 'first', '{\"points\": 7}')", [(user_id,) for user_id in ids]
            )
        return ids

    def execute(self, statement: LiteralString, *parameters: object) -> None:
        """One statement as the owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement, parameters)

    def rows(self, query: LiteralString, *parameters: object) -> list[tuple[object, ...]]:
        """The rows of a query as the owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def counts(self) -> dict[str, int]:
        """How many rows each table of the ledger has that a run writes."""
        tables = ("run", "gate", "outbox", "scenario_notification", "delivery", "outcome", "disabled_token")
        with psycopg.connect(self.url, autocommit=True) as connection:
            return {
                table: connection.execute(f"select count(*) from rekindle.{table}").fetchone()[0] for table in tables
            }


def write_config(folder: Path, text: str) -> Path:
    """The text as a rekindle.toml in the folder."""
    path = folder / "rekindle.toml"
    path.write_text(text, encoding="utf-8")
    return path
