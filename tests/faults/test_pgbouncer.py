"""Behind a transaction pooler: every statement may land on another connection, and the promises hold."""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from acceptance.audit import audit
from acceptance.command import environment
from acceptance.team import Team
from rekindle import Engine
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
READY_SECONDS = 20.0

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


def free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return int(candidate.getsockname()[1])


@pytest.fixture
def pooled_url(team_worker_url: str, tmp_path: Path) -> Iterator[str]:
    """The team's database as rekindle_worker, through a pgbouncer in transaction mode with three connections."""
    parts = urlsplit(team_worker_url)
    port = free_port()
    folder = tmp_path / f"pgbouncer-{secrets.token_hex(4)}"
    folder.mkdir()
    users = folder / "users.txt"
    users.write_text(f'"{parts.username}" "{parts.password}"\n')
    ini = folder / "pgbouncer.ini"
    ini.write_text(
        f"""[databases]
* = host={parts.hostname} port={parts.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = 3
server_reset_query_always = 0
logfile = {folder / "log"}
"""
    )
    command = [str(PGBOUNCER), str(ini)]
    if os.geteuid() == 0:  # pgbouncer refuses to be root; nobody must then be let into the folder
        for path in (folder, users, ini):
            shutil.chown(path, "nobody")
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        command[1:1] = ["-u", "nobody"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline, "pgbouncer was not ready in time"
            time.sleep(0.01)
        yield urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    finally:
        process.kill()
        process.wait()


async def test_eight_runs_at_once_give_everyone_who_is_due_one_push(
    pooled_url: str, team: Team, team_config: Config, fcm: Sandbox
) -> None:
    team.people(120, devices=2)
    settings = Settings.model_validate(environment(pooled_url, fcm))

    async def run() -> int:
        async with Engine.open(settings, team_config) as engine:
            report = await engine.run(budget_seconds=20)
            assert report.status == "done", report
            return sum(one.pushes for one in report.scenarios)

    pushes = await asyncio.gather(*(run() for _ in range(8)))
    assert sum(pushes) == 240
    assert len(fcm.messages()) == 240
    assert (team.counts()["scenario_notification"], team.counts()["outbox"]) == (120, 0)
    audit(team, fcm)


async def test_plans_checks_and_history_work_through_it_too(
    pooled_url: str, team: Team, team_config: Config, fcm: Sandbox
) -> None:
    team.people(30)
    settings = Settings.model_validate(environment(pooled_url, fcm))
    async with Engine.open(settings, team_config) as engine:
        assert [finding for finding in await engine.check() if finding.fault] == []
        assert await engine.apply() == []
        listed = [candidate async for _, candidate in engine.plan() if candidate is not None]
        assert len(listed) == 30
        (preview,) = await engine.dry_run()
        assert preview.checks == {"valid": 30}
        assert (await engine.run(budget_seconds=20)).status == "done"
        assert [report.status for report in await engine.runs()] == ["done"]
        assert [status.latest.recorded for status in await engine.scenarios() if status.latest] == [30]
    audit(team, fcm)
