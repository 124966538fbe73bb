"""Eight concurrent processes for the same people, under three scenarios and two caps, judged by
the sandbox's log."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from acceptance.command import Command, ended
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config
from team.waiting import until

PEOPLE = 240
PRIORITIES = {"high": 90, "low": 10, "mid": 50}
HOURLY, WEEKLY = 2, 3
# The scenarios of each process; none means all of them.
SELECTIONS = [["low"], ["low"], ["mid"], ["low", "mid"], ["high"], ["low", "high"], [], []]
SCENARIO = """
[scenario.{name}]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge where occurrence like '{name} %'"
cooldown = "1h"
priority = {priority}
[scenario.{name}.message.en]
title = "Hello {{first_name}}"
body = "You have {{points}} points."
"""
CONFIG = (
    TEAM_CONFIG.partition("[scenario")[0]
    + f'[policy]\ncaps = ["{HOURLY} per 1h", "{WEEKLY} per 7d"]\n'
    + "".join(SCENARIO.format(name=name, priority=priority) for name, priority in PRIORITIES.items())
)

Claims = dict[int, set[tuple[str, str]]]
"""For each person, the claims that reached them, with their scenarios."""


def due_scenarios(number: int) -> list[str]:
    """The scenarios under which a person is due, highest priority first. Every combination
    occurs."""
    return [
        name for bit, name in enumerate(sorted(PRIORITIES, key=lambda name: -PRIORITIES[name])) if number >> bit & 1
    ]


def earlier_pushes(number: int) -> int:
    """How many pushes a person got a day before: none, one or two."""
    return number // 8 % 3


def due(team: Team, day: str, wanted: dict[UUID, list[str]]) -> None:
    rows = [(user_id, f"{name} {day}") for user_id, names in wanted.items() for name in names]
    team.execute("delete from team.wanted")
    team.execute(
        "insert into team.wanted select *, '{\"points\": 7}' from unnest(%s::uuid[], %s::text[])",
        [user_id for user_id, _ in rows],
        [occurrence for _, occurrence in rows],
    )


def accepted(messages: list[dict[str, Any]]) -> Claims:
    claims: Claims = defaultdict(set)
    for sent in messages:
        data = sent["message"]["data"]
        claims[int(sent["target"][1:].partition("-")[0])].add((data["claim_id"], data["scenario_type"]))
    return claims


@contextmanager
def held_back(team: Team, processes: int) -> Iterator[None]:
    """When the block ends, every process that it started has reached the gates, and none is past
    them."""
    with psycopg.connect(team.url) as connection:
        connection.execute("lock table rekindle.gate in access exclusive mode")
        yield
        waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        with psycopg.connect(team.url, autocommit=True) as onlooker:
            until(lambda: len(onlooker.execute(waiting).fetchall()) >= processes)


def test_nobody_gets_more_than_the_caps_allow_and_the_highest_priority_wins(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    ids = dict(enumerate(team.people(PEOPLE, devices=2), 1))
    write_config(rekindle.folder, CONFIG)
    assert rekindle("apply", "--retire").code == 0
    due(team, "yesterday", {user_id: ["high", "mid"][: earlier_pushes(number)] for number, user_id in ids.items()})
    shift_clock(team.url, "-1 days")
    assert rekindle("run").code == 0
    before = accepted(fcm.messages())
    assert {number: len(before[number]) for number in ids} == {number: earlier_pushes(number) for number in ids}

    due(team, "today", {user_id: due_scenarios(number) for number, user_id in ids.items()})
    shift_clock(team.url, "0 days")
    with held_back(team, len(SELECTIONS)):
        processes = [
            rekindle.start("run", "--json", "--budget", "90s", *(f"--scenario={name}" for name in names))
            for names in SELECTIONS
        ]
    ends = [ended(process) for process in processes]
    assert [(one.code, one.err) for one in ends] == [(0, "")] * len(SELECTIONS)

    claimed = [sum(one["claimed"] for one in end.json()["scenarios"]) for end in ends]
    assert sum(count > 0 for count in claimed) > 1, "the processes did not meet at the gates"

    everything = accepted(fcm.messages())
    now = {number: everything[number] - before[number] for number in ids}
    for number in ids:
        room = min(HOURLY, WEEKLY - earlier_pushes(number))
        assert len(now[number]) <= HOURLY
        assert len(everything[number]) <= WEEKLY
        won = sorted((name for _, name in now[number]), key=lambda name: -PRIORITIES[name])
        assert won == due_scenarios(number)[:room], (number, room)
    devices = Counter((sent["target"], sent["message"]["data"]["claim_id"]) for sent in fcm.messages())
    assert set(devices.values()) == {1}
    assert len(devices) == 2 * sum(map(len, everything.values()))

    # Nobody was left out: another run finds nobody that it may claim.
    again = rekindle("run", "--json").json()["scenarios"]
    assert [(one["claimed"], one["carried"]) for one in again] == [(0, 0)] * 3
    refused = sum((Counter(one["refusals"]) for one in again), Counter())
    assert refused["frequency_cap"] == sum(len(due_scenarios(number)) - len(now[number]) for number in ids)
    assert refused["frequency_cap"] > PEOPLE / 5
