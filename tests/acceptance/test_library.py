"""Rekindle as a library, in a fresh process: silent until its host configures logging."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from team.team import TEAM_CONFIG, Team, write_config

NUDGE = """
import asyncio, sys
from dataclasses import replace
from uuid import UUID
from rekindle import DatabaseError, Engine, Settings, evaluate_and_dispatch, load_config
from rekindle.testing import BrokenNotifications, ScriptedDispatcher

async def main() -> None:
    settings = Settings()
    config = load_config(settings.config)
    async with Engine.open(settings, config, dispatcher=ScriptedDispatcher()) as engine:
        deps = replace(engine.deps, notifications=BrokenNotifications(DatabaseError()))
        report = await evaluate_and_dispatch(UUID(sys.argv[1]), "nudge", config, deps)
        assert report.numbers("nudge").unknown == 1, report  # there was something to log, as critical

asyncio.run(main())
"""


def ran(source: str, team: Team, url: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    (user_id,) = team.people(1)
    write_config(folder, TEAM_CONFIG)
    variables = {**os.environ, "REKINDLE_DATABASE_URL": url}
    arguments = [sys.executable, "-P", "-c", source, str(user_id)]
    return subprocess.run(arguments, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)


def test_as_a_library_it_prints_nothing_at_all(team: Team, team_worker_url: str, tmp_path: Path) -> None:
    done = ran(NUDGE, team, team_worker_url, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_host_that_configures_logging_sees_each_event_as_one_line_with_its_fields(
    team: Team, team_worker_url: str, tmp_path: Path
) -> None:
    done = ran("import logging; logging.basicConfig(level=logging.INFO)\n" + NUDGE, team, team_worker_url, tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    ours = [line for line in done.stderr.splitlines() if ":rekindle:" in line]
    (critical,) = [line for line in ours if line.startswith("CRITICAL:rekindle:record.failed ")]
    assert " code=RK501 " in critical
    (claimed,) = [line for line in ours if line.startswith("INFO:rekindle:scenario.claimed ")]
    assert " scenario=nudge " in claimed


def test_a_database_that_is_lost_prints_nothing_either() -> None:
    source = """
import asyncio, logging
import rekindle.app
logging.getLogger("psycopg.pool").warning("error connecting in 'pool-1': connection to 192.0.2.1 failed")
logging.getLogger("rekindle").critical("anything")
"""
    done = subprocess.run([sys.executable, "-P", "-c", source], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("configured", ["structlog.configure(processors=[])", "structlog.reset_defaults()"])
def test_the_hosts_structlog_is_neither_used_nor_changed(configured: str) -> None:
    source = f"""
import structlog
{configured}
before = structlog.get_config()
import rekindle.app
from rekindle.log import log
log.critical("some.event", scenario="nudge")
assert structlog.get_config() == before
"""
    done = subprocess.run([sys.executable, "-P", "-c", source], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
