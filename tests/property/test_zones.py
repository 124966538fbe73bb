"""Which texts are valid time zones, and that the database reads each as Python does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from conftest import server as every_server
from rekindle.scenario import Config
from team.ledger import Ledger

server = every_server

# localtime is a link that some systems have among the zones. Postgres reads the other four first as
# abbreviations, without summer time, and only then as zones.
NAMES = sorted(available_timezones() - {"localtime", "CET", "EET", "MET", "WET"})
BY_LOWER_CASE = {name.lower(): name for name in NAMES}
# In the past: later rules depend on how new the two copies of the IANA database are.
MOMENTS = [datetime(year, month, 15, 11, 30, tzinfo=UTC) for year in (1999, 2012, 2023) for month in (1, 7)]
NO_ZONES = [
    "CET", "EET", "MET", "WET", "CEST", "BST", "IST", "Cest", "Europe/Osl0", "Europe/Oslo2", "+05", "-03:30", "utc+3",
    "UTC+3", "GMT+5", "Etc/GMT+13", "Etc/GMT+99", "Etc/GMT-15", "Etc/UTC+3", "EST5", "<+05>-5", "Nowhere/At_All",
    "America", "Europe/", "/Oslo", "Europe/Oslo ", " Europe/Oslo", "Europe/Oslo\n", "posix/Europe/Oslo",
    "right/Europe/Oslo", "RIGHT/Europe/Oslo", "../etc/passwd", "posixrules", "localtime", "now", "", " ", "Z", "5",
]  # fmt: skip


@pytest.fixture(scope="module")
def on_server(ledger: Ledger) -> set[str]:
    """A server that uses the system's zones may lack the old names."""
    return {row["name"] for row in ledger.rows("select name from pg_timezone_names")}


def accepted(ledger: Ledger, texts: list[str]) -> list[bool]:
    rows = ledger.sql.execute(
        "select rekindle.is_zone(text) as yes from unnest(%s::text[]) with ordinality as t (text, n) order by n",
        [texts],
    ).fetchall()
    return [row["yes"] for row in rows]


def test_every_name_of_the_iana_database_is_a_zone(ledger: Ledger, on_server: set[str]) -> None:
    assert len(on_server & set(NAMES)) > 400
    assert dict(zip(NAMES, accepted(ledger, NAMES), strict=True)) == {name: name in on_server for name in NAMES}


def test_the_database_reads_each_zone_as_python_does(ledger: Ledger, on_server: set[str]) -> None:
    read = ledger.sql.execute(
        "select name, at, timezone(name, at) as wall from unnest(%s::text[]) name, unnest(%s::timestamptz[]) at",
        [sorted(on_server & set(NAMES)), MOMENTS],
    ).fetchall()
    assert {(row["name"], row["at"]) for row in read if row["wall"] != wall(row["at"], row["name"])} == set()


def wall(at: datetime, name: str) -> datetime:
    return at.astimezone(ZoneInfo(name)).replace(tzinfo=None)


def test_the_configuration_accepts_the_zones_that_the_database_accepts(ledger: Ledger, on_server: set[str]) -> None:
    texts = sorted(on_server & available_timezones() - {"localtime"}) + [one for one in NO_ZONES if one.isprintable()]
    assert {text for text in texts if configurable(text)} == {
        text for text, yes in zip(texts, accepted(ledger, texts), strict=True) if yes
    }


def configurable(text: str) -> bool:
    try:
        Config.model_validate({"run": {"timezone": text}})
    except ValidationError:
        return False
    return True


def test_other_names_that_postgres_accepts_are_not_valid_zones(ledger: Ledger) -> None:
    assert dict(zip(NO_ZONES, accepted(ledger, NO_ZONES), strict=True)) == dict.fromkeys(NO_ZONES, False)
    assert ledger.rows("select rekindle.is_zone(null) as yes") == [{"yes": False}]


def _mistyped(name: str, place: int, letter: str) -> str:
    place %= len(name) + 1
    return name[:place] + letter + name[place + 1 :]


CASES = [str.upper, str.lower, str.title, str.swapcase]
ABBREVIATIONS = st.sampled_from(["CEST", "EST", "PST", "UTC", "GMT", "MSK", "BST", "A", "ZULU", "Utc"])
HOURS = st.integers(0, 99)
TEXTS = st.one_of(
    st.builds(lambda name, case: case(name), st.sampled_from(NAMES), st.sampled_from(CASES)),
    st.builds(_mistyped, st.sampled_from(NAMES), st.integers(0, 40), st.sampled_from([*"aZ05+-_/ ", ""])),
    st.builds("{}{}{}".format, ABBREVIATIONS, st.sampled_from(["", "+", "-", "/"]), st.integers(0, 30)),
    st.builds("{}{}{}".format, st.sampled_from(["Etc/GMT", "etc/gmt", "GMT", ""]), st.sampled_from("+-"), HOURS),
    st.builds("{}{}".format, ABBREVIATIONS, st.sampled_from(["", ",M3.2.0,M11.1.0", "5EDT", "5CEST", ":00"])),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)  # fmt: skip


@settings(max_examples=40)
@example(texts=["EUROPE/OSLO", "america/argentina/buenos_aires", "Japan", "utc"])
@given(texts=st.lists(TEXTS, min_size=20, max_size=20))
def test_every_accepted_text_is_a_zone_and_is_read_as_that_zone(ledger: Ledger, texts: list[str]) -> None:
    for text, yes in zip(texts, accepted(ledger, texts), strict=True):
        name = BY_LOWER_CASE.get(text.lower())
        if yes:
            assert name is not None, text
            for at in MOMENTS:
                (row,) = ledger.sql.execute("select timezone(%s, %s::timestamptz) as wall", [text, at]).fetchall()
                assert row["wall"] == wall(at, name), text


@settings(max_examples=40)
@given(names=st.lists(st.none() | st.sampled_from(["Europe/Oslo", "Asia/Tokyo", "UTC", *NO_ZONES]), max_size=5))
def test_the_first_valid_text_becomes_the_zone(ledger: Ledger, names: list[str | None]) -> None:
    (row,) = ledger.sql.execute("select rekindle.first_zone(variadic %s::text[]) as zone", [names]).fetchall()
    assert row["zone"] == next((name for name in names if name in NAMES), None)
