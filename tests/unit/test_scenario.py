"""rekindle.toml: its valid contents, and every mistake at once with its place."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from rekindle.configuration import load_config
from rekindle.errors import ConfigInvalid, ConfigMissing
from rekindle.model import AndroidOptions, ApnsOptions, Options, WebpushOptions
from rekindle.sample import write_init_files
from rekindle.scenario import (
    Config,
    Inactivity,
    OwnQuery,
    definition,
    fingerprint,
    parse_scenario,
)
from rekindle.scenario.query import without_ending

MESSAGE = """
[scenario.{name}.message.en]
title = "t"
body = "b"
"""
WHOLE = """
[run]
budget = "45s"
timezone = "Europe/Oslo"
[dispatcher]
kind = "log"
concurrency = 10
per_minute = 600
timeout = "5s"
[scenario.away]
kind = "inactivity"
after = ["30d", "14d"]
enabled = false
cooldown = "7d"
schedule = "7 9 * * *"
priority = 70
relevance = "36h"
ttl = "4h"
uncertain = "resend"
link = "https://example.org/{first_name}"
default_locale = "nb"
[scenario.away.data]
screen = "home/{stage}"
[scenario.away.message.nb]
title = "Hei {first_name}"
body = "{days} dager"
[scenario.away.message.en-GB]
title = "Hello {first_name}"
body = "{days} days"
"""


def load(folder: Path, text: str) -> Config:
    path = folder / "rekindle.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, text)
    assert "\n" not in str(caught.value)
    assert all(problem in caught.value.message for problem in caught.value.problems)
    return list(caught.value.problems)


def test_every_key_means_what_the_file_says(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert (config.run.budget, config.run.timezone) == (45, "Europe/Oslo")
    assert config.dispatcher.model_dump() == {
        "kind": "log",
        "concurrency": 10,
        "per_minute": 600,
        "timeout": 5,
    }
    away = config.scenario["away"]
    assert isinstance(away, Inactivity)
    assert definition(away) == {
        "kind": "inactivity",
        "after": [14, 30],
        "enabled": False,
        "data_only": False,
        "devices": {},
        "critical": False,
        "quiet_hours": "none",
        "send_at": "none",
        "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "caps": [],
        "cooldown": 604_800,
        "schedule": "7 9 * * *",
        "priority": 70,
        "relevance": 129_600,
        "ttl": 14_400,
        "uncertain": "resend",
        "key": "day",
        "outcome": {"horizon": 1_209_600},
        "link": "https://example.org/{first_name}",
        "default_locale": "nb",
        "data": {"screen": "home/{stage}"},
        "text": {},
        "message": {
            "nb": {"title": "Hei {first_name}", "body": "{days} dager"},
            "en-GB": {"title": "Hello {first_name}", "body": "{days} days"},
        },
        "overrides": [],
        "holdout": True,
    }


def test_an_empty_file_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert (config.run.budget, config.run.timezone, config.scenario) == (30, None, {})
    assert (config.dispatcher.kind, config.dispatcher.concurrency) == ("fcm", 1_000)
    assert (config.dispatcher.per_minute, config.dispatcher.timeout) == (600_000, 10)


def test_a_key_that_a_scenario_does_not_set_has_its_default(tmp_path: Path) -> None:
    one = load(tmp_path, '[scenario.a]\nkind = "milestone"\nat = [10]\ncooldown = "1d"' + MESSAGE.format(name="a"))
    stored = definition(one.scenario["a"])
    assert stored == {
        "kind": "milestone", "at": [10], "of": "count", "cooldown": 86_400, "enabled": True, "priority": 50,
        "relevance": 86_400,
        "uncertain": "hold", "key": "day", "default_locale": "en", "message": {"en": {"title": "t", "body": "b"}},
        "data_only": False, "devices": {}, "critical": False, "quiet_hours": "none", "send_at": "none", "caps": [],
        "overrides": [], "data": {}, "text": {}, "outcome": {"horizon": 1_209_600}, "holdout": True,
        "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    }  # fmt: skip


def test_the_files_that_init_writes_are_a_configuration(tmp_path: Path) -> None:
    assert sorted(load_config(write_init_files(tmp_path)[0]).scenario) == ["expiry", "inactivity", "milestone"]


def test_all_mistakes_are_reported_together_each_with_its_place(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
colour = "red"
[run]
budget = 0
timezone = "Nowhere/At"
speed = 1
[dispatcher]
kind = "smoke"
concurrency = 0
timeout = "soon"
[scenario.b]
kind = "inactivity"
after = []
cooldown = "1w"
schedule = "every day"
priority = 101
relevance = "-1d"
ttl = "29d"
link = "http://example.org"
enabled = "maybe"
[scenario.b.data]
from = "x"
[scenario.b.message.en]
title = ""
body = "{a.b}"
text = "x"
[scenario.c]
kind = "weekly"
[scenario.d]
after = ["1d"]
[scenario.e]
kind = "milestone"
at = [0, 10]
cooldown = 3600
after = ["1d"]
[scenario.f]
kind = "expiry"
before = ["12h", "7d"]
[scenario.g]
kind = "sql"
cooldown = "1d"
[scenario.g.message.en]
title = "t"
body = "b"
""",
    )
    places = [problem.split(": ")[0] for problem in found]
    assert sorted(places) == sorted([
        "colour", "run.budget", "run.timezone", "run.speed", "dispatcher.kind", "dispatcher.concurrency",
        "dispatcher.timeout", "scenario.b.after", "scenario.b.cooldown", "scenario.b.schedule", "scenario.b.priority",
        "scenario.b.relevance", "scenario.b.ttl", "scenario.b.link", "scenario.b.enabled", "scenario.b.data",
        "scenario.b.message.en.title", "scenario.b.message.en.body", "scenario.b.message.en.text", "scenario.c",
        "scenario.d", "scenario.e.message", "scenario.e.at.0", "scenario.e.after", "scenario.f.cooldown",
        "scenario.f.message", "scenario.f.before.0", "scenario.g",
    ])  # fmt: skip


