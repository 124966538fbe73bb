"""One unit and its scenario's texts become one message."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from rekindle.engine.compose import Composer
from rekindle.model import AndroidOptions, Options, Unit
from rekindle.render import MissingVariable, WrongValue, read_variables
from rekindle.scenario import parse_scenario

VARIABLES = {"first_name": "Ada", "days": 20}


def scenario(**more: Any) -> Any:
    message = {
        "en": {"title": "Hello {first_name}", "body": "{days} days"},
        "nb": {"title": "Hei {first_name}", "body": "{days} dager"},
    }
    return parse_scenario({"kind": "inactivity", "after": ["14d"], "cooldown": "7d", "message": message} | more)


def unit(locale: str | None = None, variables: dict[str, Any] | None = None) -> Unit:
    return Unit(
        claim_id=UUID(int=2), device_id=UUID(int=3), epoch=1, user_id=UUID(int=1), scenario_type="away",
        scenario_version=4, idempotency_key="k" * 64, target_kind="fid", target="installation", locale=locale,
        variables=VARIABLES if variables is None else variables,
    )  # fmt: skip


def test_a_message_carries_the_unit_and_its_rendered_texts() -> None:
    one = scenario(link="https://example.org/{first_name}", data={"screen": "home/{days}", "plain": "x"})
    message = Composer(one).message(unit())
    assert (message.claim_id, message.user_id, message.idempotency_key) == (UUID(int=2), UUID(int=1), "k" * 64)
    assert (message.scenario_type, message.target_kind, message.target) == ("away", "fid", "installation")
    assert (message.title, message.body) == ("Hello Ada", "20 days")
    assert message.link == "https://example.org/Ada"
    assert message.data == {"screen": "home/20", "plain": "x"}


def test_a_message_carries_a_subtitle_an_image_and_a_page_for_browsers() -> None:
    texts = {"en": {"title": "t", "body": "b", "subtitle": "{days} days"}}
    one = scenario(
        message=texts,
        image="https://example.org/{first_name}.png",
        link="myapp://people/{first_name}",
        webpush={"link": "https://example.org/?q={first_name}"},
        analytics_label="away",
    )
    message = Composer(one).message(unit(variables=VARIABLES | {"first_name": "Ada & Co"}))
    assert message.subtitle == "20 days"
    assert message.image == "https://example.org/Ada%20%26%20Co.png"
    assert message.link == "myapp://people/Ada%20%26%20Co"
    assert message.web_link == "https://example.org/?q=Ada%20%26%20Co"
    assert message.options.analytics_label == "away"
    usual = Composer(scenario()).message(unit())
    assert (usual.subtitle, usual.image, usual.link, usual.web_link) == (None, None, None, None)


@pytest.mark.parametrize(
    ("locale", "title"), [("nb-NO", "Hei Ada"), ("nb", "Hei Ada"), ("fr", "Hello Ada"), (None, "Hello Ada")]
)
def test_a_message_is_in_the_recipients_locale(locale: str | None, title: str) -> None:
    assert Composer(scenario()).message(unit(locale)).title == title


@pytest.mark.parametrize(
    ("locale", "title", "body"),
    [
        ("en-GB", "1 day", "Jan 31, 2026"),
        ("nb-NO", "1 dag", "31. januar 2026"),
        ("pl", "1 day", "Jan 31, 2026"),
        (None, "1 day", "Jan 31, 2026"),
    ],
)
def test_plurals_and_dates_are_in_the_language_of_the_text_and_not_of_the_person(
    locale: str | None, title: str, body: str
) -> None:
    message = {
        "en": {"title": "{n, plural, one {# day} other {# days}}", "body": "{on, date}"},
        "nb": {"title": "{n, plural, one {# dag} other {# dager}}", "body": "{on, date, long}"},
    }
    composed = Composer(scenario(message=message)).message(unit(locale, {"n": 1, "on": "2026-01-31"}))
    assert (composed.title, composed.body) == (title, body)


def test_a_message_carries_the_options_of_each_platform() -> None:
    assert Composer(scenario()).message(unit()).options == Options()
    assert Composer(scenario(android={"channel_id": "c"})).message(unit()).options == Options(
        AndroidOptions(channel_id="c")
    )


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({}, 86_400),
        ({"relevance": "2h"}, 7_200),
        ({"relevance": "2h", "ttl": "4h"}, 14_400),
        ({"relevance": "60d"}, 2_419_200),
    ],
)
def test_a_message_lives_as_long_as_it_is_relevant_unless_the_scenario_sets_a_time_to_live(
    more: dict[str, Any], seconds: int
) -> None:
    assert Composer(scenario(**more)).message(unit()).ttl_seconds == seconds


def test_a_scenario_without_link_and_data_sends_none() -> None:
    message = Composer(scenario()).message(unit())
    assert (message.link, message.data) == (None, {})


@pytest.mark.parametrize("where", ["title", "body", "link", "data"])
def test_a_variable_that_this_person_lacks_stops_the_message_wherever_it_is_used(where: str) -> None:
    texts = {"title": "t", "body": "b", "link": "https://x/", "data": "d"}
    texts[where] += "{nickname}"
    one = scenario(
        message={"en": {"title": texts["title"], "body": texts["body"]}}, link=texts["link"], data={"k": texts["data"]}
    )
    for variables in (VARIABLES, VARIABLES | {"nickname": None}):
        with pytest.raises(MissingVariable, match="nickname"):
            Composer(one).message(unit(variables=variables))
    assert Composer(one).message(unit(variables=VARIABLES | {"nickname": ""})).title


VALUES = read_variables(
    '{"yes": true, "price": 12.50, "tiny": 0.00000001, "big": 1e30, "whole": 7.0, "tags": ["a", "é", null, 1.50], '
    '"one": {"id": 7, "w": null, "ok": false}, "at": "2026-12-01T18:00:00+00:00", "empty": "", "huge": '
    + "9" * 5_000
    + "}"
)
WRITTEN = {
    "yes": "true", "price": "12.50", "tiny": "0.00000001", "big": "1" + "0" * 30, "whole": "7.0",
    "tags": '["a", "é", null, 1.50]', "one": '{"id": 7, "w": null, "ok": false}', "at": "2026-12-01T18:00:00+00:00",
    "empty": "", "huge": "9" * 1_000,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_value_is_written_as_the_database_writes_it_wherever_it_is_used(name: str) -> None:
    texts = {"en": {"title": f"{{{name}}}", "body": f"a {{{name}}}"}}
    one = scenario(message=texts, data={"k": f"{{{name}}}"}, link=f"https://x.org/?q={{{name}}}")
    message = Composer(one).message(unit(variables=VALUES))
    text = WRITTEN[name]
    assert (message.title, message.body, message.data["k"]) == (text, f"a {text}", text)
    assert message.link == f"https://x.org/?q={quote(text, safe='')}"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("a b&c/ü", "a%20b%26c%2F%C3%BC"),
        ("x?y=1#z", "x%3Fy%3D1%23z"),
        ("%2e%2e/", "%252e%252e%2F"),
        ("https://evil.org", "https%3A%2F%2Fevil.org"),
        ("a\r\nb\u202ec", "a%0Abc"),
        ("😀\ud800", "%F0%9F%98%80"),
        ("…", "%E2%80%A6"),
    ],
)
def test_a_value_in_an_address_is_one_piece_of_it(value: str, encoded: str) -> None:
    one = scenario(
        link="https://x.org/{v}?q={v}#{v}", data={"url": "myapp://{v}/open", "text": "{v}", "page": "http://x.org/{v}"}
    )
    message = Composer(one).message(unit(variables=VARIABLES | {"v": value}))
    assert message.link == f"https://x.org/{encoded}?q={encoded}#{encoded}"
    assert (message.data["url"], message.data["page"]) == (f"myapp://{encoded}/open", f"http://x.org/{encoded}")
    assert "%" not in message.data["text"].replace(value, "")


@pytest.mark.parametrize("value", [".", "..", "\x00.."])
def test_a_value_cannot_lead_to_another_path(value: str) -> None:
    one = scenario(link="https://x.org/people/{v}")
    with pytest.raises(WrongValue, match="v"):
        Composer(one).message(unit(variables=VARIABLES | {"v": value}))


def test_however_many_locales_people_have_each_reads_their_text_and_no_more_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rekindle.engine.compose._LOCALES_KEPT", 3)
    composer = Composer(scenario())
    locales = [None, "nb-NO", "xx-1", "xx-2", "nb", "xx-3", "nb-NO", "nb"]
    titles = [composer.message(unit(locale)).title for locale in locales]
    assert titles == ["Hello Ada", "Hei Ada", "Hello Ada", "Hello Ada", "Hei Ada", "Hello Ada", "Hei Ada", "Hei Ada"]
    assert [len(variant.locales) for variant in composer.variants] == [3]
