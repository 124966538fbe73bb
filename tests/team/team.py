"""A team's database made for tests: a few people, and one scenario that is due for the people
that the test names."""

import asyncio
import uuid
from pathlib import Path
from typing import LiteralString

import psycopg

from rekindle.postgres.migrate import migrate
from team.tables import tables

# This team has the required views, the view of activities, and one that its scenario of kind sql
# reads.
_OWN: LiteralString = """
drop view rekindle_source.organisation, rekindle_source.chapter, rekindle_source.preference,
          rekindle_source.certification, rekindle_source.membership;
create view rekindle_source.nudge as select * from team.wanted;
grant select on rekindle_source.nudge to rekindle_worker;
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

TEAM_CONFIG = UNGUARDED + 'budget = "60s"\n[dispatcher]\nkind = "fcm"\ntimeout = "20s"\n' + SCENARIO
"""The scenario `nudge`, through FCM. The guard does not limit the number of people. Even a loaded
machine needs less time. A test about a time-out or a budget sets a shorter one."""


def fill_team(url: str) -> None:
    """The ledger's tables and the team's, without people."""
    asyncio.run(migrate(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(tables().encode())
        connection.execute(_OWN)


def person(number: int) -> uuid.UUID:
    """The id of the n-th person."""
    return uuid.UUID(int=(0xFEED << 64) + number)


class Team:
    """The team's side of a test database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def people(self, count: int, *, devices: int = 1) -> list[uuid.UUID]:
        """Add `count` people who are due now, with `devices` devices each: person n's are
        t<n>-1, t<n>-2 and so on."""
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
                "insert into team.wanted values (%s, 'first', '{\"points\": 7}')", [(user_id,) for user_id in ids]
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
        """The number of rows in each table of the ledger that a run writes."""
        tables = ("run", "gate", "outbox", "scenario_notification", "delivery", "outcome", "disabled_token")
        with psycopg.connect(self.url, autocommit=True) as connection:
            return {
                table: connection.execute(query).fetchall()[0][0]
                for table in tables
                for query in [f"select count(*) from rekindle.{table}".encode()]
            }


def name_organisations(team: Team) -> None:
    """Give the team a view of organisations with the names of two, one of which is hostile."""
    team.execute("insert into team.organisation values (%s, null, 'Granvik')", uuid.UUID(int=1))
    team.execute("insert into team.organisation values (%s, null, %s)", uuid.UUID(int=2), "[b]Old\x1b[2J Harbour")
    team.execute("create view rekindle_source.organisation as select organisation_id, name from team.organisation")
    team.execute("grant select on rekindle_source.organisation to rekindle_worker")


def name_people(team: Team) -> None:
    """Give the view of recipients the column external_id: n1 for the first person, and so on.
    Persons 4 and 5 have the same."""
    team.execute(
        "create or replace view rekindle_source.recipient as select user_id, organisation_id, chapter_id, timezone, "
        "locale, active, first_name, case when first_name in ('Name4', 'Name5') then 'shared' "
        "else replace(first_name, 'Name', 'n') end as external_id from team.person"
    )


def write_config(folder: Path, text: str) -> Path:
    """Write the text to a rekindle.toml in the folder."""
    path = folder / "rekindle.toml"
    path.write_text(text, encoding="utf-8")
    return path
