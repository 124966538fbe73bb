"""A replica that lagged and is promoted lacks what was sent last. A run notices before it sends."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest

from acceptance.fixtures import apply
from conftest import SERVERS, SETTINGS, in_memory
from rekindle import Engine
from rekindle.embedded import EmbeddedPostgres
from rekindle.errors import BadArgument, InstallationNotAdopted
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team, fill_team, person
from team.waiting import until

CAUGHT_UP = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"


@pytest.fixture
def two_servers(team_config: Config) -> Iterator[tuple[EmbeddedPostgres, EmbeddedPostgres]]:
    """A primary with a team that has a run behind it, and an asynchronous replica."""
    with ExitStack() as stack:
        stack.enter_context(in_memory())
        # Not tmp_path: each session of pytest takes the access of others to its parent away.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)
        primary = EmbeddedPostgres(folder / "primary", binaries=SERVERS["embedded"], settings=SETTINGS)
        stack.enter_context(primary)
        fill_team(primary.url)
        asyncio.run(apply(primary.url, team_config))
        team = Team(primary.url)
        team.people(30)
        team.execute("delete from team.wanted")
        primary.stop()
        subprocess.run(["cp", "-a", folder / "primary", folder / "replica"], check=True)
        primary.start()
        at = urlsplit(primary.url)
        data = folder / "replica" / "data"
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(
                f"primary_conninfo = 'host={at.hostname} port={at.port} user={at.username} password={at.password}'\n"
            )
        (data / "standby.signal").touch()
        replica = EmbeddedPostgres(folder / "replica", binaries=SERVERS["embedded"], settings=SETTINGS)
        yield primary, stack.enter_context(replica)


async def run(url: str, config: Config, dispatcher: ScriptedDispatcher) -> str:
    async with Engine.open(
        Settings.model_validate({"REKINDLE_DATABASE_URL": url}), config, dispatcher=dispatcher
    ) as engine:
        return (await engine.run()).status


def test_a_promoted_replica_sends_nothing_until_it_is_adopted(
    two_servers: tuple[EmbeddedPostgres, EmbeddedPostgres], team_config: Config
) -> None:
    primary, replica = two_servers
    team = Team(primary.url)
    dispatcher = ScriptedDispatcher()
    want: LiteralString = "insert into team.wanted values (%s, 'first', '{\"points\": 7}')"
    team.execute(want, person(1))
    assert asyncio.run(run(primary.url, team_config, dispatcher)) == "done"
    for number in range(2, 31):
        team.execute(want, person(number))
    [(written,)] = team.rows("select pg_current_wal_lsn()")
    until(lambda: Team(replica.url).rows(CAUGHT_UP, written) == [(True,)], "the replica's copy")
    with psycopg.connect(replica.url, autocommit=True) as standby:
        standby.execute("alter system set primary_conninfo = ''")
        standby.execute("select pg_reload_conf()")
    until(lambda: Team(replica.url).rows("select from pg_stat_wal_receiver") == [], "a replica that receives nothing")

    assert asyncio.run(run(primary.url, team_config, dispatcher)) == "done"
    assert len(dispatcher.sent) == 30
    primary.crash()
    with psycopg.connect(replica.url, autocommit=True) as standby:
        standby.execute("select pg_promote()")

    async def after() -> None:
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": replica.url})
        async with Engine.open(settings, team_config, dispatcher=dispatcher) as engine:
            for _ in range(2):
                with pytest.raises(
                    InstallationNotAdopted, match=r"^RK211: .*timeline 2, .*not .*timeline 1.*adopt"
                ) as fault:
                    await engine.run()
                assert fault.value.exit_code == 2
            with pytest.raises(InstallationNotAdopted):
                await engine.ready()
            assert len(dispatcher.sent) == 30, "a push was sent twice"
            assert [one.fault.code for one in await engine.check() if one.fault] == ["RK211"]
            assert len(await engine.runs()) == 1
            assert "timeline 2" in await engine.adopt()
            assert [one for one in await engine.check() if one.fault] == []
            with pytest.raises(BadArgument):
                await engine.adopt()
            assert (await engine.run()).status == "done"
            assert len(dispatcher.sent) == 59  # what the replica had not received is sent again
            assert (await engine.run()).status == "done"

    asyncio.run(after())