SCENARIO: dict[str, Any] = {
    "kind": "inactivity",
    "after": ["14d"],
    "cooldown": "7d",
    "message": {"en": {"title": "t", "body": "b"}},
}
WRONG: list[tuple[str, Any, str]] = [
    ("cooldown", True, "valid integer"),
    ("cooldown", 1.5, "valid integer"),
    ("cooldown", 0, "greater than 0"),
    ("cooldown", 400_000_000, "less than or equal to 316224000"),
    ("cooldown", "3661d", "out of range"),
    ("cooldown", ["7d"], "valid integer"),
    ("relevance", False, "valid integer"),
    ("ttl", 2_419_201, "less than or equal to 2419200"),
    ("ttl", "", "not a duration"),
    ("after", "14d", "valid list"),
    ("after", ["14d", "14d"], "the same value appears twice"),
    ("after", ["14h"], "is not in days"),
    ("after", ["36h"], "local calendar days"),
    ("after", [True], "valid integer"),
    ("after", [3_661], "less than or equal to 3660"),
    ("after", [f"{n}d" for n in range(1, 22)], "at most 20 items"),
    ("priority", "50", "valid integer"),
    ("priority", -1, "greater than or equal to 0"),
    ("enabled", 1, "valid boolean"),
    ("enabled", "yes", "valid boolean"),
    ("schedule", "7 9 * * * *", "is not a cron line"),
    ("schedule", "61 9 * * *", "is not a cron line"),
    ("schedule", "@daily", "is not a cron line"),
    ("link", "HTTPS://example.org", "starts with https://"),
    ("link", "javascript:alert(1)", "starts with https://"),
    ("link", "https://example.org/{a.b}", "not a plain variable name"),
    ("data", {"": "x"}, "is reserved"),
    ("data", {"n": 1}, "valid string"),
    ("data", {"n": "{"}, "data.n"),
    ("message", {}, "at least 1 item"),
    ("message", {"en": {"title": "t"}}, "is missing"),
    ("message", {"nb": {"title": "t", "body": "b"}}, "message.en is missing"),
    ("message", {"en": {"title": "t", "body": 5}}, "valid string"),
    ("message", {"xx": {"title": "t", "body": "b"}, "en": {"title": "t", "body": "b"}}, "'xx' is not a locale"),
    ("message", {"en-GB.UTF-8": {"title": "t", "body": "b"}, "en": {"title": "t", "body": "b"}}, "is not a locale"),
    ("message", {"en-gb": {"title": "t", "body": "b"}, "en_GB": {"title": "t", "body": "b"}}, "the same locale"),
    (
        "message",
        {"en": {"title": "t", "body": "{days, plural, few {x} other {y}}"}},
        "has no form few; its forms are one",
    ),
    ("message", {"en": {"title": "{days, plural, one {x}}", "body": "b"}}, "has no form `other`"),
    ("message", {"en": {"title": "{days, choice, 0#x}", "body": "b"}}, "not a plain variable name"),
    (
        "message",
        {"en": {"title": "{days, number, ::currency/XYZ}", "body": "b"}},
        "XYZ is not a currency that CLDR has",
    ),
    (
        "message",
        {"en": {"title": "{days, selectordinal, many {#} other {#}}", "body": "b"}},
        "has no form many; its forms are few, one, other, two",
    ),
    ("link", "https://example.org/{days, number}", "days must be a plain field here"),
    ("data", {"k": "{stage, select, a {x} other {y}}"}, "stage must be a plain field here"),
    ("link", "https://example.org/{days, plural, other {#}}", "days must be a plain field here"),
    ("link", "https://{days}", "names its host without a field"),
    ("link", "https://{days}/x", "names its host without a field"),
    ("link", "https://example.org{days}", "names its host without a field"),
    ("link", "https://example.org:{days}/", "names its host without a field"),
    ("link", "https://{days}@example.org/", "names its host without a field"),
    ("link", "https://example.org@{days}/", "names its host without a field"),
    ("link", "https:///{days}/x", "names its host without a field"),
    ("link", "https://ex'{ample}'.org{days}", "names its host without a field"),
    ("link", "https://", "names its host without a field"),
    ("link", "{days}", "a link starts with https://"),
    ("link", "JavaScript://%0aalert(1)", "starts with https://"),
    ("link", "file:///etc/passwd", "starts with https://"),
    ("link", "intent://x#Intent;end", "starts with https://"),
    ("link", "myapp://{days}/x", "names its host without a field"),
    ("link", "myapp://visit{days}", "names its host without a field"),
    ("image", "http://example.org/a.png", "the address of an image starts with https://"),
    ("image", "https://{days}/a.png", "names its host without a field"),
    ("image", "", "the address of an image starts with https://"),
    ("data_only", "yes", "valid boolean"),
    ("analytics_label", "a b", "1 to 50 of the characters"),
    ("analytics_label", "x" * 51, "1 to 50 of the characters"),
    ("message", {"en": {"title": "t", "body": "b", "subtitle": ""}}, "at least 1 character"),
    ("message", {"en": {"title": "t", "body": "b", "subtitle": "{"}}, "is not closed"),
    ("data", {"page": "https://{days}/"}, "data.page: an address names its host without a field"),
    ("data", {"page": "http://a{days}.org/"}, "data.page: an address names its host without a field"),
    ("data", {"k": "{last_activity_on, date}"}, "last_activity_on must be a plain field here"),
    ("android", {"channel_id": ""}, "at least 1 character"),
    ("android", {"channel_id": "a\\nb"}, "cannot be printed"),
    ("android", {"channel_id": " a"}, "spaces around it"),
    ("android", {"channel_id": 5}, "valid string"),
    ("android", {"priority": "max"}, "'high' or 'normal'"),
    ("android", {"sound": "x" * 201}, "at most 200 characters"),
    ("android", {"colour": "red"}, "there is no such key"),
    ("android", {"color": "red"}, "is not a colour, such as #1a6b4f"),
    ("apns", {"mutable_content": 1}, "valid boolean"),
    ("webpush", {"link": "myapp://x"}, "what a browser opens starts with https://"),
    ("webpush", {"link": "https://{days}/"}, "names its host without a field"),
    ("apns", {"badge": -1}, "greater than or equal to 0"),
    ("apns", {"badge": True}, "valid integer"),
    ("apns", {"interruption_level": "critical"}, "'passive', 'active' or 'time-sensitive'"),
    ("apns", {"thread-id": "x"}, "there is no such key"),
    ("webpush", {"icon": "http://example.org/a.png"}, "is not the address of a picture"),
    ("webpush", {"icon": "https:///a.png"}, "is not the address of a picture"),
    ("webpush", {"icon": "https://user@example.org/a.png"}, "is not the address of a picture"),
    ("webpush", {"badge": "https://example.org/a b.png"}, "is not the address of a picture"),
    ("webpush", {"badge": "data:image/png;base64,"}, "is not the address of a picture"),
    ("webpush", {"icon": "https://example.org/{days}.png"}, "is not the address of a picture"),
    ("webpush", {"icon": "https://[::1/a.png"}, "is not the address of a picture"),
    ("webpush", "https://example.org/a.png", "valid dictionary"),
    ("message", {"e": {"title": "t", "body": "b"}, "en": {"title": "t", "body": "b"}}, "is not a locale"),
    ("uncertain", "maybe", "'hold' or 'resend'"),
    ("key", "hour", "'day' or 'occurrence'"),
    ("default_locale", "nb", "message.nb is missing"),
    ("query", "select 1", "there is no such key"),
]


