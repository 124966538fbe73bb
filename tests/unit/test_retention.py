"""The table [retention]: what it says, and what it may not say."""

import dataclasses
from pathlib import Path

import pytest
from pydantic import ValidationError

from rekindle.configuration import load_config
from rekindle.errors import ConfigInvalid
from rekindle.policy import Retention
from rekindle.scenario import Config

DAY = 86_400
SCENARIO = """
[scenario.away]
kind = "inactivity"
after = ["14d"]
cooldown = "{cooldown}"
[scenario.away.message.en]
title = "t"
body = "b"
[scenario.papers]
kind = "expiry"
before = ["30d", "900d"]
cooldown = "1d"
[scenario.papers.message.en]
title = "t"
body = "b"
"""


def load(folder: Path, retention: str = "", *, cooldown: str = "7d", run: str = "") -> Config:
    path = folder / "rekindle.toml"
    text = f"[run]\n{run}\n[retention]\n{retention}\n{SCENARIO.format(cooldown=cooldown)}"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_without_the_table_records_are_kept_for_thirteen_months_and_occurrences_for_ever(tmp_path: Path) -> None:
    assert load(tmp_path).retained() == Retention(
        notification=397 * DAY,
        outcome=90 * DAY,
        run=397 * DAY,
        gate=90 * DAY,
        disabled_token=397 * DAY,
        audit=1_098 * DAY,
        api_key=397 * DAY,
        spent=None,
    )


def test_records_are_kept_for_the_longest_cooldown_if_that_is_longer(tmp_path: Path) -> None:
    assert load(tmp_path, cooldown="730d").retained().notification == 730 * DAY


def test_every_key_means_what_the_file_says(tmp_path: Path) -> None:
    said = 'notification = "40d"\noutcome = "7d"\nrun = "31d"\ngate = "36h"\ndisabled_token = "2d"\n'
    kept = load(tmp_path, said + 'audit = "31d"\napi_key = "3d"\nenrolment = "4d"\nspent = "931d"').retained()
    assert [seconds / DAY for seconds in dataclasses.astuple(kept)] == [40, 7, 31, 1.5, 2, 31, 3, 4, 931]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('notification = "30d"', "is too short; make it at least 31d, because a frequency cap may look back so far"),
        (
            'notification = "59d"',
            "is too short; make it at least 60d, because the cooldown of scenario away is as long",
        ),
        ('outcome = "6d"', "is too short; make it at least 7d, because an operator needs time to settle unknown sends"),
        ('run = "30d"', "is too short; make it at least 31d, because the guard looks back so far"),
        ('run = "39d"', "is too short; make it at least 40d, because run.catch_up looks back so far"),
        ('gate = "23h"', "is too short; make it at least 1d, because a send may be answered late"),
        ('disabled_token = "1h"', "is too short; make it at least 1d, because a registration may arrive late"),
        ('api_key = "1h"', "is too short; make it at least 1d, because a clock may be wrong for a while"),
        ('audit = "30d"', "is too short; make it at least 31d, because it is the record of who changed what"),
        (
            'spent = "930d"',
            "is too short; make it at least 931d, because an occasion of scenario papers lasts as long",
        ),
    ],
)
def test_what_is_shorter_than_a_promise_needs_is_one_line_with_a_hint(tmp_path: Path, said: str, problem: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path, said, cooldown="60d", run='catch_up = "40d"')
    assert list(caught.value.problems) == [f"retention.{said.split(' ')[0]}: {problem}"]


def test_occurrences_are_kept_at_least_as_long_as_their_records(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path, 'spent = "940d"\nnotification = "950d"')
    assert list(caught.value.problems) == [
        "retention.spent: is too short; make it at least 950d, because notifications are kept as long"
    ]


def test_a_key_that_there_is_not_and_a_word_that_is_not_a_duration_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path, 'spent = "never"\nnotifications = "40d"')
    assert {problem.partition(":")[0].split(".")[1] for problem in caught.value.problems} == {"spent", "notifications"}


def test_a_horizon_is_in_whole_days_and_its_records_are_kept_until_it_is_over() -> None:
    """All mistakes at once, at their place."""
    scenario = {"kind": "milestone", "at": [1], "cooldown": "1d", "message": {"en": {"title": "t", "body": "b"}}}
    with pytest.raises(ValidationError) as fault:
        Config.model_validate(
            {
                "scenario": {
                    "a": scenario | {"outcome": {"horizon": "36h"}},
                    "b": scenario | {"outcome": {"horizon": "367d"}},
                }
            }
        )
    found = {".".join(map(str, one["loc"])): one["msg"] for one in fault.value.errors()}
    assert [(place.split(".")[1], "whole days up to 366d" in message) for place, message in sorted(found.items())] == [
        ("a", True),
        ("b", True),
    ]
    with pytest.raises(
        ValidationError, match="make it at least 91d, because the outcome of scenario a is known only then"
    ):
        Config.model_validate(
            {"scenario": {"a": scenario | {"outcome": {"horizon": "90d"}}}, "retention": {"notification": "60d"}}
        )
