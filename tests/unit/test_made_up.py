"""What a made-up person would read."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rekindle.configuration import load_config
from rekindle.engine.changes import edited
from rekindle.engine.made_up import made_up
from rekindle.scenario import KINDS

AT = datetime(2026, 11, 25, 9, 41, tzinfo=ZoneInfo("Europe/Oslo"))
SAMPLES = Path(__file__).parents[2] / "src/rekindle/scenario/kinds"
READ = {
    "inactivity": "It has been 14 days.",
    "onboarding": "You joined 3 days ago. Shall we find you a match?",
    "milestone": "That was activity number 10.",
    "expiry": "[certificate] expires on Dec 2, 2026.",
    "date": "All the best from all of us.",
    "event": "[event] begins at 9:41 AM.",
    "sql": "You have a shift at [place].",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_text_that_could_be_sent(kind: str) -> None:
    [applied] = edited(load_config(SAMPLES / kind / "sample.toml"))
    [found] = made_up(applied, locale="de", at=AT)
    assert (found.body or "").replace("\N{NARROW NO-BREAK SPACE}", " ") == READ[kind]
    assert (found.locale, found.problem) == ("en", None)


def test_a_list_a_time_and_an_unknown_number_have_a_value(tmp_path: Path) -> None:
    path = tmp_path / "rekindle.toml"
    path.write_text(
        '[scenario.a]\nkind = "sql"\nquery = "select 1"\ncooldown = "1d"\nlink = "https://example.org/{some_id}"\n'
        'message.en = { title = "{who_else, list}", body = "{at, time, short} {n, plural, one {#} other {# x}}" }\n',
        encoding="utf-8",
    )
    [applied] = edited(load_config(path))
    [found] = made_up(applied, locale=None, at=AT)
    assert (found.title, found.link) == ("[who else]", "https://example.org/%5Bsome%20id%5D")
    assert (found.body or "").replace("\N{NARROW NO-BREAK SPACE}", " ") == "9:41 AM 3 x"


def test_each_text_of_a_scenario_is_shown_with_its_variables(tmp_path: Path) -> None:
    path = tmp_path / "rekindle.toml"
    path.write_text(
        '[scenario.a]\nkind = "sql"\nquery = "select 1"\ncooldown = "1d"\nmessage.en = { title = "A", body = "A" }\n'
        '[scenario.a.text.B]\nweight = "50%"\nmessage.en = { title = "B", body = "{n, number} {other}" }\n'
        '[scenario.a.text_trial]\nuntil = "2099-01-01"\n',
        encoding="utf-8",
    )
    [applied] = edited(load_config(path))
    found = made_up(applied, locale=None, at=AT)
    assert [(one.text, one.title, one.body) for one in found] == [("A", "A", "A"), ("B", "B", "3 [other]")]
