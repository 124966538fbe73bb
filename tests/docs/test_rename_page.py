"""docs/how-to/rename-a-scenario.md shows what really happens."""

import shlex
from collections.abc import Callable
from pathlib import Path

import psycopg

from docs.console import anonymous, is_excerpt
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox
from team.team import UNGUARDED, Team

ADA = "aaaaaaaa-0000-4000-8000-000000000001"


def test_every_block_of_the_page_does_what_it_shows(
    within: Callable[..., str], team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    team.execute("delete from rekindle.scenario")
    team.execute("insert into team.person (user_id, first_name) values (%s, 'Ada')", ADA)
    team.execute("insert into team.device (user_id, token) values (%s, 'adas-phone')", ADA)
    team.execute("insert into team.activity (user_id, activity_date) values (%s, now() - interval '20 days')", ADA)
    for block in blocks(read("docs/how-to/rename-a-scenario.md")):
        language, _, file = block.info.partition(" ")
        if language == "sql":
            with psycopg.connect(team.url) as connection:
                connection.execute(block.text.encode())
        elif file:
            (tmp_path / file).write_text(UNGUARDED + block.text, encoding="utf-8")
        else:
            for line, shown in commands(block.text):
                out = within(*shlex.split(line)[1:])
                assert is_excerpt(anonymous("\n".join(shown)), anonymous(out)), (line, out)
    [message] = fcm.messages()
    assert message["message"]["notification"]["title"] == "We miss you, Ada"