@pytest.mark.parametrize(("key", "value", "says"), WRONG, ids=lambda value: str(value)[:24])
def test_a_value_of_another_type_or_out_of_range_is_refused(tmp_path: Path, key: str, value: Any, says: str) -> None:
    raw = deepcopy(SCENARIO) | {key: value}
    found = problems(tmp_path, "[scenario]\na = " + toml(raw))
    assert len(found) == 1
    assert found[0].startswith("scenario.a")
    assert says in found[0]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("run", "budget", "true"), ("run", "budget", "400000000"), ("run", "timezone", "1"), ("run", "timezone", '""'),
        ("run", "timezone", '"../etc/passwd"'), ("dispatcher", "per_minute", "true"),
        ("dispatcher", "batch", "0"), ("dispatcher", "batch", "101"), ("dispatcher", "function", '"../rest/v1/x"'),
        ("dispatcher", "function", '"push?x=1"'), ("dispatcher", "per_minute", "60000001"),
        ("dispatcher", "concurrency", "5001"),
        ("dispatcher", "concurrency", '"10"'), ("dispatcher", "timeout", "0"), ("dispatcher", "kind", "1"),
    ],
)  # fmt: skip
def test_a_setting_of_a_run_of_another_type_or_out_of_range_is_refused(
    tmp_path: Path, section: str, key: str, value: str
) -> None:
    found = problems(tmp_path, f"[{section}]\n{key} = {value}")
    assert [problem.split(": ")[0] for problem in found] == [f"{section}.{key}"]


