"""Overrides: the settings that an organisation or a chapter replaces, and the place it inherits
the others from."""

from pathlib import Path

import pytest

from rekindle.configuration import load_config
from rekindle.errors import ConfigInvalid
from rekindle.scenario import AnyScenario, Config, Inactivity, definition, fingerprint, parse_scenario

OSLO = "6f1c2b9e-0000-4000-8000-00000000000a"
BERGEN = "6f1c2b9e-0000-4000-8000-00000000000b"
CENTRE = "6f1c2b9e-0000-4000-8000-0000000000c1"
BASE = """
[policy]
quiet_hours = "21:00-08:00"
[scenario.away]
kind = "inactivity"
after = ["14d", "30d"]
cooldown = "7d"
caps = ["2 per 7d"]
android = { channel_id = "nudges", sound = "ping" }
[scenario.away.message.en]
title = "Hello"
body = "There"
[scenario.away.message.nb]
title = "Hei"
body = "Du"
"""


def load(folder: Path, text: str) -> Config:
    path = folder / "rekindle.toml"
    path.write_text(text)
    return load_config(path)


def variants(folder: Path, overrides: str) -> dict[str, Inactivity]:
    one = load(folder, BASE + overrides).scenario["away"]
    places = ["", *(override.path for override in one.overrides)]
    found = dict(zip(places, one.variants(), strict=True))
    return {place: variant for place, variant in found.items() if isinstance(variant, Inactivity)}


def test_a_place_has_its_own_settings_and_inherits_the_others(tmp_path: Path) -> None:
    found = variants(
        tmp_path,
        f"""
[organisation."{OSLO}".policy]
quiet_hours = "20:00-09:00"
caps = ["1 per 1d"]
[organisation."{OSLO}".scenario.away]
after = ["7d"]
caps = ["3 per 7d"]
message.en.title = "Hello, Oslo"
android.sound = "bell"
[organisation."{OSLO}".chapter."{CENTRE}".policy]
caps = []
[organisation."{OSLO}".chapter."{CENTRE}".scenario.away]
enabled = false
message.nb.body = "Dere"
[organisation."{BERGEN}".policy]
weekdays = ["mon"]
""",
    )
    everybody = found[""]
    oslo, centre = found[f"organisation.{OSLO}"], found[f"organisation.{OSLO}.chapter.{CENTRE}"]
    bergen = found[f"organisation.{BERGEN}"]
    assert len(found) == 4
    assert (everybody.quiet_hours, everybody.caps, everybody.after) == ("21:00-08:00", ["2 per 7d"], [14, 30])
    # Within a place, a scenario's settings win over the place's policy; the nearest place wins over
    # all others.
    assert (oslo.quiet_hours, oslo.caps, oslo.after, oslo.cooldown) == ("20:00-09:00", ["3 per 7d"], [7], 604_800)
    assert (centre.quiet_hours, centre.caps, centre.after, centre.enabled) == ("20:00-09:00", [], [7], False)
    assert (bergen.weekdays, bergen.caps, bergen.after, bergen.enabled) == (["mon"], ["2 per 7d"], [14, 30], True)
    # Tables are merged key by key.
    assert (oslo.message["en"].title, oslo.message["en"].body, oslo.message["nb"].title) == (
        "Hello, Oslo",
        "There",
        "Hei",
    )
    assert (centre.message["en"].title, centre.message["nb"].title, centre.message["nb"].body) == (
        "Hello, Oslo",
        "Hei",
        "Dere",
    )
    assert centre.android is not None
    assert (centre.android.channel_id, centre.android.sound) == ("nudges", "bell")


def test_a_scenario_that_is_off_may_be_on_in_one_place(tmp_path: Path) -> None:
    off = BASE.replace("cooldown", "enabled = false\ncooldown")
    pilot = load(tmp_path, f'{off}[organisation."{OSLO}".scenario.away]\nenabled = true\n').scenario["away"]
    nowhere = load(tmp_path, f'{off}[organisation."{OSLO}".scenario.away]\nafter = ["7d"]\n').scenario["away"]
    assert [one.enabled for one in pilot.variants()] == [False, True]
    assert (pilot.enabled_somewhere, nowhere.enabled_somewhere) == (True, False)


def test_a_cap_in_one_place_is_a_cap(tmp_path: Path) -> None:
    bare = BASE.replace('caps = ["2 per 7d"]\n', "")
    capped = f'{bare}[organisation."{OSLO}".policy]\ncaps = ["1 per 1d"]\n'
    assert not load(tmp_path, bare).scenario["away"].capped_somewhere
    assert load(tmp_path, capped).scenario["away"].capped_somewhere


