"""docs/how-to/own-outcome.md shows what really happens."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from conftest import shift_clock
from docs.console import anonymous, is_excerpt
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox
from team.team import UNGUARDED, Team

PEOPLE = 12
ALWAYS_THE_SAME = """
update rekindle.trial set trial_id = '00000000-0000-4000-8000-000000000001'
where not exists (select from rekindle.enrolment)
"""
"""The id decides who is held out."""
AWAY = "insert into team.activity select user_id, rekindle.clock() - interval '20 days' from team.person"
TABLE = "create table shifts (person uuid, ended_at timestamptz, attended boolean)"


def test_every_block_of_the_page_does_what_it_shows(
    within: Callable[..., str], team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    team.execute("delete from rekindle.scenario")
    team.people(PEOPLE)
    team.execute(AWAY + " where first_name <> 'Name1'")
    team.execute(TABLE)
    [(until,)] = team.rows("select ((rekindle.clock() at time zone 'UTC')::date + 90)::text")
    shown: list[str] = []
    for block in blocks(read("docs/how-to/own-outcome.md")):
        kind, _, file = block.info.partition(" ")
        if kind == "sql":
            team.execute(block.text)
            continue
        if file:
            text = re.sub(r'(?<=until = ")[-0-9]+', str(until), block.text)
            (tmp_path / file).write_text(UNGUARDED + text, encoding="utf-8")
            continue
        for line, expected in commands(block.text):
            if line == "rekindle effect":
                three_weeks_pass(within, team)
                team.execute("drop view rekindle_source.shift")
            out = within(*shlex.split(line)[1:])
            assert is_excerpt(anonymous("\n".join(expected)), anonymous(out)), (line, out)
            team.execute(ALWAYS_THE_SAME)
            shown.append(line)
    assert shown == ["rekindle check", "rekindle apply", "rekindle effect"]
    said = within("report")
    assert " 1 of " in said, said


def three_weeks_pass(within: Callable[..., str], team: Team) -> None:
    """One of the nudged works a shift, and somebody is nudged on the last day, who waits."""
    within("run")
    team.execute(
        "insert into shifts select n.user_id, rekindle.clock() + interval '2 days', true "
        "from rekindle.scenario_notification n order by n.user_id limit 1"
    )
    shift_clock(team.url, "22 days 1 minute")
    within("run")
    team.execute(AWAY + " where first_name = 'Name1'")
    within("run")
