"""Texts with named fields and nothing else, whatever the template or the values contain."""

import pytest

from rekindle.errors import TemplateInvalid
from rekindle.render import MAX_TEMPLATE_CHARS, MAX_VALUE_CHARS, MissingVariable, host_is_fixed, render, variables_in


def test_every_field_is_replaced_wherever_it_is() -> None:
    assert render("{a}, {b} and {a}", {"a": "x", "b": 2, "c": "unused"}) == "x, 2 and x"
    assert variables_in("{a}, {b} and {a}") == {"a", "b"}
    assert variables_in("none at all") == frozenset()


def test_quoted_braces_stand_for_braces() -> None:
    assert render("'{a}' '{'{a}'}' It''s '}''{'", {"a": 1}) == "{a} {1} It's }'{"
    assert variables_in("'{a}'") == frozenset()


@pytest.mark.parametrize(
    "template",
    [
        "{0}", "{}", "{0.__class__}", "{a.b}", "{a.__class__.__mro__}", "{a[0]}", "{a[b]}", "{a!r}", "{a!s}", "{a!x}",
        "{a:>10}", "{a:{b}}", "{a:}}", "{a!r:>10}", "{ a }", "{a }", "{A}", "{a-b}", "{å}", "{_a}", "{1a}", "{a\n}",
        "{" + "a" * 64 + "}", "{self}{__init__}", "{a.b[c]!r:{d}}",
    ],
)  # fmt: skip
def test_a_field_that_is_more_than_a_plain_name_is_refused(template: str) -> None:
    for refuse in (lambda: variables_in(template), lambda: render(template, {"a": "x", "b": "y", "self": "z"})):
        with pytest.raises(TemplateInvalid):
            refuse()


@pytest.mark.parametrize("template", ["{", "}", "{a", "a}", "{a}}", "{{a}", "{{{a}}", "{a{b}}", "{a!}", "{a[}"])
def test_a_brace_left_open_is_refused(template: str) -> None:
    with pytest.raises(TemplateInvalid):
        render(template, {"a": "x", "b": "y"})


def test_a_refusal_shows_the_field_and_never_all_of_a_long_one() -> None:
    with pytest.raises(TemplateInvalid, match=r"\{user\.name\} is not a plain variable name"):
        variables_in("Hello {user.name}")
    with pytest.raises(TemplateInvalid) as caught:
        variables_in("{" + "x." * 1_000 + "}")
    assert len(caught.value.message) < 120


def test_a_name_of_63_characters_is_the_longest() -> None:
    name = "a" * 63
    assert render(f"{{{name}}}", {name: "ok"}) == "ok"


def test_a_text_is_at_most_four_thousand_characters() -> None:
    assert render("x" * MAX_TEMPLATE_CHARS, {}) == "x" * MAX_TEMPLATE_CHARS
    for length in (MAX_TEMPLATE_CHARS + 1, 5 * 1024, 1_000_000):
        with pytest.raises(TemplateInvalid, match="longer than 4000 characters"):
            render("{" * length, {})


@pytest.mark.parametrize("value", ["{b}", "{{b}}", "{0.__class__}", "{", "}", "{b!r}", "%(b)s", "$b", "${b}"])
def test_a_value_with_braces_is_shown_as_it_is(value: str) -> None:
    assert render("<{a}>", {"a": value, "b": "SECRET"}) == f"<{value}>"


def test_an_absent_or_null_variable_is_missing_by_name() -> None:
    for variables in ({}, {"a": None}, {"b": "x"}):
        with pytest.raises(MissingVariable) as caught:
            render("{b2} {a}", {"b2": 1, **variables})
        assert str(caught.value) == "a"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (False, "false"), ("", ""), (1.5, "1.5"), ([], "[]")])
def test_a_value_that_is_merely_empty_is_not_missing(value: object, text: str) -> None:
    assert render("<{a}>", {"a": value}) == f"<{text}>"


@pytest.mark.parametrize(
    ("address", "fixed"),
    [
        ("https://x.org/{a}", True), ("https://x.org?{a}", True), ("https://x.org#{a}", True), ("https://x.org", True),
        ("https://x.org\\{a}", False), ("https://x.org{a}/", False), ("https:///{a}", False), ("https://{a}", False),
        ("https://x .org/{a}", False), ("https://x'{y}'/{a}", True), ("https://x'{y}'{a}/", False),
        ("myapp://{a}", False), ("myapp://x{a}", False), ("myapp://x/{a}", True), ("myapp:///{a}", True), ("", False),
    ],
)  # fmt: skip
def test_no_field_is_in_the_host_of_an_address_that_names_its_host(address: str, fixed: bool) -> None:
    assert host_is_fixed(address) is fixed


def test_a_long_value_is_cut() -> None:
    assert render("{a}!", {"a": "x" * 100_000}) == "x" * MAX_VALUE_CHARS + "!"


@pytest.mark.parametrize(
    "character",
    [
        "\x00", "\x07", "\x08", "\x0b", "\x0c", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x9f", "\u202a", "\u202e",
        "\u2066", "\u2069", "\ufeff", "\ud800",
    ],
)  # fmt: skip
def test_control_and_bidirectional_characters_and_lone_surrogates_are_removed(character: str) -> None:
    text = render(f"a{character}{{v}}", {"v": f"b{character}c"})
    assert text == "abc"
    text.encode()


@pytest.mark.parametrize("character", ["\n", "\t", " ", "é", "李", "ع", "👍🏽", "👩‍👩‍👧", "\u200d", "\u200f"])
def test_ordinary_characters_are_kept(character: str) -> None:
    assert render("{v}", {"v": f"a{character}b"}) == f"a{character}b"
