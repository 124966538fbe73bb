"""The page on a coordinator's own push: its table, its scenario and its commands work."""

import re
from collections.abc import Callable
from pathlib import Path

from acceptance.fixtures import team, team_config, team_worker_url
from acceptance.in_process import process_as_before, within
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config

__all__ = ["process_as_before", "team", "team_config", "team_worker_url", "within"]
PAGE = {one.info: one.text for one in blocks(read("docs/how-to/a-coordinators-own-push.md"))}


def test_each_line_that_a_coordinator_writes_is_sent_once(within: Callable[..., str], team: Team, fcm: Sandbox) -> None:
    user_id, other = team.people(2)
    team.execute(PAGE["sql"])  # type: ignore[arg-type]
    write_config(Path(), TEAM_CONFIG.partition("[scenario")[0] + PAGE["toml"])
    team.execute("insert into coordinator_push (user_id, line) values (%s, 'Hello {first_name}')", user_id)
    team.execute(
        "insert into coordinator_push (user_id, line, until_at) values (%s, 'Too late', now() - interval '1 s')", other
    )
    said: list[str] = []
    for command, _ in commands(PAGE["console"]):
        words = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(user_id), command).split()[1:]
        said.append(within(*words, *(["--retire"] if words == ["apply"] else [])))
    texts = [message["message"]["notification"] for message in fcm.messages()]
    assert [(one["title"], one["body"]) for one in texts] == [
        ("[Test] From your coordinator", "Hello {first_name}"),
        ("From your coordinator", "Hello {first_name}"),
    ], said
    assert "already_notified 1" in within("run", "--scenario", "coordinator")