def test_a_stored_scenario_gives_the_same_variants(tmp_path: Path) -> None:
    one = load(
        tmp_path,
        f"""{BASE}
[organisation."{OSLO}".scenario.away]
cooldown = "36h"
android = {{ channel_id = "nudges", sound = "ping" }}
[organisation."{OSLO}".chapter."{CENTRE}".scenario.away]
back_off = 2
""",
    ).scenario["away"]
    again = parse_scenario(definition(one))
    assert again == one
    assert again.variants() == one.variants()
    assert fingerprint(again) == fingerprint(one)
    assert [override.changes.get("cooldown") for override in one.overrides] == [129_600, 129_600]


def test_a_default_that_is_set_for_a_place_still_applies_after_storing(tmp_path: Path) -> None:
    quiet = BASE.replace('sound = "ping"', 'priority = "normal"')
    one = load(
        tmp_path,
        f'{quiet}[organisation."{OSLO}".scenario.away.android]\npriority = "high"\n'
        f'[organisation."{BERGEN}".scenario.away]\ncaps = []\n',
    ).scenario["away"]

    def settings_of(scenario: AnyScenario) -> list[tuple[str | None, list[str]]]:
        return [(each.android and each.android.priority, each.caps) for each in scenario.variants()]

    assert settings_of(one) == [("normal", ["2 per 7d"]), ("high", ["2 per 7d"]), ("normal", [])]
    assert settings_of(parse_scenario(definition(one))) == settings_of(one)


def test_the_order_and_the_spelling_of_places_mean_nothing(tmp_path: Path) -> None:
    first = f'[organisation."{OSLO}".scenario.away]\ncooldown = "7d"\n'
    second = f'[organisation."{BERGEN}".scenario.away]\nafter = ["7d"]\n'
    one = load(tmp_path, BASE + first + second).scenario["away"]
    shouted = first.replace(OSLO, OSLO.upper()).replace("7d", "168h")
    assert fingerprint(load(tmp_path, BASE + second + shouted).scenario["away"]) == fingerprint(one)
    assert fingerprint(load(tmp_path, BASE + first).scenario["away"]) != fingerprint(one)


def test_every_mistake_is_reported_once_with_its_place(tmp_path: Path) -> None:
    text = (
        BASE.replace('"7d"', '"7 days"')
        + f"""
[organisation."{OSLO}".policy]
caps = ["often"]
[organisation."{OSLO}".scenario.away]
after = ["7d", "7d"]
kind = "milestone"
priority = 90
[organisation."{OSLO}".scenario.gone]
enabled = false
[organisation."{OSLO}".chapter."{CENTRE}".scenario.away]
colour = "red"
message.nb.title = "{{days, plural, many {{x}} other {{y}}}}"
[organisation."{BERGEN.upper()}".scenario.away]
cooldown = "soon"
[organisation."{BERGEN}".scenario.away]
cooldown = "1d"
[organisation.oslo.scenario.away]
enabled = false
"""
    )
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path, text)
    problems = caught.value.problems
    assert sorted(problem.partition(": ")[0] for problem in problems) == [
        f"organisation.{OSLO}.chapter.{CENTRE}.scenario.away.colour",
        f"organisation.{OSLO}.chapter.{CENTRE}.scenario.away.message",
        f"organisation.{OSLO}.policy.caps",
        f"organisation.{OSLO}.scenario.away.after",
        f"organisation.{OSLO}.scenario.away.kind",
        f"organisation.{OSLO}.scenario.away.priority",
        f"organisation.{OSLO}.scenario.gone",
        f"organisation.{BERGEN}",
        f"organisation.{BERGEN}.scenario.away.cooldown",
        "organisation.oslo",
        "scenario.away.cooldown",
    ]
    assert any(problem.endswith("priority: is the same for everybody") for problem in problems)
    assert any(problem.endswith("gone: there is no scenario with that name") for problem in problems)


def test_overrides_are_written_in_the_tables_of_their_place_and_nowhere_else(tmp_path: Path) -> None:
    text = BASE.replace(
        "cooldown", f'overrides = [{{ organisation_id = "{OSLO}", changes = {{ enabled = false }} }}]\ncooldown'
    )
    with pytest.raises(ConfigInvalid, match=r"scenario\.away\.overrides: there is no such key"):
        load(tmp_path, text)