@pytest.mark.parametrize("name", ["A", "1a", "a b", "a.b", "å", "-a", "a" * 64, "a\\n"])
def test_a_name_that_is_not_a_valid_scenario_type_is_refused(tmp_path: Path, name: str) -> None:
    found = problems(tmp_path, f'[scenario]\n"{name}" = ' + toml(SCENARIO))
    assert "cannot be a scenario's name" in found[0]


@pytest.mark.parametrize(
    "text", ["scenario = 1", "[scenario]\na = 1", "[[scenario]]", "run = 5", "[scenario.a]\nkind = 5"]
)
def test_a_value_in_place_of_a_table_is_a_mistake_like_any_other(tmp_path: Path, text: str) -> None:
    assert len(problems(tmp_path, text)) == 1


@pytest.mark.parametrize(
    "key",
    ["from", "gcm", "gcm.x", "google", "google.x", "googlex", "message_type", "claim_id", "idempotency_key",
     "scenario_type"],
)  # fmt: skip
def test_data_keys_of_fcm_and_of_rekindle_are_reserved(tmp_path: Path, key: str) -> None:
    assert "is reserved" in problems(tmp_path, "[scenario]\na = " + toml(SCENARIO | {"data": {key: "x"}}))[0]


@pytest.mark.parametrize("key", ["screen", "from_", "message_types", "xgoogle", "gcmx", "claim_ids"])
def test_a_data_key_that_only_resembles_a_reserved_one_is_free(tmp_path: Path, key: str) -> None:
    config = load(tmp_path, "[scenario]\na = " + toml(SCENARIO | {"data": {key: "x"}}))
    assert definition(config.scenario["a"])["data"] == {key: "x"}


