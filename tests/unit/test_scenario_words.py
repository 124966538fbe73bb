"""A scenario in words: every kind and every rule."""

from pathlib import Path

import pytest

from rekindle.configuration import load_config
from rekindle.scenario import KINDS
from rekindle.scenario.cron import in_words
from rekindle.scenario.words import differences, lines, sentence

TEXT = '\n[scenario.a.message.en]\ntitle = "t"\nbody = "b"\n'
BEGIN = '[scenario.a]\ncooldown = "7d"\n'
AWAY = 'kind = "inactivity"\nafter = ["14d", "30d"]\n'
AWAY_WORDS = "People who have not been active for 14 days, and again at 30 days."

KIND_WORDS = {
    AWAY: AWAY_WORDS,
    'kind = "inactivity"\nafter = ["14d"]\nlimit = 1\n': (
        "People who have not been active for 14 days. At most 1 push in one absence."
    ),
    AWAY + "back_off = 2\n": (
        f"{AWAY_WORDS} After two pushes without a visit, each further one waits 2 times as long."
    ),
    'kind = "onboarding"\nafter = ["3d", "7d"]\n': (
        "People who have never been active, 3 days after they joined, and again after 7 days."
    ),
    'kind = "milestone"\nat = [10, 50, 1000]\n': ("People who reach 10, 50 or 1,000 activities. Each mark once ever."),
    'kind = "milestone"\nat = [10]\nof = "sum"\n': (
        "People who have activities that add up to 10. Each mark once ever."
    ),
    'kind = "expiry"\nbefore = ["1d", "30d"]\nafter = ["7d"]\nmax_age = "30d"\n': (
        "People whose certificate expires in 30 days or tomorrow or expired 7 days ago. "
        "Each certificate and threshold once. Not if the last valid day of the certificate is more than 30 days ago."
    ),
    'kind = "expiry"\nafter = ["1d"]\n': (
        "People whose certificate expired 1 day ago. Each certificate and threshold once."
    ),
    'kind = "date"\non = "first_day"\nbefore = ["7d", "1d", "0d"]\n': (
        "People whose first day is in 7 days, tomorrow or today. Each year's day and threshold once."
    ),
    'kind = "event"\nbefore = ["24h", "90m"]\n': (
        "People who have an event that begins within 24 hours, and again within 90 minutes. "
        "Each event and threshold once, never after it began."
    ),
    'kind = "sql"\nquery = "select 1"\n': "People that your own query returns. Each occurrence once.",
    'kind = "sql"\nquery = "select 1"\nstill_due = "select 2"\n': (
        "People that your own query returns. Each occurrence once. "
        "A second query asks again just before a push is sent."
    ),
}

RULES = {
    "": {"When": "When somebody starts a run: it has no schedule. Still sent up to 24 hours later, not after that."},
    "enabled = false\n": {"People": f"Nobody: it is disabled. {AWAY_WORDS}"},
    'since = 2026-01-01\nuntil = 2026-06-01\nmax_age = "60d"\n': {
        "People": f"{AWAY_WORDS} Only from 2026-01-01 on: the day of the last activity. Not if the day of the last "
        "activity is more than 60 days ago. Nobody from 2026-06-01 on."
    },
    'caps = ["3 per 7d", "1 per 24h"]\n': {
        "How often": "At most once a week. Over all scenarios at most 1 push in 24 hours and 3 pushes in 7 days."
    },
    'schedule = "7 9 * * *"\nschedule_timezone = "Europe/Oslo"\nrelevance = "36h"\n': {
        "When": "Every day at 09:07 in Oslo. Still sent up to 36 hours later, not after that."
    },
    'quiet_hours = "21:00-08:00"\nsend_at = "09:00"\nweekdays = ["sun", "mon"]\n': {
        "When": "When somebody starts a run: it has no schedule. Not between 21:00 and 08:00 by each person's own "
        "clock. Only from 09:00 to 10:00 by each person's own clock. Only on Monday and Sunday. Still sent up to "
        "24 hours later, not after that."
    },
    'devices = { newest = 1, max_age = "270d" }\n': {
        "Devices": "At most 1 device of a person, the newest. None that was registered more than 270 days ago."
    },
    'link = "https://example.org/"\n': {"Opens": "It opens https://example.org/."},
    "data_only = true\n": {"Opens": "Your app shows it: the push is data alone."},
    "holdout = false\n": {"Held out": "Nobody."},
    'trial = { held_out = "20%", until = 2026-12-31 }\n': {
        "Held out": "20% of the people get no push, drawn by lot, until 2026-12-31."
    },
    'trial = { held_out = "20%", until = 2026-12-31, by = "chapter" }\n': {
        "Held out": "20% of the chapters get no push, drawn by lot, until 2026-12-31."
    },
    'uncertain = "resend"\n': {
        "If unclear": "A push that may have arrived is sent once more, so some people may see it twice."
    },
    "critical = true\n": {
        "How often": "At most once a week. Frequency caps do not stop it, though it counts towards them.",
        "Held out": "Nobody.",
    },
}


