"""Texts as their authors see them: what one person would read, and what `apply` refuses."""

import json
from datetime import date, timedelta

from acceptance.audit import audit
from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, person, write_config

HEAD = '[dispatcher]\nkind = "fcm"\ntimeout = "20s"\n'
RICH = """
[scenario.nudge]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
priority = 60
link = "https://example.org/{code}"
[scenario.nudge.data]
screen = "home/{code}"
[scenario.nudge.android]
channel_id = "nudges"
[scenario.nudge.message.en]
title = "Hello {first_name}"
body = "{points, plural, one {# point} other {# points}} until {until, date}"
[scenario.nudge.message.nb]
title = "Hei {first_name}"
body = "{points, plural, one {# poeng} other {# poeng}}\\ntil {until, date, long}"
[scenario.away]
kind = "inactivity"
after = ["14d"]
cooldown = "7d"
[scenario.away.message.en]
title = "t"
body = "{days} days"
"""
VARIABLES = {"points": 1234, "until": "2026-01-31", "code": "c7"}


def set_variables(team: Team, number: int, **variables: object) -> None:
    """The n-th person has these variables, and no other."""
    team.execute(
        "update team.wanted set variables = %s::jsonb where user_id = %s", json.dumps(variables), person(number)
    )


def start_team(rekindle: Command, team: Team, count: int, *, devices: int = 1) -> None:
    """Make `count` people with every variable, and apply the scenarios above."""
    team.people(count, devices=devices)
    for number in range(1, count + 1):
        set_variables(team, number, **VARIABLES)
    write_config(rekindle.folder, HEAD + "[policy]\ncaps = []\n" + RICH)
    done = rekindle("apply")
    assert (done.code, done.err) == (0, ""), done


def test_one_person_is_shown_with_every_text_in_the_language_that_they_read(rekindle: Command, team: Team) -> None:
    start_team(rekindle, team, 2, devices=2)
    team.execute("update team.person set locale = 'nb-NO' where user_id = %s", person(1))
    team.execute("insert into team.activity values (%s, now() - interval '20 days')", person(2))
    done = rekindle("plan", "--show", person(1))
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "nudge: would claim, 2 device(s), because of first",
        "  locale  nb",
        "  title   Hei Name1",
        "  body    1\u00a0234 poeng",
        "          til 31. januar 2026",
        "  link    https://example.org/c7",
        "  data    screen, claim_id, idempotency_key, scenario_type, link",
        "  size    237 of 4,096 bytes",
        "",
        "away: not due",
    ]
    shown = rekindle("plan", "--show", person(2), "--json").json()
    assert shown["user_id"] == str(person(2))
    nudge, away = shown["scenarios"]
    assert (nudge["locale"], nudge["body"]) == ("en", "1,234 points until Jan 31, 2026")
    assert (away["verdict"], away["title"], away["body"], away["devices"]) == ("claim", "t", "20 days", 2)
    assert set(team.counts().values()) == {0}


def test_a_push_that_would_not_be_sent_is_shown_with_its_reason(rekindle: Command, team: Team) -> None:
    start_team(rekindle, team, 4)
    assert rekindle("run").code == 0
    set_variables(team, 1, **{**VARIABLES, "points": None})
    set_variables(team, 2, **{**VARIABLES, "until": "tomorrow"})
    set_variables(team, 3, **{**VARIABLES, "points": "1234"})
    team.execute("update team.wanted set occurrence = 'second'")
    team.execute("delete from team.device where user_id = %s", person(4))
    problems = {}
    for number in (1, 2, 3, 4):
        nudge, _ = rekindle("plan", "--show", person(number), "--json").json()["scenarios"]
        problems[number] = (nudge["verdict"], nudge["problem"], nudge["variable"], nudge["title"])
    assert problems == {
        1: ("cooldown", "missing_variable", "points", None),
        2: ("cooldown", "wrong_value", "until", None),
        3: ("cooldown", "wrong_value", "points", None),
        4: ("cooldown", None, None, "Hello Name4"),
    }
    plain = rekindle("plan", "--show", person(2)).out.splitlines()
    assert [line.strip() for line in plain[:3]] == [
        "nudge: refused: cooldown; due because of second", "locale  en", "problem wrong_value: until",
    ]  # fmt: skip