def test_a_file_that_is_missing_unreadable_or_not_toml_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing, match=r"there is no configuration: .*nowhere\.toml does not exist"):
        load_config(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigMissing, match="cannot be read"):
        load_config(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff")
    with pytest.raises(ConfigMissing, match="line 1 is not in UTF-8"):
        load_config(binary)
    assert len(problems(tmp_path, "a = \nb")) == 1
    assert len(problems(tmp_path, "[run]\n[run]")) == 1


def own(name: str, source: str) -> str:
    return f'[scenario.{name}]\nkind = "sql"\ncooldown = "1d"\n{source}' + MESSAGE.format(name=name)


def test_a_query_in_a_file_becomes_part_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "who.sql").write_text("select 1 -- é", encoding="utf-8")
    from_file = load(tmp_path, own("a", 'file = "who.sql"')).scenario["a"]
    in_place = load(tmp_path, own("a", 'query = "select 1 -- é"')).scenario["a"]
    assert isinstance(from_file, OwnQuery)
    assert (from_file.query, from_file.file) == ("select 1 -- é", None)
    assert fingerprint(from_file) == fingerprint(in_place)


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        ("select 1".encode("utf-16"), "cannot be read: it is in UTF-16, or not text; save it as UTF-8"),
        ("select 1".encode("utf-16-le"), "cannot be read: it is in UTF-16, or not text; save it as UTF-8"),
        ("select 1,\n'\xe9'".encode("latin-1"), "cannot be read: line 2 is not in UTF-8; save it as UTF-8"),
        (b"", "has no query"),
        (b"\xef\xbb\xbf\r\n-- a\r\n/* b /* c */ */;\r\n", "has no query"),
    ],
    ids=["PowerShell's UTF-16", "UTF-16 without a mark", "Latin-1", "empty", "only comments"],
)
def test_a_file_that_is_no_text_or_has_no_query_is_named_with_the_reason(
    tmp_path: Path, saved: bytes, reason: str
) -> None:
    (tmp_path / "q.sql").write_bytes(saved)
    assert problems(tmp_path, own("a", 'file = "q.sql"')) == [f"scenario.a.file: the file {reason}"]
    if b"\0" in saved:
        (tmp_path / "saved.toml").write_bytes(saved)
        with pytest.raises(ConfigMissing, match="UTF-16, or not text; save it as UTF-8"):
            load_config(tmp_path / "saved.toml")


def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigMissing, match="more than 4 MiB"):
        load_config(Path("/dev/zero"))


