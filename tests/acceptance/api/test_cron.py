"""examples/supabase/cron.sql on a real pg_cron.

Two extensions are not installed and have stand-ins. `net.http_post` keeps the call that pg_net
would make, and this test makes it. `vault.decrypted_secrets` is a table. Both have the columns and
parameters of the real ones.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from acceptance.api.served import KEY, serving
from acceptance.api.test_scheduler import CRON_KEY, NAME, environment
from acceptance.command import Command
from acceptance.command import environment as command_environment
from acceptance.fixtures import apply
from conftest import ROOT, SERVERS, SETTINGS
from edge.deno import Function
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import TEAM_CONFIG, Team, fill_team, write_config

POSTGRES = SERVERS.get("postgres15")
PG_CRON = POSTGRES is not None and (POSTGRES.folder.parent / "lib" / "pg_cron.so").exists()
pytestmark = pytest.mark.skipif(not PG_CRON, reason="pg_cron is not installed for Postgres 15")
TICK_SECONDS = 75.0

STAND_INS = """
create schema vault;
create table vault.decrypted_secrets (id uuid default gen_random_uuid(), name text, description text, secret text,
                                      decrypted_secret text, key_id uuid, nonce bytea);
create schema net;
create table net.call (id bigint generated always as identity, url text not null, body jsonb, params jsonb,
                       headers jsonb, timeout_milliseconds int);
create function net.http_post(url text, body jsonb default '{}', params jsonb default '{}',
                              headers jsonb default '{"Content-Type": "application/json"}',
                              timeout_milliseconds int default 5000) returns bigint language sql as $$
  insert into net.call (url, body, params, headers, timeout_milliseconds)
  values (url, body, params, headers, timeout_milliseconds) returning id
$$;
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A Postgres of the system with pg_cron, and the stand-ins in it."""
    cron = {"shared_preload_libraries": "pg_cron", "cron.use_background_workers": "on"}
    with EmbeddedPostgres(binaries=POSTGRES, settings={**SETTINGS, **cron}) as postgres:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute(STAND_INS)
        yield postgres.url


@pytest.fixture
def cron(url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection to it, with cron.sql run."""
    text = (ROOT / "examples" / "supabase" / "cron.sql").read_text()
    extension = "create extension if not exists pg_net;\n"
    assert text.count(extension) == 1
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        for _ in range(2):  # again: the job is replaced
            connection.execute(text.replace(extension, ""))
        yield connection


def secrets(connection: psycopg.Connection[dict[str, Any]], **named: str) -> None:
    for name, value in named.items():
        connection.execute(
            "insert into vault.decrypted_secrets (name, decrypted_secret) values (%s, %s)", (name, value)
        )


def test_the_job_is_there_once_off_the_quarter_hours_and_holds_no_secret(
    cron: psycopg.Connection[dict[str, Any]],
) -> None:
    secrets(cron, rekindle_scheduler_url="https://c4n4ry.example", rekindle_scheduler_key="c4n4ry-key")
    (job,) = cron.execute("select * from cron.job").fetchall()
    assert "c4n4ry" not in str(job)
    minutes = [int(minute) for minute in job["schedule"].split()[0].split(",")]
    assert all(minute % 15 for minute in minutes)
    cron.execute(job["command"])
    (call,) = cron.execute("select * from net.call").fetchall()
    assert (call["url"], call["headers"]["authorization"]) == ("https://c4n4ry.example", "Bearer c4n4ry-key")
    assert call["timeout_milliseconds"] == 150_000
    cron.execute("select cron.unschedule('rekindle')")
    assert cron.execute("select * from cron.job").fetchall() == []


def test_a_tick_of_cron_becomes_one_run_and_every_push_once(
    url: str, cron: psycopg.Connection[dict[str, Any]], fcm: Sandbox, team_in: Team, team_config: Config, tmp_path: Any
) -> None:
    team_in.people(3)
    write_config(tmp_path, TEAM_CONFIG)
    command = Command(tmp_path, command_environment(url, fcm)).having(REKINDLE_API_KEY=KEY)
    with serving(command) as api, Function(NAME, environment(api.url)) as function:
        secrets(cron, rekindle_scheduler_url=function.url, rekindle_scheduler_key=CRON_KEY)
        cron.execute("select cron.alter_job(jobid, schedule := '* * * * *') from cron.job")
        until = time.monotonic() + TICK_SECONDS
        while not (calls := cron.execute("select * from net.call").fetchall()):
            assert time.monotonic() < until, cron.execute("select * from cron.job_run_details").fetchall()
            time.sleep(0.2)
        (detail,) = cron.execute("select status, command from cron.job_run_details").fetchall()
        assert CRON_KEY not in detail["command"]
        call = calls[0]
        answers = [
            httpx.post(
                call["url"],
                json=call["body"],
                headers=call["headers"],
                timeout=call["timeout_milliseconds"] / 1000,
                trust_env=False,
            )
            for _ in range(2)  # and again, as if the job were repeated
        ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["run"]["scenarios"][0]["recorded"] == 3
    assert (team_in.counts()["run"], len(fcm.messages())) == (1, 3)


@pytest.fixture
async def team_in(url: str, team_config: Config) -> Team:
    """The team's tables in the database of pg_cron, and the configuration applied."""
    await asyncio.to_thread(fill_team, url)
    await apply(url, team_config)
    return Team(url)
