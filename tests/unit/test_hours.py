"""What the configuration may say about the hour, and the notes of the check about it."""

from pathlib import Path

import pytest

from rekindle.configuration import load_config
from rekindle.engine.check_hours import check_hours
from rekindle.errors import ConfigInvalid
from rekindle.scenario import Config

OSLO, CENTRE = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
TEXT = 'message.en = { title = "Hello", body = "There" }\n'


def load(folder: Path, text: str, *, policy: str = "") -> Config:
    path = folder / "rekindle.toml"
    head = '[scenario.away]\nkind = "inactivity"\nafter = ["14d"]\ncooldown = "22h"\n'
    path.write_text(f"[policy]\n{policy}\n{head}{TEXT}{text}")
    return load_config(path)


def mistakes(folder: Path, text: str, *, policy: str = "") -> tuple[str, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, text, policy=policy)
    return caught.value.problems


@pytest.mark.parametrize(
    ("said", "window"),
    [("none", None), ("09:00", "09:00-10:00"), ("23:30", "23:30-00:30"), ("09:00-11:15", "09:00-11:15")],
)
def test_a_single_time_is_a_window_of_an_hour(tmp_path: Path, said: str, window: str | None) -> None:
    found = load(tmp_path, f'send_at = "{said}"').scenario["away"].send_window()
    assert (found and "-".join(f"{one:%H:%M}" for one in found)) == window


@pytest.mark.parametrize("said", ["9:00", "24:00", "09:00-", "09:00 - 10:00", "nine", "09:00-09:00", ""])
def test_another_text_is_a_mistake_at_its_place(tmp_path: Path, said: str) -> None:
    (problem,) = mistakes(tmp_path, f'send_at = "{said}"')
    assert problem.startswith("scenario.away.send_at: ")


def test_a_scenario_and_a_place_may_replace_the_policy(tmp_path: Path) -> None:
    place = f'[organisation."{OSLO}".scenario.away]\nsend_at = "18:00-20:00"'
    one = load(tmp_path, place, policy='send_at = "09:00"').scenario["away"]
    assert [variant.send_at for variant in one.variants()] == ["09:00", "18:00-20:00"]
    assert load(tmp_path, 'send_at = "none"', policy='send_at = "09:00"').scenario["away"].send_window() is None


@pytest.mark.parametrize(
    ("policy", "text", "where"),
    [
        ('quiet_hours = "21:00-09:30"\nsend_at = "09:00"', "", "policy"),
        ('quiet_hours = "21:00-09:30"', 'send_at = "09:00-11:00"', "scenario.away"),
        ('send_at = "21:00"', 'quiet_hours = "21:00-08:00"', "scenario.away"),
        (
            'send_at = "09:00"',
            f'[organisation."{OSLO}".scenario.away]\nquiet_hours = "08:59-09:01"',
            f"organisation.{OSLO}.scenario.away",
        ),
    ],
)
def test_an_hour_that_begins_within_the_quiet_hours_is_a_mistake(
    tmp_path: Path, policy: str, text: str, where: str
) -> None:
    (problem,) = mistakes(tmp_path, text, policy=policy)
    assert problem.startswith(f"{where}: send_at ")
    assert "begins within the quiet hours" in problem


def test_an_hour_that_ends_within_the_quiet_hours_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, 'send_at = "20:30"\nquiet_hours = "21:00-08:00"').scenario


def test_a_key_that_has_no_effect_in_a_critical_scenario_is_a_mistake_wherever_it_is(tmp_path: Path) -> None:
    places = (
        f'[organisation."{OSLO}".scenario.away]\nquiet_hours = "21:00-08:00"\n'
        f'[organisation."{OSLO}".chapter."{CENTRE}".scenario.away]\nsend_at = "09:00"\n'
    )
    found = mistakes(tmp_path, f'critical = true\nweekdays = ["mon"]\ncaps = ["1 per 1d"]\n{places}')
    assert [one.partition(": ")[0] for one in found] == [
        "scenario.away.weekdays",
        "scenario.away.caps",
        f"organisation.{OSLO}.scenario.away.quiet_hours",
        f"organisation.{OSLO}.chapter.{CENTRE}.scenario.away.send_at",
    ]
    assert all("do not stop a critical scenario" in one for one in found)


def test_a_critical_scenario_may_inherit_the_policy_and_say_that_nothing_limits_it(tmp_path: Path) -> None:
    policy = 'quiet_hours = "21:00-08:00"\nsend_at = "09:00"\nweekdays = ["mon"]\ncaps = ["1 per 1d"]'
    assert load(tmp_path, "critical = true", policy=policy).scenario
    own = 'quiet_hours = "none"\nsend_at = "none"\ncaps = []\nweekdays = ["mon","tue","wed","thu","fri","sat","sun"]'
    assert load(tmp_path, f"critical = true\n{own}", policy=policy).scenario


ZONES = ("Europe/Oslo", "Asia/Kathmandu", "America/New_York")


@pytest.mark.parametrize(
    ("keys", "never"),
    [
        ('schedule = "7 9 * * *"', ["Asia/Kathmandu", "America/New_York", "Europe/Oslo"]),
        ('schedule = "7 9 * * *"\nschedule_timezone = "Europe/Oslo"', ["Asia/Kathmandu", "America/New_York"]),
        ('schedule = "7 * * * *"', []),
        ('schedule = "* * * * *"', []),
        ('schedule = "7 9 29 2 *"', ["Asia/Kathmandu", "America/New_York", "Europe/Oslo"]),
        ('schedule = "7 9 * * *"\nenabled = false', []),
        ("", []),
    ],
)
def test_a_schedule_that_never_meets_the_hour_of_a_time_zone_is_noted(
    tmp_path: Path, keys: str, never: list[str]
) -> None:
    config = load(tmp_path, f'send_at = "09:00"\n{keys}')
    notes = check_hours(config, ZONES)
    assert all(one.note and one.fault is None for one in notes)
    said = "".join(one.message for one in notes)
    assert sorted(zone for zone in ZONES if zone in said) == sorted(never)


def test_many_time_zones_are_counted_and_five_are_named(tmp_path: Path) -> None:
    config = load(tmp_path, 'send_at = "09:00"\nschedule = "0 3 * * *"')
    zones = [f"Etc/GMT+{n}" for n in range(9)]
    (note,) = check_hours(config, [*zones, "Not/A_Zone"])
    assert "in 9 time zones Etc/GMT+0, Etc/GMT+1" in note.message
    assert "and 4 more: nobody there is ever reached" in note.message
