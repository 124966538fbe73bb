"""docs/how-to/does-it-help.md shows what really happens."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from conftest import shift_clock
from docs.console import anonymous, is_excerpt
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox
from team.team import UNGUARDED, Team

PEOPLE = 800

BACK = """
insert into team.activity
select one.user_id, rekindle.clock() + interval '3 days'
from (select e.user_id, e.arm, row_number() over (partition by e.arm order by e.user_id) as number
      from rekindle.enrolment e) one
where mod(one.number, case one.arm when 'nudged' then 3 else 5 end) = 0
"""
ALWAYS_THE_SAME = """
update rekindle.trial set trial_id = '00000000-0000-4000-8000-000000000001'
where not exists (select from rekindle.enrolment)
"""
"""The id decides who is held out."""


def test_every_block_of_the_page_does_what_it_shows(
    within: Callable[..., str], team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    """Of those who are held out every fifth comes back, and every third of the others."""
    team.execute("delete from rekindle.scenario")
    team.people(PEOPLE)
    team.execute("insert into team.activity select user_id, rekindle.clock() - interval '20 days' from team.person")
    [(until,)] = team.rows("select ((rekindle.clock() at time zone 'UTC')::date + 90)::text")
    shown: list[str] = []
    for block in blocks(read("docs/how-to/does-it-help.md")):
        _, _, file = block.info.partition(" ")
        if file:
            text = re.sub(r'(?<=until = ")[-0-9]+', str(until), block.text)
            (tmp_path / file).write_text(UNGUARDED + text, encoding="utf-8")
            continue
        for line, expected in commands(block.text):
            if line == "rekindle effect" and shown.count(line) == 1:
                two_weeks_pass(within, team)
            out = within(*shlex.split(line)[1:])
            assert is_excerpt(anonymous("\n".join(expected)), anonymous(out)), (line, out)
            team.execute(ALWAYS_THE_SAME)
            shown.append(line)


def two_weeks_pass(within: Callable[..., str], team: Team) -> None:
    """Some are active again, and a run looks back."""
    team.execute(BACK)
    shift_clock(team.url, "16 days")
    within("run")