def test_a_person_who_is_not_a_recipient_is_reported_as_such(rekindle: Command, team: Team) -> None:
    start_team(rekindle, team, 1)
    stranger = person(99)
    assert rekindle("plan", "--show", stranger).out == f"{stranger} is not an active recipient here.\n"
    nothing = {"user_id": str(stranger), "external_id": None, "scenarios": []}
    assert rekindle("plan", "--show", stranger, "--json").json() == nothing
    assert rekindle("plan", "--show", "Ada").fault().startswith("error: RK729")
    both = rekindle("plan", "--show", person(1), "--user", person(1))
    assert (both.code, both.fault()) == (
        2,
        "error: RK106: --user and --show cannot be used together. See `--help` of the command.",
    )


def test_the_scenarios_to_be_shown_can_be_named(rekindle: Command, team: Team) -> None:
    start_team(rekindle, team, 1)
    [away] = rekindle("plan", "--show", person(1), "--scenario", "away", "--json").json()["scenarios"]
    assert (away["scenario_type"], away["verdict"]) == ("away", "not_due")


def test_one_persons_wrong_value_is_refused_and_the_others_are_sent(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    start_team(rekindle, team, 4)
    set_variables(team, 2, **{**VARIABLES, "points": "many"})
    set_variables(team, 3, **{**VARIABLES, "until": (date(2026, 1, 31) + timedelta(days=1)).isoformat() + "T00:00:00"})
    dry = rekindle("run", "--dry-run", "--scenario", "nudge", "--json").json()
    assert (dry[0]["checks"], dry[0]["refusals"]) == ({"valid": 2}, {"wrong_value": 2})
    done = rekindle("run", "--json")
    nudge = next(one for one in done.json()["scenarios"] if one["scenario_type"] == "nudge")
    assert (done.code, nudge["recorded"], nudge["refusals"]) == (0, 2, {"wrong_value": 2})
    for sent in fcm.messages():
        assert sent["message"]["android"]["notification"]["channel_id"] == "nudges"
        assert sent["message"]["notification"]["body"] == "1,234 points until Jan 31, 2026"
    assert len(fcm.messages()) == 2
    audit(team, fcm)


def test_a_text_that_can_never_be_sent_is_refused_and_nothing_is_applied(rekindle: Command, team: Team) -> None:
    team.people(1)
    write_config(rekindle.folder, TEAM_CONFIG.replace("Hei {first_name}", "x" * 2_000 + "{first_name}").replace(
        "Du har {points} poeng.", "y" * 2_100))  # fmt: skip
    done = rekindle("apply")
    assert done.code == 2
    assert done.fault().startswith("error: RK103: scenario.nudge.message.nb can never be sent: a push has at least 4,")
    assert "Shorten scenario.nudge.message.nb.body" in done.fault()
    [one] = rekindle("scenarios", "--json").json()
    assert one["version"] == 1


def test_an_unknown_plural_form_or_locale_is_a_mistake_of_the_file(rekindle: Command) -> None:
    wrong = SCENARIO.replace("{points} poeng", "{points, plural, few {# poeng} other {# poeng}}")
    write_config(rekindle.folder, HEAD + wrong.replace("message.en", "message.xx"))
    done = rekindle("apply")
    assert done.code == 2
    assert "'xx' is not a locale that CLDR has" in done.err
    assert "nb.body: in nb the plural of points has no form few; its forms are one, other" in done.err


def test_data_that_is_too_long_is_noted_by_check_and_by_apply_and_stops_nobody_else(
    rekindle: Command, team: Team
) -> None:
    team.people(2)
    team.execute("update team.person set first_name = repeat('å', 900) where user_id = %s", person(1))
    write_config(rekindle.folder, TEAM_CONFIG.replace("Hello {first_name}", "{first_name} {first_name} {first_name}"))
    notes = [one for one in rekindle("check", "--json").json() if one["note"]]
    assert [(one["subject"], one["ok"], one["code"]) for one in notes] == [
        ("nudge", True, None),
        ("applied", True, None),
    ]
    assert "with the longest values that there are now, a push has 5," in notes[0]["message"]
    assert "\nnote  scenario.nudge.message.en: with" in rekindle("check").out
    done = rekindle("apply")
    assert (done.code, done.out.splitlines()[-1]) == (0, "changed nudge (version 2)")
    [line] = [json.loads(line) for line in done.err.splitlines()]
    assert (line["event"], line["message"]) == ("check.note", notes[0]["message"])
    [checked] = rekindle("run", "--dry-run", "--json").json()
    assert checked["checks"] == {"too_large": 1, "valid": 1}
