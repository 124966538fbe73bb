"""A programme of 3,000 people and 60 days through the real engine: what `rekindle effect` says of a
nudge that does nothing, and of one that brings back ten of a hundred people more."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg

from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, UNGUARDED, Team, person, write_config

Within = Callable[..., str]

PEOPLE, JOINING, EVERY_DAYS, ENROLLED_DAYS, DAYS = 3_000, 200, 3, 45, 60
"""Every third day 200 people are due for the first time."""

BASE, LIFT = 0.2, 0.1
TRIALS = {"nothing": UUID(int=1), "helpful": UUID(int=2)}
"""The ids, and so the arms, are always the same."""

CONFIG = UNGUARDED + 'max_held_out = "75%"\n' + '[dispatcher]\nkind = "log"\n' + "".join(
    SCENARIO.replace("scenario.nudge", f"scenario.{name}")
    + f'[scenario.{name}.trial]\nheld_out = "50%"\nuntil = "UNTIL"\n'
    for name in TRIALS
)  # fmt: skip


def test_nothing_is_found_of_a_nudge_that_does_nothing_and_a_gain_is_found(
    within: Within, team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    [(until,)] = team.rows("select (rekindle.clock() at time zone 'UTC')::date + %s", ENROLLED_DAYS)
    write_config(tmp_path, CONFIG.replace("UNTIL", str(until)))
    assert "started: the trial of helpful" in within("apply", "--retire")
    for scope, trial_id in TRIALS.items():
        team.execute("update rekindle.trial set trial_id = %s where scope = %s", trial_id, scope)
    chance, added = Random(1), 0
    with psycopg.connect(team.url, autocommit=True) as connection:
        for day in range(0, DAYS + 1, EVERY_DAYS):
            shift_clock(team.url, f"{day} days")
            new = [person(number) for number in range(added + 1, min(added + JOINING, PEOPLE) + 1)]
            added += len(new)
            join(connection, new)
            within("run")
            come_back(connection, new, chance)
            if day == 30:
                assert "first outside the interval" not in said(within, "nothing")
    shown = said(within, "nothing")
    assert "no difference" in shown.splitlines()[0], shown
    assert "first outside the interval" not in shown
    assert "no longer true" not in shown
    assert said(within, "helpful").startswith("helpful: helps: between "), shown
    both = within("effect")
    assert "helpful: helps: between " in both
    assert "nothing: helps" not in both
    assert "enrolled: 1,4" in both or "enrolled: 1,5" in both


def said(within: Within, scenario: str) -> str:
    return within("effect", "--scenario", scenario)


def join(connection: psycopg.Connection, new: list[UUID]) -> None:
    """These people are due today, for both scenarios."""
    connection.execute(
        "insert into team.person (user_id, locale, first_name) select one, 'en', 'Ada' from unnest(%s::uuid[]) one",
        [new],
    )
    connection.execute(
        "insert into team.device (user_id, token) select one, 't-' || one from unnest(%s::uuid[]) one", [new]
    )
    connection.execute(
        "insert into team.wanted select one, 'first', '{\"points\": 7}' from unnest(%s::uuid[]) one", [new]
    )


def come_back(connection: psycopg.Connection, new: list[UUID], chance: Random) -> None:
    """A fifth of them are active within two weeks, and a tenth more of those who got the helpful
    push."""
    rows = connection.execute(
        "select user_id from rekindle.scenario_notification where scenario_type = 'helpful' and user_id = any (%s)",
        [new],
    ).fetchall()
    nudged = {row[0] for row in rows}
    back = [one for one in new if chance.random() < BASE + (LIFT if one in nudged else 0)]
    connection.execute(
        "insert into team.activity select one, rekindle.clock() + interval '3 days' from unnest(%s::uuid[]) one", [back]
    )
