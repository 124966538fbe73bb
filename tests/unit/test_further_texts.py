"""The mistakes in a scenario's further texts, each at its place."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from rekindle.scenario import Config, ends_of, names_of, texts_sha256
from rekindle.scenario.overrides import as_table

PLACE = "11111111-1111-4111-8111-111111111111"
UNTIL = {"until": "2026-12-01"}


def text(weight: str = "30%", body: str = "B", locale: str = "en") -> dict[str, Any]:
    return {"weight": weight, "message": {locale: {"title": "Hello", "body": body}}}


def config(place: Mapping[str, Any] | None = None, **keys: Any) -> Config:
    nudge = {
        "kind": "inactivity",
        "after": ["14d"],
        "cooldown": "7d",
        "message": {"en": {"title": "Hello", "body": "There"}},
        "text": {"B": text()},
        "text_trial": UNTIL,
    }
    nudge = {key: value for key, value in (nudge | keys).items() if value is not None}
    places = {PLACE: {"scenario": {"nudge": place}}} if place else {}
    return Config.model_validate({"scenario": {"nudge": nudge}, "organisation": places})


def test_the_first_text_has_what_the_others_leave_and_the_names_have_an_order() -> None:
    one = config(text={"C": text("10.5%", "C"), "B": text("30%")}).scenario["nudge"]
    assert (names_of(one), ends_of(one)) == (["A", "B", "C"], [5_950, 8_950, 10_000])


@pytest.mark.parametrize(
    ("keys", "where", "problem"),
    [
        ({"text_trial": None}, "text_trial", "is missing: it says until when the texts are compared; add it, with"),
        ({"text": None}, "text_trial", "compares nothing: there is one text; add [scenario.nudge.text.B], or remove"),
        ({"text": {"B": text("60%"), "C": text("39.5%", "C")}}, "text", "the weights add up to 99.5 %, which leaves"),
        ({"text": {"B": text("0%")}}, "text.B.weight", "write a percentage from 1% to 99%, such as 50%"),
        ({"text": {"B": text("100%")}}, "text.B.weight", "write a percentage from 1% to 99%, such as 50%"),
        ({"text": {"B": text("half")}}, "text.B.weight", "write a percentage from 1% to 99%, such as 50%"),
        ({"text": {"a": text()}}, "text.a.[key]", "'a' is the name of the scenario's own text; use another one"),
        ({"text": {"b c": text()}}, "text.b c.[key]", "'b c' cannot be the name of a text; use up to 31 letters"),
        ({"text": {"B": text(body="There")}}, "text.B", "says the same as A; change its message, or remove it"),
        ({"text": {"B": text(), "C": text()}}, "text.C", "says the same as B; change its message, or remove it"),
        ({"text": {"B": text(locale="nb")}}, "text.B.message", "must have the languages of the scenario's own message"),
        ({"text": {"B": text(locale="xx")}}, "text", "B: 'xx' is not a locale that CLDR has"),
        ({"text": {"B": text(body="{name")}}, "text.B.message.en.body", "a { is not closed"),
        ({"text": {"B": text() | {"link": "https://a.example"}}}, "text.B.link", "Extra inputs are not permitted"),
        ({"text_trial": {}}, "text_trial.until", "Field required"),
        ({"text_trial": UNTIL | {"held_out": "20%"}}, "text_trial.held_out", "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_reported_at_its_place(keys: dict[str, Any], where: str, problem: str) -> None:
    with pytest.raises(ValidationError) as mistaken:
        config(**keys)
    [mistake] = mistaken.value.errors()
    assert ".".join(str(part) for part in mistake["loc"] if part != "inactivity") == f"scenario.nudge.{where}"
    assert problem in mistake["msg"]


@pytest.mark.parametrize(
    ("place", "where", "problem"),
    [
        ({"text": {"B": {"weight": "40%"}}}, "text", "the names and the weights of texts are the same for everybody"),
        ({"text": {"C": text("1%", "C")}}, "text", "the names and the weights of texts are the same for everybody"),
        ({"message": {"en": {"body": "B"}}}, "text.B", "says the same as A"),
        ({"message": {"nb": {"title": "t", "body": "b"}}}, "text.B.message", "look at nb"),
        ({"text_trial": UNTIL}, "text_trial", "is the same for everybody"),
    ],
)
def test_a_place_may_say_a_text_in_other_words_and_no_more(place: dict[str, Any], where: str, problem: str) -> None:
    with pytest.raises(ValidationError) as mistaken:
        config(place)
    [mistake] = mistaken.value.errors()
    assert ".".join(map(str, mistake["loc"])).endswith(where)
    assert PLACE in map(str, mistake["loc"])
    assert problem in mistake["msg"]


def test_the_digest_is_of_what_people_read_and_of_nothing_else() -> None:
    def of(place: Mapping[str, Any] | None = None, **keys: Any) -> str | None:
        return texts_sha256(config(place, **keys).scenario["nudge"])

    same = of()
    assert of({"after": ["7d"]}, cooldown="1d", link="https://a.example") == same
    changed = [
        of(message={"en": {"title": "Hello", "body": "You"}}),
        of(text={"B": text(body="C")}),
        of(text={"B": text("31%")}),
        of(text={"C": text()}),
        of({"text": {"B": {"message": {"en": {"body": "here"}}}}}),
        of({"text": {"B": {"message": {"en": {"body": "there"}}}}}),
    ]
    assert len({same, *changed}) == len(changed) + 1
    assert of(text=None, text_trial=None) is None


def test_with_a_text_a_scenario_has_its_message_at_every_place() -> None:
    one = config({"text": {"B": {"message": {"en": {"body": "here"}}}}}).scenario["nudge"].with_text("B")
    assert [variant.message["en"].body for variant in one.variants()] == ["B", "here"]
    assert as_table(one.model_dump()["text"]) == {}
