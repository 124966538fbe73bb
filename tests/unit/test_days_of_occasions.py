"""What the configuration may say about the days of occasions: since, until and max_age."""

from datetime import date
from pathlib import Path

import pytest

from rekindle.configuration import load_config
from rekindle.engine.check_hours import check_ends
from rekindle.errors import ConfigInvalid
from rekindle.scenario import Config, definition, parse_scenario

OSLO = "00000000-0000-0000-0000-000000000001"
TEXT = 'cooldown = "22h"\nmessage.en = { title = "Hello", body = "There" }\n'
KINDS = {
    "inactivity": 'after = ["14d"]',
    "milestone": "at = [10]",
    "expiry": 'before = ["7d"]',
    "onboarding": 'after = ["3d"]',
    "date": 'on = "birthday"',
    "event": 'before = ["24h"]',
    "sql": 'query = "select 1"',
}


def load(folder: Path, text: str, kind: str = "inactivity") -> Config:
    path = folder / "rekindle.toml"
    path.write_text(f'[scenario.away]\nkind = "{kind}"\n{KINDS[kind]}\n{TEXT}{text}')
    return load_config(path)


def mistakes(folder: Path, text: str, kind: str = "inactivity") -> tuple[str, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, text, kind)
    return caught.value.problems


def test_a_day_is_a_text_or_a_date_of_toml_and_is_stored_as_text(tmp_path: Path) -> None:
    one = load(tmp_path, 'since = 2026-01-31\nuntil = "2026-12-24"\nmax_age = "180d"').scenario["away"]
    assert (one.since, one.until, one.max_age) == ("2026-01-31", "2026-12-24", 180)
    assert parse_scenario(definition(one)) == one


def test_each_mistake_is_reported_at_its_key(tmp_path: Path) -> None:
    for said in ("2026-1-31", "20260131", "2026-02-30", "2026-01-31T00:00:00Z", "", "yesterday", "1970-01-01"):
        found = mistakes(tmp_path, f'since = "{said}"\nuntil = "{said}"')
        assert [one.partition(":")[0] for one in found] == ["scenario.away.since", "scenario.away.until"], said
    assert mistakes(tmp_path, "since = 2026-01-31T09:00:00\nmax_age = 180\nuntil = 5") == (
        "scenario.away.since: Input should be a valid string",
        "scenario.away.until: Input should be a valid string",
    )
    assert mistakes(tmp_path, 'since = "2026-01-31"\nuntil = "2026-01-31"\nmax_age = "13d"') == (
        "scenario.away.until: ends before the first occasion that counts, which is of 2026-01-31",
        "scenario.away.after: nobody reaches 14d, because max_age is 13d",
    )
    place = f'[organisation."{OSLO}".scenario.away]\nsince = "2027-01-01"'
    assert mistakes(tmp_path, f'until = "2026-12-24"\n{place}') == (
        f"organisation.{OSLO}.scenario.away.until: ends before the first occasion that counts, which is of 2027-01-01",
    )


def test_a_kind_whose_occasions_have_no_day_takes_only_an_end(tmp_path: Path) -> None:
    for kind, said in (
        ("sql", "an occasion of this kind has no day; write it as a condition of your query"),
        ("date", "nothing that is past is due by this kind; leave this key out"),
        ("event", "nothing that is past is due by this kind; leave this key out"),
    ):
        assert load(tmp_path, 'until = "2026-12-24"', kind).scenario["away"].ends_somewhere
        assert mistakes(tmp_path, 'since = "2026-01-31"\nmax_age = "7d"', kind) == (
            f"scenario.away.since: {said}",
            f"scenario.away.max_age: {said}",
        )


@pytest.mark.parametrize(
    ("kind", "keys", "needed"),
    [("inactivity", "", True), ("onboarding", "", True), ("milestone", "", False),
     ("milestone", 'max_age = "7d"', True), ("milestone", 'until = "2026-12-24"', False),
     ("expiry", 'max_age = "7d"', False)],
)  # fmt: skip
def test_an_index_is_needed_where_a_day_is_looked_up_person_by_person(
    tmp_path: Path, kind: str, keys: str, *, needed: bool
) -> None:
    assert load(tmp_path, keys, kind).scenario["away"].needs_activity_index is needed


def test_a_scenario_that_has_ended_everywhere_is_noted(tmp_path: Path) -> None:
    place = f'[organisation."{OSLO}".scenario.away]\nuntil = "2026-12-31"'
    config = load(tmp_path, f'until = "2026-12-24"\n{place}')
    assert check_ends(config, date(2026, 12, 31)) == []
    (note,) = check_ends(config, date(2027, 1, 1))
    assert note.note
    assert note.message == "scenario away: it has ended everywhere (until = 2026-12-31): nobody is due any more"


def test_what_never_passes_is_remembered_for_ever(tmp_path: Path) -> None:
    retention = '\n[retention]\nspent = "900d"\n'
    assert mistakes(tmp_path, f'after = ["1d"]{retention}', "expiry") == (
        'retention.spent: must be "forever", because an occasion of scenario away never passes; or set its max_age',
    )
    assert load(tmp_path, f'after = ["1d"]\nmax_age = "800d"{retention}', "expiry").retention.spent == 900 * 86_400
    (problem,) = mistakes(tmp_path, f'after = ["1d"]\nmax_age = "880d"{retention}', "expiry")
    assert problem.startswith("retention.spent: is too short; make it at least 911d")