def scenario(folder: Path, keys: str, more: str = ""):
    path = folder / "rekindle.toml"
    path.write_text(BEGIN + keys + TEXT + more, encoding="utf-8")
    return load_config(path).scenario["a"]


@pytest.mark.parametrize("keys", KIND_WORDS)
def test_each_kind_says_which_people_are_due(tmp_path: Path, keys: str) -> None:
    assert dict(lines(scenario(tmp_path, keys)))["People"] == KIND_WORDS[keys]


def test_no_kind_is_left_out() -> None:
    assert {keys.split('"')[1] for keys in KIND_WORDS} == set(KINDS)


@pytest.mark.parametrize("keys", RULES)
def test_each_rule_has_its_line(tmp_path: Path, keys: str) -> None:
    usual = {"People": AWAY_WORDS, "How often": "At most once a week.", **RULES[""]}
    assert dict(lines(scenario(tmp_path, AWAY + keys))) == usual | RULES[keys]


def test_a_digest_names_what_it_covers(tmp_path: Path) -> None:
    one = scenario(tmp_path, 'kind = "event"\nbefore = ["24h"]\ndigest = { names = 2 }\n')
    assert "One push for all that a person is due for. It names up to 2." in sentence(one)


def test_hours_that_are_inherited_do_not_stop_what_is_critical(tmp_path: Path) -> None:
    one = scenario(tmp_path, AWAY + "critical = true\n", '[policy]\nquiet_hours = "21:00-08:00"\n')
    assert "At any hour: it is critical." in sentence(one)
    assert "21:00" not in sentence(one)


def test_a_sentence_is_the_people_how_often_and_the_hours(tmp_path: Path) -> None:
    one = scenario(tmp_path, AWAY + 'quiet_hours = "21:00-08:00"\nschedule = "7 9 * * *"\n')
    assert sentence(one) == (
        f"{AWAY_WORDS} At most once a week. Not between 21:00 and 08:00 by each person's own clock."
    )


def test_several_texts_have_their_shares(tmp_path: Path) -> None:
    further = '[scenario.a.text.B]\nweight = "30%"\n[scenario.a.text.B.message.en]\ntitle = "u"\nbody = "v"\n'
    trial = "[scenario.a.text_trial]\nuntil = 2026-12-31\n"
    assert dict(lines(scenario(tmp_path, AWAY, further + trial)))["Texts"] == (
        "Each person gets one of them by lot: text A for 70 % and B for 30 % of the people. "
        "They are compared until 2026-12-31."
    )


def test_a_place_has_the_rules_that_differ_there(tmp_path: Path) -> None:
    place = "00000000-0000-0000-0000-000000000001"
    more = f'[organisation.{place}.scenario.a]\nafter = ["7d"]\nmessage.nb = {{ title = "t", body = "b" }}\n'
    usual, own = scenario(tmp_path, AWAY + 'link = "https://example.org/"\n', more).variants()
    assert differences(usual, own) == [
        ("People", "People who have not been active for 7 days."),
        ("Words", "Other texts: en, nb."),
    ]
    assert differences(usual, usual) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("7 9 * * *", "Every day at 09:07"),
        ("0 8,17 * * *", "Every day at 08:00 and 17:00"),
        ("0 9 * * 1", "Every Monday at 09:00"),
        ("0 9 * * 1,7", "Every Monday and Sunday at 09:00"),
        ("30 6 1 * *", "On day 1 of each month at 06:30"),
        ("*/5 * * * *", "Every 5 minutes"),
        ("*/7 * * * *", "By the schedule */7 * * * *"),
        ("* * * * *", "Every minute"),
        ("5 * * * *", "Every hour at minute 5"),
        ("0 9 1 1 *", "By the schedule 0 9 1 1 *"),
        ("0 9 1 * 1", "By the schedule 0 9 1 * 1"),
        ("0 9 * * 1-5", "By the schedule 0 9 * * 1-5"),
        ("0 9 * * mon", "By the schedule 0 9 * * mon"),
    ],
)
def test_a_schedule_is_in_words_if_it_is_simple(line: str, words: str) -> None:
    assert in_words(line) == words
