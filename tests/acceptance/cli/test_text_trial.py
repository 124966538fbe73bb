"""Texts of one scenario, from the file to the devices."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from conftest import shift_clock
from rekindle.effect.assignment import text_of
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, person, write_config

Within = Callable[..., str]

TEXTS = """
[scenario.nudge.text.B]
weight = "25%"
[scenario.nudge.text.B.message.en]
title = "News, {first_name}"
body = "Look: {points}"
[scenario.nudge.text.B.message.nb]
title = "Nytt, {first_name}"
body = "Se: {points}"
[scenario.nudge.text_trial]
until = "UNTIL"
"""
BODIES = {"A": "You have 7 points.", "B": "Look: 7"}


def begin(within: Within, team: Team, count: int, *, weight: int = 25) -> dict[str, str]:
    """Apply the scenario with two texts, B for so many per cent. Returns the text of each of the
    people, who are due. The id of the trial, and so the texts, are always the same."""
    team.people(count)
    [(until,)] = team.rows("select (rekindle.clock() at time zone 'UTC')::date + 30")
    write_config(Path(), TEAM_CONFIG + TEXTS.replace("UNTIL", str(until)).replace("25%", f"{weight}%"))
    said = within("apply")
    assert (
        f"started: the text trial of nudge; {100 - weight} % of the people get text A, {weight} % text B, until" in said
    )
    assert "  What it can show is not known: there are fewer days of pushes than the trial has before it." in said
    salt = str(UUID(int=1))
    team.execute("update rekindle.trial set trial_id = %s", salt)
    people = [str(person(number)) for number in range(1, count + 1)]
    weights = [100 * (100 - weight), 100 * weight]
    return {one: "AB"[text_of(salt, "nudge", one, weights)] for one in people}


def test_both_texts_reach_devices_and_each_person_gets_that_of_their_bucket(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    texts = begin(within, team, 60)
    planned = within("plan", "--limit", "0")
    assert Counter(texts.values())["B"] == planned.count("text B") > 0
    one = next(user for user, name in texts.items() if name == "B")
    assert "would be claimed now, and get text B" in within("explain", one)
    assert "60 people reached" in within("run")
    targets = {f"t{number}-1": texts[str(person(number))] for number in range(1, 61)}
    sent = {message["target"]: message["message"]["notification"]["body"] for message in fcm.messages()}
    assert sent == {target: BODIES[name] for target, name in targets.items()}


def test_each_text_can_be_seen_and_sent_as_a_test(within: Within, team: Team, fcm: Sandbox) -> None:
    texts = begin(within, team, 12)
    one = next(user for user, name in texts.items() if name == "B")
    shown = within("plan", "--show", one)
    assert [line for line in shown.splitlines() if line.startswith("nudge")] == [
        "nudge, text B: would claim, 1 device(s), because of first",
        "nudge, text A: others get this text",
    ]
    assert ("Look: 7" in shown, "You have 7 points." in shown) == (True, True)
    for text in ("A", "B"):
        assert "accepted by the provider" in within(
            "send", "--user", one, "--scenario", "nudge", "--test", "--text", text
        )
    assert [message["message"]["notification"]["body"] for message in fcm.messages()] == [BODIES["A"], BODIES["B"]]
    refused = within("send", "--user", one, "--scenario", "nudge", "--test", "--text", "C")
    assert "RK715: scenario nudge has no text 'C'" in refused
    assert "It has A, B." in refused


def test_every_text_is_checked_before_it_is_applied(within: Within, team: Team, fcm: Sandbox) -> None:
    [(until,)] = team.rows("select (rekindle.clock() at time zone 'UTC')::date + 30")
    team.people(1)
    write_config(Path(), TEAM_CONFIG + TEXTS.replace("UNTIL", str(until)).replace("Look: {points}", "Look: {pints}"))
    said = within("apply")
    assert "RK103: scenario.nudge.text.B.message.en.body names pints, which the scenario does not have" in said


@pytest.mark.parametrize(
    ("lift", "says"),
    [(0, ("no difference seen", "too few yet: no difference seen")), (0.4, ("B brings more back than A",))],
)
def test_the_effect_says_nothing_of_texts_that_do_the_same_and_which_one_brings_more_back(
    within: Within, team: Team, fcm: Sandbox, lift: float, says: tuple[str, ...]
) -> None:
    texts = begin(within, team, 400, weight=50)
    within("run")
    chance = Random(1)
    back = [user for user, name in texts.items() if chance.random() < 0.2 + (lift if name == "B" else 0)]
    team.execute(
        "insert into team.activity select one, rekindle.clock() + interval '3 days' from unnest(%s::uuid[]) one", back
    )
    shift_clock(team.url, "16 days")
    within("run")
    shown = within("effect", "--scenario", "nudge").splitlines()
    assert shown[0].startswith(tuple(f"nudge, text B against A: {one}" for one in says)), shown
    numbers = Counter(texts.values())
    assert shown[2].strip() == f"enrolled: {numbers['B']} with text B, {numbers['A']} with text A"
    assert "accepted by the provider: 100.0 % of those with text B, 100.0 % of those with text A" in "".join(shown)
    assert "first outside the interval" not in "".join(shown) or lift
    [trial] = json.loads(within("effect", "--json"))["trials"]
    assert (trial["scope"], trial["texts"]["other"], trial["nudged"]["came_back"]) == (
        "text:nudge", "B", sum(texts[user] == "B" for user in back),
    )  # fmt: skip
