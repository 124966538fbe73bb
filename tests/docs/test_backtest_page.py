"""docs/how-to/try-on-your-past.md shows what really happens."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from conftest import shift_clock
from docs.console import anonymous, is_excerpt
from docs.documents import blocks, commands, read
from team.team import Team


def test_every_block_of_the_page_does_what_it_shows(within: Callable[..., str], team: Team, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    shift_clock(team.url, f"{(noon - now).total_seconds():.0f} seconds")
    for number, user_id in enumerate(team.people(16)):
        # Each was last active on another day, and is away since.
        team.execute(
            "insert into team.activity values (%s, date_trunc('day', now()) - make_interval(days => %s))",
            user_id,
            17 + 3 * number,
        )
    view = (
        "create view rekindle_source.shift as select w.user_id, day as shift_id, "
        f"timestamptz '{noon.isoformat()}' + make_interval(days => day, hours => -4) as starts_at "
        "from (select user_id from team.wanted order by user_id limit 1) w, generate_series(-90, 5) as day"
    )
    with psycopg.connect(team.url, autocommit=True) as connection:
        connection.execute(view.encode())
    team.execute("grant select on rekindle_source.shift to rekindle_worker")
    before = team.counts()
    for block in blocks(read("docs/how-to/try-on-your-past.md")):
        _, _, file = block.info.partition(" ")
        if file:
            (tmp_path / file).write_text(block.text, encoding="utf-8")
            continue
        for line, shown in commands(block.text):
            out = within(*shlex.split(line)[1:])
            assert is_excerpt(anonymous("\n".join(shown)), anonymous(out)), (line, out)
    assert team.counts() == before
