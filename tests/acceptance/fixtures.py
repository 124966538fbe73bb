"""Fixtures of the acceptance and the fault tests; each conftest imports the ones that it needs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.command import Command, environment
from conftest import Server, as_worker
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import TEAM_CONFIG, Team, fill_team, write_config


async def apply(url: str, config: Config) -> None:
    """Apply the configuration."""
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    async with Engine.open(settings, config, dispatcher=ScriptedDispatcher()) as engine:
        await engine.apply()


@pytest.fixture(scope="session")
def team_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration with the scenario `nudge`."""
    return load_config(write_config(tmp_path_factory.mktemp("team"), TEAM_CONFIG))


@pytest.fixture
def team(server: Server, team_config: Config) -> Iterator[Team]:
    """A fresh database of a team, with the scenario `nudge` in force and nobody in it yet."""

    def fill(url: str) -> None:
        fill_team(url)
        asyncio.run(apply(url, team_config))

    url = server.clone("template_team", fill)
    yield Team(url)
    server.drop(url)


@pytest.fixture
def team_worker_url(server: Server, team: Team) -> str:
    """The team's database, as a login that has the role rekindle_worker and nothing else."""
    return as_worker(server, team.url)


@pytest.fixture
def rekindle(team_worker_url: str, fcm: Sandbox, tmp_path: Path) -> Command:
    """The command line as rekindle_worker, on the team's database and the sandbox, in a separate
    folder."""
    write_config(tmp_path, TEAM_CONFIG)
    return Command(tmp_path, environment(team_worker_url, fcm))