def test_files_that_a_windows_program_saved_are_read_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("select 1\nas n", encoding="utf-8")
    text = own("a", 'file = "q.sql"')
    as_usual = load(tmp_path, text).scenario["a"]
    (tmp_path / "q.sql").write_bytes(b"\xef\xbb\xbfselect 1\r\nas n")
    (tmp_path / "saved.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert fingerprint(load_config(tmp_path / "saved.toml").scenario["a"]) == fingerprint(as_usual)


@pytest.mark.parametrize("query", ["", " \n;", "-- nothing", "/* nothing */"])
def test_a_query_without_a_statement_is_refused(tmp_path: Path, query: str) -> None:
    found = problems(tmp_path, own("a", f"query = {query!r}".replace("\\n", " ")))
    assert found == ["scenario.a: query has only blanks and comments"]


@pytest.mark.parametrize(
    ("query", "statement"),
    [
        ("select 1", "select 1"),
        ("\ufeffselect 1 ;; -- done", "select 1"),
        ("-- first\nselect 1 /* one /* in another */ */ ; /* done */\n", "-- first\nselect 1"),
        ("select ';' -- ;", "select ';'"),
        ("select '--;'", "select '--;'"),
        (r"select e'\';--' ;", r"select e'\';--'"),
        ("select 'it''s;' as \"a;--\";", "select 'it''s;' as \"a;--\""),
        ("select $$;--$$;", "select $$;--$$"),
        ("select $a$ $b$ ; $a$ -- x", "select $a$ $b$ ; $a$"),
        ("select a$b$ from t; -- $b$", "select a$b$ from t"),
        ("select 1; select 2;", "select 1; select 2"),
        ("select 1 /* without an end", "select 1 /* without an end"),
        ("select 'without an end; --", "select 'without an end"),
    ],
)
def test_only_what_follows_the_last_token_is_left_out(query: str, statement: str) -> None:
    assert without_ending(query) == statement


def test_a_missing_query_file_is_reported_together_with_every_other_mistake(tmp_path: Path) -> None:
    found = problems(tmp_path, "[run]\nbudget = 0\n" + own("a", 'file = "nowhere.sql"'))
    missing = "scenario.a.file: the file cannot be read: no such file or directory"
    assert found == [missing, "run.budget: Input should be greater than 0"]
    (tmp_path / "who.sql").write_text("select 1", encoding="utf-8")
    for both in ('file = "who.sql"\nquery = "select 1"', ""):
        assert problems(tmp_path, own("a", both)) == ["scenario.a: give either query or file"]


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("nb-NO", "nb-no"), ("nb_NO", "nb-no"), ("NB-no", "nb-no"), ("nb", "nb"), ("nb-SJ", "nb"),
        ("nb-NO-x-y", "nb-no"),
        ("pt_BR", "pt"), ("en", "en"), ("fr", "en"), ("nbx", "en"), ("", "en"), (None, "en"), ("-", "en"), ("e", "en"),
    ],
)  # fmt: skip
def test_a_person_reads_the_closest_locale_or_the_default(locale: str | None, text: str) -> None:
    message = {name: {"title": title, "body": "b"} for name, title in
               (("en", "en"), ("nb", "nb"), ("nb_NO", "nb-no"), ("PT", "pt"))}  # fmt: skip
    scenario = parse_scenario(deepcopy(SCENARIO) | {"after": [14], "message": message})
    assert scenario.text_for(locale).title == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cooldown": "7d"}, {"cooldown": "168h"}),
        ({"cooldown": "7d"}, {"cooldown": 604_800}),
        ({"after": ["14d", "30d"]}, {"after": ["30d", "14d"]}),
        ({"after": ["14d"]}, {"after": [14]}),
        ({"after": ["14d"]}, {"after": ["014d"]}),
        ({}, {"enabled": True, "priority": 50, "relevance": "24h", "default_locale": "en", "data": {}}),
        ({}, {"android": {"priority": "high"}, "apns": {"sound": "default"}, "webpush": {}}),
    ],
)
def test_scenarios_that_mean_the_same_have_one_fingerprint(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(parse_scenario(SCENARIO | one)) == fingerprint(parse_scenario(SCENARIO | other))


def test_scenarios_that_differ_anywhere_have_different_fingerprints() -> None:
    variants: list[dict[str, Any]] = [
        {}, {"cooldown": "8d"}, {"after": ["15d"]}, {"after": ["14d", "15d"]}, {"enabled": False}, {"priority": 51},
        {"relevance": "25h"}, {"ttl": "1h"}, {"link": "https://a.example"}, {"data": {"a": "b"}},
        {"schedule": "7 9 * * *"}, {"uncertain": "resend"}, {"message": {"en": {"title": "t", "body": "c"}}},
        {"message": {"en": {"title": "t", "body": "b"}, "nb": {"title": "t", "body": "b"}}},
        {"android": {"priority": "normal"}}, {"apns": {"badge": 0}}, {"webpush": {"icon": "https://example.org/i.png"}},
    ]  # fmt: skip
    prints = {fingerprint(parse_scenario(SCENARIO | variant)) for variant in variants}
    assert len(prints) == len(variants)


def test_every_text_of_a_scenario_that_is_wrong_in_its_language_is_named(tmp_path: Path) -> None:
    texts = {"title": "{days, plural, one {x} other {y}}", "body": "{days, plural, few {x} other {y}}"}
    found = problems(
        tmp_path, "[scenario]\na = " + toml(SCENARIO | {"message": {"ja": texts, "en": texts, "yy": texts}})
    )
    assert "".join(found) == (
        "scenario.a.message: ja.title: in ja the plural of days has no form one; its forms are other; "
        "ja.body: in ja the plural of days has no form few; its forms are other; "
        "en.body: in en the plural of days has no form few; its forms are one, other; "
        "'yy' is not a locale that CLDR has, such as en or nb-NO"
    )


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"link": "myapp://visit/{days}", "webpush": {"icon": "https://a.example/i"}}, "Set webpush.link to the page"),
        ({"data_only": True, "image": "https://a.example/i"}, "so leave out image"),
        (
            {"data_only": True, "android": {"color": "#1a6b4f", "priority": "normal"}, "apns": {"sound": "none"}},
            "so leave out android.color, apns.sound",
        ),
        ({"data_only": True, "data": {"title": "x", "page": "y"}}, "the data has title already"),
    ],
)
def test_keys_that_do_not_fit_together_are_refused(tmp_path: Path, said: dict[str, Any], says: str) -> None:
    (found,) = problems(tmp_path, "[scenario]\na = " + toml(SCENARIO | said))
    assert found.startswith("scenario.a: ")
    assert says in found


