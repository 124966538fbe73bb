"""Texts of one scenario, from the file to the devices."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

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


def begin(within: Within, team: Team, folder: Path, count: int) -> dict[str, str]:
    """Apply the scenario with two texts. Returns the text of each of the people, who are due."""
    team.people(count)
    [(until,)] = team.rows("select (rekindle.clock() at time zone 'UTC')::date + 30")
    write_config(folder, TEAM_CONFIG + TEXTS.replace("UNTIL", str(until)))
    said = within("apply")
    assert (
        "started: the text trial of nudge; 75 % of the people get text A, 25 % of the people get text B, until" in said
    )
    [(salt,)] = team.rows("select trial_id::text from rekindle.trial")
    people = [str(person(number)) for number in range(1, count + 1)]
    return {one: "AB"[text_of(str(salt), "nudge", one, [7_500, 2_500])] for one in people}


def test_both_texts_reach_devices_and_each_person_gets_that_of_their_bucket(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    texts = begin(within, team, Path(), 60)
    planned = within("plan", "--limit", "0")
    assert Counter(texts.values())["B"] == planned.count("text B") > 0
    one = next(user for user, name in texts.items() if name == "B")
    assert "would be claimed now, and get text B" in within("explain", one)
    assert "60 people reached" in within("run")
    targets = {f"t{number}-1": texts[str(person(number))] for number in range(1, 61)}
    sent = {message["target"]: message["message"]["notification"]["body"] for message in fcm.messages()}
    assert sent == {target: BODIES[name] for target, name in targets.items()}


def test_each_text_can_be_seen_and_sent_as_a_test(within: Within, team: Team, fcm: Sandbox) -> None:
    texts = begin(within, team, Path(), 12)
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