@pytest.mark.parametrize(
    ("said", "link", "web_link"),
    [
        ({}, None, None),
        ({"link": "https://a.example/{days}"}, "https://a.example/{days}", "https://a.example/{days}"),
        ({"link": "myapp:///visit/{days}"}, "myapp:///visit/{days}", None),
        ({"link": "my-app://x", "webpush": {"link": "https://a.example"}}, "my-app://x", "https://a.example"),
        (
            {"link": "https://b.example", "webpush": {"link": "https://a.example"}},
            "https://b.example",
            "https://a.example",
        ),
    ],
)
def test_a_link_may_lead_into_the_app_and_a_browser_gets_a_page(
    said: dict[str, Any], link: str | None, web_link: str | None
) -> None:
    scenario = parse_scenario(SCENARIO | said)
    assert (scenario.link, scenario.web_link) == (link, web_link)
    assert parse_scenario(definition(scenario)) == scenario


def test_the_options_of_a_platform_are_kept_and_passed_to_the_message() -> None:
    said: dict[str, Any] = {
        "android": {"channel_id": "nudges", "priority": "normal", "sound": "chime"}
        | {"icon": "ic_bell", "color": "#1a6b4f", "click_action": "OPEN_VISIT"},
        "apns": {"sound": "none", "badge": 1, "interruption_level": "passive", "category": "nudge", "thread_id": "t"}
        | {"mutable_content": True},
        "webpush": {"icon": "https://example.org/i.png", "badge": "https://example.org/b.png"},
    }
    scenario = parse_scenario(SCENARIO | said)
    assert {name: definition(scenario)[name] for name in said} == said
    assert parse_scenario(definition(scenario)) == scenario
    options = scenario.options()
    assert options.android == AndroidOptions(
        channel_id="nudges",
        priority="normal",
        sound="chime",
        icon="ic_bell",
        color="#1a6b4f",
        click_action="OPEN_VISIT",
    )
    assert options.apns == ApnsOptions(
        sound=None, badge=1, interruption_level="passive", category="nudge", thread_id="t", mutable_content=True
    )
    assert options.webpush == WebpushOptions(icon="https://example.org/i.png", badge="https://example.org/b.png")
    assert parse_scenario(SCENARIO).options() == Options()


def test_every_text_is_named_by_its_place(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE).scenario["away"].templates() == {
        "data.screen": "home/{stage}",
        "link": "https://example.org/{first_name}",
        "message.nb.title": "Hei {first_name}",
        "message.nb.body": "{days} dager",
        "message.en-GB.title": "Hello {first_name}",
        "message.en-GB.body": "{days} days",
    }


def toml(value: Any) -> str:
    """The value as an inline TOML value."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f'"{key}" = {toml(one)}' for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(toml(one) for one in value) + "]"
        case str():
            return f'"{value}"'
        case _:
            return str(value)


@pytest.mark.parametrize(
    "text",
    [
        '[run]\nbudget = "{}"',
        '[run]\ntimezone = "{}"',
        '[run]\nmax_share = "{}"',
        '[policy]\ncaps = ["{}"]',
        '[policy]\nquiet_hours = "{}"',
        '[policy]\nsend_at = "{}"',
        '[dispatcher]\nkind = "{}"',
        '[dispatcher]\nkey = "{}"',
        '[dispatcher]\nkind = "supabase-function"\nfunction = "{}"',
        '[organisation."{}".policy]\nweekdays = []',
        '[scenario.a]\nkind = "{}"',
        '[scenario.a]\nkind = "sql"\nfile = "{}"',
        '[scenario.a]\nkind = "inactivity"\nafter = ["{}"]\ncooldown = "{}"\nschedule = "{}"\nlink = "{}"',
        '[scenario.a]\nkind = "inactivity"\npriority = "{}"\nuncertain = "{}"\nttl = "{}"\nrelevance = "{}"',
        '[scenario.a.android]\nimage = "{}"\nchannel = " {}"\nicon = "{}"',
        "a = {}",
    ],
)
def test_no_value_of_the_file_is_quoted(tmp_path: Path, text: str) -> None:
    """It may be a secret in the wrong place."""
    path = tmp_path / "rekindle.toml"
    path.write_text(text.replace("{}", "c4n4ry s3cret"))
    with pytest.raises(ConfigInvalid) as caught:
        load_config(path)
    said = f"{caught.value} {caught.value.problems}".replace("organisation.c4n4ry s3cret", "")  # a key, not a value
    assert "c4n4ry" not in said
